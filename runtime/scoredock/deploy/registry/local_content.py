"""A model's files on this machine: checked, and fetched from where the workspace lies."""

from __future__ import annotations

import json
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from scoredock.deploy.registry.hashing import hash_file
from scoredock.deploy.registry.local_storage import LocalStorage
from scoredock.deploy.registry.model_content import StoredFile, damaged, named_when_missing
from scoredock.deploy.registry.progress import Meter, Progress
from scoredock.deploy.registry.storage import Storage
from scoredock.errors import ScoredockError

_CHECKED = "checked.json"

Stamp = list[int]
"""Size in bytes and time of the last change in nanoseconds: what tells without reading that a file is as it was."""


def check_local(storage: LocalStorage, key: str, files: list[StoredFile], progress: Progress | None) -> list[str]:
    """What is wrong with the files in the folder ``key``/model, a line each.

    A file whose size and time are those of its last check is not read again.
    """
    root = storage.folder / key / "model"
    checked = _read_checked(storage, key)
    there = dict(_survey(root))
    found = [f"{path} was added" for path in sorted(there.keys() - {file.path for file in files})]
    unread = [file for file in files if there.get(file.path) is None or there[file.path] != checked.get(file.path)]
    meter = Meter(progress, "verify", sum(file.size for file in unread))
    for file in unread:
        stamp = there.get(file.path)
        if file.path not in there:
            found.append(f"{file.path} is missing")
        elif stamp is None or stamp[0] != file.size:
            found.append(f"{file.path} was changed")
        elif hash_file(root / file.path, meter.advance) != file.sha256:
            found.append(f"{file.path} was changed: same size, other content")
    if unread and not found:
        with suppress(OSError, ScoredockError):  # where this user may only read, all is read each time
            storage.write(f"{key}/{_CHECKED}", json.dumps(there).encode())
    return found


def note_stored(storage: LocalStorage, key: str) -> None:
    """The files in the folder ``key``/model have just been written as they are hashed: they need no check."""
    storage.write(f"{key}/{_CHECKED}", json.dumps(dict(_survey(storage.folder / key / "model"))).encode())


def fetch(storage: Storage, key: str, files: list[StoredFile], cache: LocalStorage, progress: Progress | None) -> None:
    """Copy a model's files into the cache, under the same key, entirely or not at all. Raises Damaged."""
    incoming = f"incoming/{secrets.token_hex(8)}"
    meter = Meter(progress, "fetch", sum(file.size for file in files) * storage.passes)
    try:
        for file in files:
            target = cache.folder / incoming / "model" / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            with named_when_missing(file.path, key):
                digest = storage.download(f"{key}/model/{file.path}", target, meter.advance)
            if digest != file.sha256:
                raise damaged(f"{storage.location}/{key}", [f"{file.path} was changed"])
            target.chmod(0o444)
        cache.seal(incoming)
        note_stored(cache, incoming)
        final = cache.folder / key
        final.parent.mkdir(parents=True, exist_ok=True)
        cache.remove_tree(key)
        (cache.folder / incoming).replace(final)
    finally:
        cache.remove_tree(incoming)


def _survey(root: Path) -> Iterator[tuple[str, Stamp | None]]:
    """The stamp of each file below a folder, by its path; None for a link and what else is no file."""
    for folder, folders, names in os.walk(root):
        for name in [*names, *(one for one in folders if Path(folder, one).is_symlink())]:
            path = Path(folder, name)
            status = path.lstat()
            regular = stat.S_ISREG(status.st_mode)
            yield path.relative_to(root).as_posix(), [status.st_size, status.st_mtime_ns] if regular else None


def _read_checked(storage: LocalStorage, key: str) -> dict[str, Any]:
    try:
        found = json.loads(storage.read(f"{key}/{_CHECKED}"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
