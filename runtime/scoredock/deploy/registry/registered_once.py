"""A model that a file names by its path: registered when it is new, and found again when it is not."""

from __future__ import annotations

from pathlib import Path

from scoredock.deploy.registry.hashing import hash_file
from scoredock.deploy.registry.model import Model
from scoredock.deploy.registry.model_source import model_source
from scoredock.deploy.registry.workspace import Workspace
from scoredock.errors import NotFound


def registered_once(workspace: Workspace, path: Path, name: str) -> tuple[Model, bool]:
    """The model of that name whose newest version has these very files; else they become the next version.

    Returns the model, and whether it was registered now. Raises NotFound and Refused for files that make no model.
    """
    try:
        newest = Model(workspace, name)
    except NotFound:
        newest = None
    if newest is not None:
        files = {file.path: hash_file(file.source, lambda _: None) for file in model_source(path)}
        if files == {file.path: file.sha256 for file in newest.files}:
            return newest, False
    return Model.register(workspace, path, name), True
