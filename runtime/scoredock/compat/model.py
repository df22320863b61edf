"""Stand-in for ``azureml.core.model``: where a deployed model lies.

The layouts are those of Azure ML: ``AZUREML_MODEL_DIR`` is ``<models>/<name>/<version>`` for one model and
``<models>`` for several; hand-built images put the files flat into it.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any

_MODELS = "azureml-models"
_NAMED_IN_ERRORS = 10


class ModelNotFoundException(Exception):
    """No model of that name (and version) lies where models are looked for."""


class Model:
    """Only the lookup of a deployed model's path; no workspace is ever contacted."""

    @staticmethod
    def get_model_path(model_name: str, version: int | str | None = None, _workspace: Any = None) -> str:
        """Path of a model: the file that was registered, or the folder.

        ``version`` None means the highest. Raises ModelNotFoundException, which says where was looked and
        what is there.
        """
        folder = os.environ.get("AZUREML_MODEL_DIR")
        roots = [Path(folder)] if folder else []
        roots.append(Path(_MODELS))
        for root in roots:
            found = _versioned(root / model_name, version) or _single(root, model_name, version)
            if found is not None:
                return str(found)
        for root in [*roots, Path()]:
            if version is None and (root / model_name).exists():
                return str(root / model_name)
        raise ModelNotFoundException(_not_found(model_name, version, roots))


def _versioned(model: Path, version: int | str | None) -> Path | None:
    """``<name>/<version>/…``, the highest version where none is asked for."""
    if not model.is_dir():
        return None
    versions = sorted((int(entry.name), entry) for entry in model.iterdir() if _is_version(entry))
    chosen = [entry for number, entry in versions if version is None or str(number) == str(version)]
    return _content(chosen[-1]) if chosen else None


def _single(root: Path, name: str, version: int | str | None) -> Path | None:
    """``root`` is itself ``<name>/<version>``: the layout with one model."""
    if _is_version(root) and root.parent.name == name and str(version) in ("None", root.name):
        return _content(root)
    return None


def _is_version(folder: Path) -> bool:
    return folder.name.isdigit() and folder.is_dir()


def _content(folder: Path) -> Path:
    entries = list(folder.iterdir())
    return entries[0] if len(entries) == 1 else folder


def _not_found(name: str, version: int | str | None, roots: list[Path]) -> str:
    there = sorted({entry.name for root in roots if root.is_dir() for entry in root.iterdir()})
    near = difflib.get_close_matches(name, there, n=1, cutoff=0.5)
    listed = ", ".join(there[:_NAMED_IN_ERRORS]) + (", …" if len(there) > _NAMED_IN_ERRORS else "")
    asked = name if version is None else f"{name} version {version}"
    return (
        f"Model not found: {asked}. Looked in {', '.join(map(str, roots))} and the current folder; there is: "
        f"{listed or 'nothing'}.{f' Did you mean {near[0]}?' if near else ''} "
        "AZUREML_MODEL_DIR (--model_dir) names the folder of models."
    )
