"""Where files lie: a folder, or an object store through fsspec. Used by the writer's thread alone."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Protocol

from scoredock.collection.targets import Target

_SECRETS = re.compile(r"(?i)\b(sig|signature|accountkey|sharedaccesssignature|password|secret|token)=[^&;\s'\"]+")
_CREATES_ONCE = {"s3", "s3a", "az", "abfs", "abfss", "gs", "memory"}
_SHOWN = 300


class Store(Protocol):
    """Files by their path below the root. All methods raise whatever the storage raises when it fails.

    ``appends``: whether a file can be added to.
    """

    appends: bool

    def create(self, path: str, data: bytes) -> bool:
        """Write a file that must not be there; False when it is, or when this store cannot tell."""

    def append(self, path: str, head: bytes, data: bytes) -> None:
        """Add to a file's end, with ``head`` first when it is new or empty; all of it or, when that fails, nothing."""

    def replace(self, path: str, data: bytes) -> None:
        """Write a file, or replace it, at once."""


class FolderStore:
    """A folder of this machine."""

    appends = True

    def __init__(self, folder: Path, private: bool = False) -> None:
        self._folder = folder
        self._private = private

    def create(self, path: str, data: bytes) -> bool:
        whole = self._ready(path)
        try:
            descriptor = os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        except FileExistsError:
            return False
        try:
            _write_all(descriptor, data)
        except OSError:
            whole.unlink(missing_ok=True)  # nobody would ever write to it
            raise
        finally:
            os.close(descriptor)
        return True

    def append(self, path: str, head: bytes, data: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self._ready(path), flags, 0o644)
        try:
            empty = os.fstat(descriptor).st_size == 0
            _write_all(descriptor, head + data if empty else data)
        finally:
            os.close(descriptor)

    def replace(self, path: str, data: bytes) -> None:
        whole = self._ready(path)
        temporary = whole.with_name(f".{whole.name}.part")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            _write_all(descriptor, data)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)
        temporary.replace(whole)

    def _ready(self, path: str) -> Path:
        """The whole path; its folder is there."""
        if self._private:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            found = self._folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
                raise PermissionError(f"{self._folder} belongs to somebody else")
        whole = self._folder / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        return whole


class ObjectStore:
    """An object store: an object is written whole."""

    appends = False

    def __init__(self, target: Target) -> None:
        import fsspec

        self._creates_once = target.url.partition("://")[0].lower() in _CREATES_ONCE
        self._fs, root = fsspec.core.url_to_fs(target.url, **dict(target.options))
        self._root = root.rstrip("/")
        if target.container is not None:
            self._fs.mkdir(target.container)  # adlfs: made if it is missing

    def create(self, path: str, data: bytes) -> bool:
        if not self._creates_once:
            return False
        try:
            self._fs.pipe_file(f"{self._root}/{path}", data, mode="create")
        except Exception as error:
            if _is_there(error):
                return False
            raise
        return True

    def append(self, path: str, head: bytes, data: bytes) -> None:
        raise NotImplementedError  # object stores cannot, and nobody asks: parts are replaced whole

    def replace(self, path: str, data: bytes) -> None:
        whole = f"{self._root}/{path}"
        if not self._creates_once:  # SFTP and the like have folders
            self._fs.makedirs(whole.rpartition("/")[0], exist_ok=True)
        self._fs.pipe_file(whole, data)


def open_store(target: Target) -> Store:
    """The store of a target."""
    return ObjectStore(target) if "://" in target.url else FolderStore(Path(target.url), target.private)


def cause(error: BaseException) -> str:
    """An error in a line, without the secrets that stores' libraries put into it."""
    return _SECRETS.sub(r"\1=…", " ".join(f"{type(error).__name__}: {error}".split()))[:_SHOWN]


def _write_all(descriptor: int, data: bytes) -> None:
    """Write all of it; when that fails, cut off what was written, so that no part of a line stays."""
    before = os.fstat(descriptor).st_size
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except OSError:
        os.ftruncate(descriptor, before)
        raise


def _is_there(error: BaseException) -> bool:
    """Whether a store says that an object exists: each library in its own words, often as the cause."""
    seen: BaseException | None = error
    while seen is not None:
        response = getattr(seen, "response", None)
        if isinstance(response, dict):  # botocore
            status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        else:
            status = getattr(seen, "status_code", None)
        if isinstance(seen, FileExistsError) or status in (409, 412):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
