"""The layout of a service on this machine, to try it: what its container would see, in a folder."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scoredock.deploy.config.environment import Environment
from scoredock.deploy.config.inference_config import InferenceConfig
from scoredock.deploy.local.engine import Show
from scoredock.deploy.local.imported_files import cure
from scoredock.deploy.local.service_config import described_environment
from scoredock.deploy.local.service_files import APP_ROOT, MODELS, write_layout
from scoredock.deploy.registry.model import Model
from scoredock.deploy.registry.workspace import Workspace

_OF_THE_LAYOUT = ("AZUREML_SOURCE_DIRECTORY", "AZUREML_ENTRY_SCRIPT", "AZUREML_MODEL_DIR", "AML_APP_ROOT",
                  "AZUREML_EXTRA_PYTHON_LIB_PATH", "AZUREML_EXTRA_REQUIREMENTS_TXT")  # fmt: skip


@dataclass(frozen=True)
class Trial:
    """A layout that was written: ``app`` stands for the container's app root, ``variables`` is its environment."""

    app: Path
    variables: dict[str, str]

    def as_in_container(self, text: str) -> str:
        """A text of the trial's process, with the paths that a container would show."""
        return text.replace(str(self.app), APP_ROOT)


def write_trial(
    folder: Path,
    workspace: Workspace,
    config: InferenceConfig,
    models: Sequence[Model],
    variables: Mapping[str, str],
    show: Show,
) -> Trial:
    """Lay a service out in ``folder``; what its owner should know goes to ``show``. No engine is asked.

    ``variables`` are those of the deployment, over the environment's. Raises what a deployment raises before it builds.
    """
    environment: Environment = described_environment(workspace, config, show)[0]
    layout = write_layout(folder / "layout", config, models)
    (layout.app / MODELS).rmdir()  # where the container has the models
    layout.models.rename(layout.app / MODELS)
    app = layout.app.resolve()
    here = {name: value.replace(APP_ROOT, str(app)) for name, value in layout.environment.items()}
    around = {name: value for name, value in os.environ.items() if name not in _OF_THE_LAYOUT}
    around["PYTHONPATH"] = _without(around.get("PYTHONPATH", ""), config.root, config.script_path.parent)
    return Trial(app, {**around, **environment.environment_variables, **variables, **here})


def what_is_left_behind(config: InferenceConfig, failure: str) -> str:
    """What to do when a trial misses something that lies beside the script on this machine; else empty."""
    return "" if config.source_directory else cure(config.script_path, failure).strip()


def _without(path: str, *folders: Path) -> str:
    """A PYTHONPATH without the folders in which the script's modules lie on this machine."""
    left_out = {folder.resolve() for folder in folders}
    return os.pathsep.join(entry for entry in path.split(os.pathsep) if entry and Path(entry).resolve() not in left_out)
