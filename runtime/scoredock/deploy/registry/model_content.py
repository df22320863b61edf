"""A model's files in the workspace: stored, checked, copied out, removed."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from scoredock.deploy.registry.hashing import copy_hashed
from scoredock.deploy.registry.model_source import SourceFile, check_path
from scoredock.deploy.registry.progress import Meter, Progress
from scoredock.deploy.registry.storage import Storage
from scoredock.errors import Busy, Damaged, Refused

_FOLDER = re.compile(r"files-[0-9TZ]{16}-[0-9a-f]{12}")
_CERTAINLY_LEFT_AFTER = timedelta(hours=1)
_NAMED = 5


@dataclass(frozen=True)
class StoredFile:
    """A file of a model: its path as it is deployed, its size, its SHA-256."""

    path: str
    size: int
    sha256: str

    def document(self) -> dict[str, Any]:
        """As it stands in the model's record."""
        return {"path": self.path, "size": self.size, "sha256": self.sha256}


def stored_files(documents: Any, where: str) -> list[StoredFile]:
    """The files that a record names. Raises Damaged for what cannot be, such as a path that leaves the model."""
    try:
        return [
            StoredFile(check_path(str(one["path"]), where), int(one["size"]), str(one["sha256"])) for one in documents
        ]
    except (LookupError, TypeError, ValueError, Refused) as error:
        raise Damaged(f"{where}: its list of files is wrong: {error}. Register the model again.") from None


def content_key(name: str, folder: Any) -> str:
    """The key of a model's files. Raises Damaged where a record names something else."""
    if not isinstance(folder, str) or not _FOLDER.fullmatch(folder):
        raise Damaged(f"The record of model {name} names no folder of files, but {folder!r}. Register the model again.")
    return f"models/{name}/{folder}"


@contextmanager
def new_content(storage: Storage, name: str) -> Iterator[str]:
    """The name of a new folder of files. Until the block ends, no other process takes it for left over.

    When the block raises, the files are removed.
    """
    folder = f"files-{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}-{secrets.token_hex(6)}"
    with storage.lock(f"uploads/{folder}"):
        try:
            yield folder
        except BaseException:
            storage.remove_tree(content_key(name, folder))
            raise


def store(storage: Storage, key: str, files: Iterable[SourceFile], meter: Meter) -> list[StoredFile]:
    """Copy files below a key. Raises Refused when one changes meanwhile."""
    stored = []
    for file in files:
        digest = storage.upload(file.source, f"{key}/{file.path}", meter.advance)
        if not file.unchanged():
            raise Refused(
                f"{file.source} was changed while it was copied. Wait until it is complete, and register again."
            )
        stored.append(StoredFile(file.path, file.size, digest))
    storage.seal(key)
    return stored


def damage(storage: Storage, key: str, files: list[StoredFile], progress: Progress | None = None) -> list[str]:
    """What is wrong with the files below a key, a line each; every byte is read. Empty when nothing is."""
    sizes = storage.sizes(key)
    found = [f"{path} was added" for path in sorted(sizes.keys() - {file.path for file in files})]
    meter = Meter(progress, "verify", sum(file.size for file in files))
    for file in files:
        if file.path not in sizes:
            found.append(f"{file.path} is missing")
        elif sizes[file.path] != file.size:
            found.append(f"{file.path} was changed: {sizes[file.path]} bytes instead of {file.size}")
        else:
            with storage.open(f"{key}/{file.path}") as content:
                if copy_hashed(content, None, meter.advance) != file.sha256:
                    found.append(f"{file.path} was changed: same size, other content")
    return found


def copy_to(
    storage: Storage, key: str, files: list[StoredFile], target: Path, exist_ok: bool, progress: Progress | None
) -> None:
    """Copy a model's files into a folder of the user. Raises Refused for what is there, Damaged for what is not."""
    for file in files:
        if not exist_ok and os.path.lexists(target / file.path):
            raise Refused(f"{target / file.path} is there already. Name another folder, or allow it to be replaced.")
    meter = Meter(progress, "download", sum(file.size for file in files) * storage.passes)
    for file in files:
        path = target / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{secrets.token_hex(6)}.part")
        try:
            with named_when_missing(file.path, key):
                digest = storage.download(f"{key}/{file.path}", part, meter.advance)
            if digest != file.sha256:
                raise damaged(key, [f"{file.path} was changed"])
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def remove_left_over(storage: Storage, name: str, used: Callable[[], set[str]]) -> None:
    """Remove folders of files that no record names: of deleted versions, and of registrations that were killed.

    ``used`` gives the folders that records name, anew at each call: a record may come in between. In an object store,
    where a lock can be lost to a machine that slept, only folders of an hour or more ago are removed.
    """
    newest = datetime.now(timezone.utc) - (timedelta(0) if storage.local_folder(name) else _CERTAINLY_LEFT_AFTER)
    folders = [folder for folder in storage.listing(f"models/{name}").folders if _FOLDER.fullmatch(folder)]
    for folder in sorted(set(folders) - used()):
        if folder[6:22] <= f"{newest:%Y%m%dT%H%M%SZ}":
            with suppress(Busy), storage.lock(f"uploads/{folder}"):
                if folder not in used():
                    storage.remove_tree(content_key(name, folder))


def damaged(where: str, found: list[str]) -> Damaged:
    """The error for what is wrong with a model's files."""
    more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return Damaged(f"{where}: {'; '.join(found[:_NAMED])}{more}. Register the model again from its source.")


@contextmanager
def named_when_missing(path: str, key: str) -> Iterator[None]:
    """A file that is missing as Damaged, with its name."""
    try:
        yield
    except FileNotFoundError:
        raise damaged(key, [f"{path} is missing"]) from None
