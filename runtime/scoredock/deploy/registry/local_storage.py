"""A folder as a storage: atomic by rename and link, durable by fsync, locked by flock."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from scoredock.deploy.registry.file_lock import file_lock
from scoredock.deploy.registry.hashing import copy_hashed
from scoredock.deploy.registry.storage import Advance, Listing, checked_key
from scoredock.errors import Unreachable

_TEMPORARY = ".tmp-"
_ABANDONED_AFTER_S = 3600
_LOCK_WAIT_S = 30
_CANNOT_WRITE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}


class LocalStorage:
    """See ``storage.Storage``. A folder that is made here is its owner's alone (mode 0700)."""

    passes = 1

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.location = str(folder)

    def exists(self) -> bool:
        return self.folder.is_dir() and any(not path.name.startswith(".") for path in self.folder.iterdir())

    def read(self, key: str) -> bytes:
        return self._path(key).read_bytes()

    def read_many(self, keys: list[str]) -> dict[str, bytes]:
        found = {}
        for key in keys:
            with suppress(FileNotFoundError):
                found[key] = self.read(key)
        return found

    def create(self, key: str, data: bytes) -> None:
        path = self._path(key)
        with self._temporary(path, data) as temporary:
            try:
                os.link(temporary, path)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                with self._locked(key):  # a file system without links
                    if path.exists():
                        raise FileExistsError(errno.EEXIST, "exists", str(path)) from None
                    temporary.replace(path)
        _sync(path.parent)

    def write(self, key: str, data: bytes) -> None:
        with self._locked(key):
            self._replace(self._path(key), data)

    def update(self, key: str, change: Callable[[bytes], bytes]) -> bytes:
        with self._locked(key):
            changed = change(self.read(key))
            self._replace(self._path(key), changed)
            return changed

    def remove(self, key: str) -> None:
        path = self._path(key)
        if path.exists():
            with self._locked(key):
                path.unlink(missing_ok=True)
                _sync(path.parent)

    def listing(self, key: str) -> Listing:
        folders: list[str] = []
        files: list[str] = []
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(self._path(key)) as entries:
            for entry in entries:
                if not entry.name.startswith("."):
                    (folders if entry.is_dir() else files).append(entry.name)
        return Listing(sorted(folders), sorted(files))

    def upload(self, source: Path, key: str, advance: Advance) -> str:
        target = self._path(key)
        with source.open("rb") as content, _writing(target), self._new_file(target) as copy:
            digest = copy_hashed(content, copy, advance)
            copy.flush()
            executable = stat.S_IMODE(os.fstat(content.fileno()).st_mode) & 0o111
            os.fchmod(copy.fileno(), 0o444 | executable)  # read by containers of any user, changed by nobody
            os.fsync(copy.fileno())
            return digest

    def seal(self, key: str) -> None:
        for folder, _, _ in os.walk(self._path(key), topdown=False):
            Path(folder).chmod(0o755)
            _sync(Path(folder))
        _sync(self._path(key).parent)

    def download(self, key: str, target: Path, advance: Advance) -> str:
        with self._path(key).open("rb") as content, target.open("wb") as copy:
            return copy_hashed(content, copy, advance)

    def open(self, key: str) -> BinaryIO:
        return self._path(key).open("rb")

    def sizes(self, key: str) -> dict[str, int]:
        root, found = self._path(key), {}
        for folder, _, names in os.walk(root):
            for name in names:
                path = Path(folder, name)
                found[path.relative_to(root).as_posix()] = path.lstat().st_size
        return found

    def remove_tree(self, key: str) -> None:
        with suppress(FileNotFoundError):
            shutil.rmtree(self._path(key))

    def lock(self, name: str, wait_s: float = 0) -> AbstractContextManager[None]:
        return file_lock(self._made() / "locks" / name, name.rpartition("/")[2], wait_s)

    def local_folder(self, key: str) -> Path | None:
        return self._path(key)

    def _path(self, key: str) -> Path:
        return self.folder / checked_key(key)

    def _made(self) -> Path:
        if not self.folder.is_dir():
            try:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise Unreachable(f"The workspace's folder {self.folder} cannot be made: {error.strerror}.") from error
        return self.folder

    def _new_file(self, path: Path) -> BinaryIO:
        self._made()
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("xb")

    def _locked(self, key: str) -> AbstractContextManager[None]:
        digest = hashlib.sha256(key.encode()).hexdigest()[:32]  # one flat folder of locks, whatever the key's length
        return file_lock(self._made() / "locks" / "records" / digest, f"{self.location}/{key}", _LOCK_WAIT_S)

    def _replace(self, path: Path, data: bytes) -> None:
        with self._temporary(path, data) as temporary:
            temporary.replace(path)
        _sync(path.parent)

    @contextmanager
    def _temporary(self, path: Path, data: bytes) -> Iterator[Path]:
        """``data`` in a durable, hidden file of the same folder, which is gone afterwards."""
        temporary = path.parent / f"{_TEMPORARY}{os.getpid()}-{secrets.token_hex(6)}"
        try:
            with _writing(path), self._new_file(temporary) as file:
                self._remove_abandoned(path.parent)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            yield temporary
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _remove_abandoned(self, folder: Path) -> None:
        """Remove what killed writers left in a folder an hour or longer ago."""
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(_TEMPORARY):
                    with suppress(OSError):
                        if time.time() - entry.stat().st_mtime > _ABANDONED_AFTER_S:
                            Path(entry.path).unlink()


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """What keeps a file from being written, as Unreachable."""
    try:
        yield
    except OSError as error:
        if error.errno in _CANNOT_WRITE:
            raise Unreachable(f"{path} cannot be written: {error.strerror}.") from error
        raise


def _sync(folder: Path) -> None:
    """Make a folder's entries durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
