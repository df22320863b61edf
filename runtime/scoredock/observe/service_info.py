"""What a service is, in the words that metrics and telemetry put on everything."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from scoredock import __version__
from scoredock.settings import Settings

MAX_MODELS = 100  # of a folder with more, which may hold anything, the others are not told


def service_info(settings: Settings, device: str) -> dict[str, str]:
    """Labels of the service: its name and version, its models, what computes them, and scoredock's version."""
    return {
        "service": settings.service_name,
        "service_version": settings.service_version,
        "workspace": settings.workspace_name,
        "models": ", ".join(models(settings.model_dir)),
        "device": device,
        "scoredock_version": __version__,
    }


def models(model_dir: Path | None) -> list[str]:
    """The models of a model folder, each as ``name:version``; a folder without versions is one model, by its name.

    A folder that is not there holds none.
    """
    if model_dir is None or not is_there(model_dir):
        return []
    return versioned_models(model_dir) or [model_dir.name]


def is_there(folder: Path) -> bool:
    """Whether there is such a folder; one that cannot be looked at counts as there."""
    try:
        folder.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        pass
    return True


def versioned_models(model_dir: Path | None) -> list[str]:
    """The models whose version the layout tells: that of deployments by Azure ML, and by ``scoredock deploy``.

    A folder that is named by a number is one model's version, in a folder with the model's name; another one may have
    several such folders inside. Of a folder that cannot be read none are known.
    """
    if model_dir is None:
        return []
    if model_dir.name.isdecimal():
        return [f"{model_dir.parent.name}:{model_dir.name}"]
    try:
        found = sorted(model_dir.glob("*/*")) if model_dir.is_dir() else []
        versions = (one for one in found if one.name.isdecimal() and one.is_dir())
        return [f"{one.parent.name}:{one.name}" for one in islice(versions, MAX_MODELS)]
    except OSError:
        return []
