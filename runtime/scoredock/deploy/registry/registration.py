"""Registering a model: its files first, invisible; then, in one step, the record that makes them a version."""

from __future__ import annotations

import getpass
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from scoredock.deploy.registry import local_content, model_content
from scoredock.deploy.registry.file_lock import utc_now
from scoredock.deploy.registry.local_storage import LocalStorage
from scoredock.deploy.registry.model_source import SourceFile, model_source
from scoredock.deploy.registry.progress import Meter, Progress
from scoredock.deploy.registry.storage import Storage
from scoredock.deploy.registry.workspace import MARK, Workspace
from scoredock.errors import Refused

KIND = "models"
FRAMEWORKS = ("TensorFlow", "ONNX", "ScikitLearn", "Multi", "Custom")

SamplePath = str | os.PathLike[str] | None


def register(
    workspace: Workspace,
    sources: list[SourceFile],
    name: str,
    document: dict[str, Any],
    samples: Mapping[str, SamplePath],
    progress: Progress | None,
) -> int:
    """Copy ``sources`` and store the record ``document`` with them as the next version; returns that.

    ``samples``: files that are stored with the model, by the record's key. Killed at any moment, it leaves either the
    whole version, or files that nobody sees and the next registration of the name removes.
    """
    storage = workspace.storage
    _keep_apart(workspace, sources)
    workspace.prepare()
    with model_content.new_content(storage, name) as folder:
        key = model_content.content_key(name, folder)
        meter = Meter(progress, "register", sum(file.size for file in sources) * storage.passes)
        stored = model_content.store(storage, f"{key}/model", sources, meter)
        kept = {field: store_sample(storage, key, field, path) if path else None for field, path in samples.items()}
        if isinstance(storage, LocalStorage):
            local_content.note_stored(storage, key)
        files = [file.document() for file in stored]
        more = {"createdTime": utc_now(), "createdBy": _user(), "content": folder, "files": files}
        version = workspace.records(KIND).add_version(name, {**document, **kept, **more})
    tidy(workspace, name)
    return version


def store_sample(storage: Storage, key: str, field: str, path: SamplePath) -> dict[str, Any]:
    """Store a sample's file with the model at ``key``; returns what the record says of it. Raises Refused."""
    if not isinstance(path, (str, os.PathLike)) or not Path(path).expanduser().is_file():
        raise Refused(f"{field}: expected the path of a file, such as request.json, got {path!r}.")
    place = f"{field}-{secrets.token_hex(4)}"
    (file,) = model_content.store(storage, f"{key}/{place}", model_source(path), Meter(None, "register", 0))
    return {**file.document(), "path": f"{place}/{file.path}"}


def framework(given: str | None, version: str | None) -> str:
    """The framework's name as Azure spells it; other texts stay as they are. Raises Refused for a version alone."""
    if given is None:
        if version is not None:
            raise Refused(f"model_framework_version {version} needs model_framework, one of {', '.join(FRAMEWORKS)}.")
        return "Custom"
    return {known.lower(): known for known in FRAMEWORKS}.get(str(given).lower(), str(given))


def tidy(workspace: Workspace, name: str) -> None:
    """Remove files of the model ``name`` that belong to no version any more."""

    def used() -> set[str]:
        return {str(document.get("content")) for document in workspace.records(KIND).all(name)}

    model_content.remove_left_over(workspace.storage, name, used)


def _keep_apart(workspace: Workspace, sources: list[SourceFile]) -> None:
    """Refuse to register a folder that the workspace lies in."""
    mark = workspace.storage.local_folder(MARK)
    if mark is not None and mark.exists() and any(file.source == mark.resolve() for file in sources):
        raise Refused(
            f"The folder to register holds the workspace {workspace.location}. Name a folder that holds the model "
            "alone, or choose files with child_paths."
        )


def _user() -> str | None:
    with suppress(KeyError, OSError):  # a container's user may have no name
        return getpass.getuser()
    return None
