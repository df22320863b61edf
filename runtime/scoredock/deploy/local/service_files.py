"""What a service's container sees below /var/azureml-app: script, model map, models, in Azure's layout."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scoredock.deploy.config.inference_config import InferenceConfig
from scoredock.deploy.local.imported_files import imported_files
from scoredock.deploy.local.source_folder import copy_files, source_files
from scoredock.deploy.registry.model import Model
from scoredock.errors import DeployError, Refused

APP_ROOT = "/var/azureml-app"
MODELS = "azureml-models"
MODEL_MAP = "model_config_map.json"


@dataclass(frozen=True)
class Layout:
    """A service's files on this machine: ``app`` and ``models`` are what the container has as app root and models.

    ``environment`` holds the variables that tell the server where script and models are.
    """

    app: Path
    models: Path
    environment: dict[str, str]


def write_layout(
    folder: Path, config: InferenceConfig, models: Sequence[Model], *, link: bool = True, app_from: Path | None = None
) -> Layout:
    """Lay out script and models in ``folder``, which must not exist yet. Raises ConfigError when the script is missing.

    The source directory keeps its own name below the app root, as scripts expect that open ``./NAME/file``. Models are
    hard links to the registry's read-only files where the file system allows it, and copies elsewhere; or copies
    anyway, without ``link``, for a folder that somebody may write to. ``app_from`` is the app root of a layout made
    before, whose script is taken instead of the source directory's.
    """
    app = folder / "app"
    environment = {"AML_APP_ROOT": APP_ROOT, "AZUREML_MODEL_DIR": model_dir(models), **_script_variables(config)}
    if app_from is None:
        config.check_files()
        (app / MODELS).mkdir(parents=True)
        _copy_script(config, app)
    else:
        shutil.copytree(app_from, app)
    for path in (folder, app, app / MODELS):
        path.chmod(0o755)
    (app / MODEL_MAP).write_text(json.dumps(model_map(models), indent=2))
    (app / MODEL_MAP).chmod(0o644)
    for model in models:
        _lay_out(model.local_path(), folder / "models" / model.name / str(model.version), link)
    (folder / "models").mkdir(exist_ok=True)
    (folder / "models").chmod(0o755)
    return Layout(app, folder / "models", environment)


def _script_variables(config: InferenceConfig) -> dict[str, str]:
    """The variables that tell the server where the script is. Raises Refused for a source directory of a taken name."""
    if not config.source_directory:
        return {"AZUREML_ENTRY_SCRIPT": config.script_path.name}
    if config.source_is_root:
        return {"AZUREML_ENTRY_SCRIPT": config.script_in_root}
    name = config.root.resolve().name
    if name in (MODELS, MODEL_MAP):
        raise Refused(f"sourceDirectory: {name} is the name of something else in the app root. Rename the folder.")
    return {"AZUREML_ENTRY_SCRIPT": f"{name}/{config.script_in_root}", "AZUREML_SOURCE_DIRECTORY": name}


def _copy_script(config: InferenceConfig, app: Path) -> None:
    if config.source_directory:
        if config.source_is_root and (config.root / MODELS).exists():
            raise Refused(
                f"code: {MODELS} is the name of something else in the app root. Rename {config.root / MODELS}."
            )
        files = source_files(config.root)
        if Path(config.script_in_root) not in files:
            raise DeployError(
                f"entryScript: {config.entry_script} is left out by an ignore file of {config.root}: take it out of "
                "there."
            )
        copy_files(config.root, app if config.source_is_root else app / config.root.resolve().name, files)
    else:
        script = config.script_path
        copy_files(script.parent, app, [Path(script.name), *imported_files(script)])


def model_dir(models: Sequence[Model]) -> str:
    """AZUREML_MODEL_DIR inside the container: the one model's folder, or the folder of all of them."""
    if len(models) == 1:
        return f"{APP_ROOT}/{MODELS}/{models[0].name}/{models[0].version}"
    return f"{APP_ROOT}/{MODELS}"


def model_map(models: Sequence[Model]) -> dict[str, object]:
    """What ``model_config_map.json`` says: each model's version and id, and all versions by name."""
    entries = [(model.name, str(model.version), {"version": model.version, "id": model.id}) for model in models]
    info: dict[str, dict[str, object]] = {}
    for name, version, entry in entries:
        info.setdefault(name, {})[version] = entry
    return {"models": {name: entry for name, _, entry in entries}, "modelsInfo": info}


def _lay_out(source: Path, target: Path, link: bool) -> None:
    target.mkdir(parents=True)
    for path in sorted(source.rglob("*")):
        there = target / path.relative_to(source)
        if path.is_dir():
            there.mkdir(exist_ok=True)
        else:
            there.parent.mkdir(parents=True, exist_ok=True)
            _put(path, there, link)
    for folder in (target, target.parent, target.parent.parent, *(one for one in target.rglob("*") if one.is_dir())):
        folder.chmod(0o755)


def _put(file: Path, there: Path, link: bool) -> None:
    """A hard link, if wanted, where that leads to a file that any user may read; a copy elsewhere."""
    if link and file.stat().st_mode & 0o004:
        try:
            os.link(file, there)
            return
        except OSError:  # another file system
            pass
    shutil.copyfile(file, there)
    there.chmod(0o644)
