"""``scoredock check`` of a deployment's files: the layout that they would deploy is tried, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from scoredock.cli.deploy import models_of, read_deployment_config, read_online_deployment
from scoredock.cli.inference_options import read_inference_config
from scoredock.cli.remarks import show


def check_files(
    ic: Path | None,
    dc: Path | None,
    files: tuple[Path, ...],
    models: tuple[str, ...],
    given: dict[str, Any],
    arguments: Sequence[str],
    *,
    strict: bool,
    local: bool,
) -> int:
    """Read a deployment's files, lay it out as its container would see it, and check it there; returns the exit code.

    ``arguments`` are further ones of the command that checks the layout. Nothing is deployed or registered, and no
    engine is asked. Remarks go to standard error. Raises DeployError for what a deployment would refuse.
    """
    from scoredock.deploy import Workspace
    from scoredock.deploy.local.trial import what_is_left_behind, write_trial

    online = read_online_deployment(files, given, strict=strict) if files else None
    config = online.config if online else read_inference_config(ic, given, strict=strict)
    deployment = online.deployment if online else read_deployment_config(dc, None, strict=strict, local=local)
    with tempfile.TemporaryDirectory(prefix="scoredock-check-") as name:
        folder = Path(name)
        own = online is not None and online.model is not None and online.model.path is not None and not models
        chosen = models_of(Workspace(folder / "workspace" if own else None), models, online, say=not own)
        variables = deployment.environment_variables or {}
        trial = write_trial(folder, Workspace(), config, chosen, variables, show)
        command = [sys.executable, "-m", "scoredock", "check", *arguments]
        failure = ""
        with subprocess.Popen(  # noqa: S603 - this program
            command, cwd=trial.app, env=trial.variables, stdout=subprocess.PIPE, text=True, errors="replace"
        ) as checked:
            assert checked.stdout is not None  # noqa: S101 - it is a pipe
            for line in checked.stdout:
                click.echo(trial.as_in_container(line), nl=False)
                failure = line if line.startswith("FAILED") else failure
        if failure and (cure := what_is_left_behind(config, failure)):
            click.echo(f"hint     {cure}")
        return checked.returncode
