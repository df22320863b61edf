"""``scoredock check`` of a deployment's files: what they say of script, model and variables is tried."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from scoredock.cli.deploy import read_inference_config, read_online_deployment


def take_up(ic: Path | None, files: tuple[Path, ...], flags: dict[str, Any], *, strict: bool) -> None:
    """Put into ``flags`` and the environment what a deployment's files say, where nothing else is given.

    Remarks on the files go to standard error. Raises DeployError for what is wrong with them.
    """
    from scoredock.deploy.config.environment import Environment

    online = read_online_deployment(files, strict=strict) if files else None
    config = online.config if online else read_inference_config(Path(str(ic)), strict=strict)
    config.check_files()
    variables = dict(online.deployment.environment_variables or {}) if online else {}
    if isinstance(config.environment, Environment):
        variables = {**config.environment.environment_variables, **variables}
    for name, value in variables.items():
        os.environ.setdefault(name, value)
    given = {"entry_script": config.script_path, "model_dir": _model_dir(online) if online else None}
    for flag, path in given.items():
        if flags.get(flag) is None and path is not None:
            flags[flag] = str(path)


def _model_dir(online: Any) -> Path | None:
    """The folder in which the script finds the model, under its own name."""
    from scoredock.deploy.registry.model import Model
    from scoredock.deploy.registry.workspace import Workspace

    if online.model is None:
        return None
    path: Path = online.model.path.parent if online.model.path else Model(Workspace(), id=online.model.id).local_path()
    return path
