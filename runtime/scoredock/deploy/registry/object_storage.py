"""An object store, through fsspec, as a storage.

An object's content always changes at once. ``create`` and ``update`` are safe between processes where the store has
conditional writes (``conditional_writes`` says which have); elsewhere ``update`` and ``write`` hold a lease, and two
``create`` of one key in the same instant may both succeed where even that condition is missing. Multi-part uploads
that a kill cut off are invisible; a rule of the bucket's life cycle should remove them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from scoredock.deploy.registry import conditional_writes
from scoredock.deploy.registry.conditional_writes import Changed
from scoredock.deploy.registry.hashing import hash_file
from scoredock.deploy.registry.lease import lease
from scoredock.deploy.registry.storage import Advance, Listing, checked_key, without_credentials
from scoredock.errors import DeployError, Refused, Unreachable

_ATTEMPTS = 50
_LOCK_WAIT_S = 30
_PACKAGES = {"s3": "s3fs", "s3a": "s3fs", "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs", "gs": "gcsfs"}
_BLOCK_BYTES = 16 << 20
_SECRETS = re.compile(r"(?i)\b(sig|signature|accountkey|sharedaccesssignature|password|secret|token)=[^&;\s'\"]+")


class ObjectStorage:
    """See ``storage.Storage``."""

    passes = 2

    def __init__(self, url: str, options: dict[str, Any]) -> None:
        self.location = without_credentials(url)
        self._scheme = url.partition("://")[0]
        self._fs, root = _file_system(url, self._scheme, options)
        self._root = root.rstrip("/")
        self._replacer = conditional_writes.replacer(self._scheme)

    def exists(self) -> bool:
        return self.listing_of(self._root) != Listing([], [])

    def read(self, key: str) -> bytes:
        with self._wrapped(key):
            return bytes(self._fs.cat_file(self._path(key)))

    def read_many(self, keys: list[str]) -> dict[str, bytes]:
        if not keys:
            return {}
        paths = {self._path(key): key for key in keys}
        with self._wrapped(keys[0]):
            found = self._fs.cat(list(paths), on_error="return")
        contents = {}
        for path, content in found.items():
            if isinstance(content, FileNotFoundError):
                continue
            key = paths[path if path in paths else path.lstrip("/")]
            with self._wrapped(key):
                if isinstance(content, BaseException):
                    raise content
            contents[key] = bytes(content)
        return contents

    def create(self, key: str, data: bytes) -> None:
        with self._wrapped(key), self._needing_a_bucket():
            conditional_writes.create(self._fs, self._scheme, self._path(key), data)

    def write(self, key: str, data: bytes) -> None:
        with self._wrapped(key):
            if self._replacer is None:
                with self._leased(key):
                    self._fs.pipe_file(self._path(key), data)
            else:
                self._fs.pipe_file(self._path(key), data)

    def update(self, key: str, change: Callable[[bytes], bytes]) -> bytes:
        if self._replacer is None:
            with self._leased(key):
                changed = change(self.read(key))
                with self._wrapped(key):
                    self._fs.pipe_file(self._path(key), changed)
                return changed
        mark_of, replace = self._replacer
        for _ in range(_ATTEMPTS):
            with self._wrapped(key):
                self._fs.invalidate_cache()
                mark = mark_of(
                    self._fs, self._path(key)
                )  # before the content: an older mark is refused, a newer is not
            changed = change(self.read(key))
            try:
                with self._wrapped(key):
                    replace(self._fs, self._path(key), changed, mark)
                return changed
            except Changed:
                continue
        raise Unreachable(f"{self.location}/{key} was changed by others {_ATTEMPTS} times in a row. Try again.")

    def replace_if(self, key: str, data: bytes, seen: bytes) -> bool:
        """Replace the content ``seen``; False when there is another by now. For leases."""
        if self._replacer is None:
            if self.read(key) != seen:
                return False
            with self._wrapped(key):
                self._fs.pipe_file(self._path(key), data)
            return True

        def change(content: bytes) -> bytes:
            if content != seen:
                raise Changed
            return data

        try:
            self.update(key, change)
        except (Changed, FileNotFoundError):
            return False
        return True

    def remove(self, key: str) -> None:
        try:
            with self._wrapped(key):
                self._fs.rm_file(self._path(key))
        except FileNotFoundError:
            pass

    def listing(self, key: str) -> Listing:
        return self.listing_of(self._path(key))

    def listing_of(self, path: str) -> Listing:
        """What lies right below a path of the file system."""
        try:
            with self._wrapped(path):
                self._fs.invalidate_cache()
                entries = self._fs.ls(path, detail=True)
        except (FileNotFoundError, NotADirectoryError):
            return Listing([], [])
        folders: set[str] = set()
        files: set[str] = set()
        for entry in entries:
            full = entry["name"].rstrip("/")
            if full.strip("/") != path.strip("/"):
                (folders if entry["type"] == "directory" else files).add(full.rpartition("/")[2])
        return Listing(sorted(folders), sorted(files))

    def upload(self, source: Path, key: str, advance: Advance) -> str:
        digest = hash_file(source, advance)
        with self._wrapped(key), _told(advance, source) as callback:
            self._fs.put_file(str(source), self._path(key), callback=callback)
        return digest

    def seal(self, key: str) -> None:
        """Objects are durable when they are written."""

    def download(self, key: str, target: Path, advance: Advance) -> str:
        with self._wrapped(key), _told(advance, target) as callback:
            self._fs.get_file(self._path(key), str(target), callback=callback)
        return hash_file(target, advance)

    def open(self, key: str) -> BinaryIO:
        with self._wrapped(key):
            opened: BinaryIO = self._fs.open(self._path(key), "rb", block_size=_BLOCK_BYTES)
            return opened

    def sizes(self, key: str) -> dict[str, int]:
        root = self._path(key)
        with self._wrapped(key):
            self._fs.invalidate_cache()
            found = self._fs.find(root, detail=True)
        length = len(root.strip("/")) + 1
        return {path.strip("/")[length:]: int(info["size"] or 0) for path, info in found.items()}

    def remove_tree(self, key: str) -> None:
        try:
            with self._wrapped(key):
                self._fs.invalidate_cache()
                self._fs.rm(self._path(key), recursive=True)
        except FileNotFoundError:
            pass

    def lock(self, name: str, wait_s: float = 0) -> AbstractContextManager[None]:
        return lease(self, f"locks/{name}", wait_s)

    def local_folder(self, key: str) -> Path | None:
        return None

    def _leased(self, key: str) -> AbstractContextManager[None]:
        return self.lock(f"records/{key}", _LOCK_WAIT_S)

    def _path(self, key: str) -> str:
        return f"{self._root}/{checked_key(key)}"

    @contextmanager
    def _needing_a_bucket(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise Unreachable(f"{self.location} has no bucket or container of that name: make it first.") from error

    @contextmanager
    def _wrapped(self, key: str) -> Iterator[None]:
        """Errors of the store's library as Unreachable; what ``Storage`` promises comes through."""
        try:
            yield
        except (FileNotFoundError, FileExistsError, NotADirectoryError, DeployError, Changed):
            raise
        except Exception as error:
            said = _SECRETS.sub(r"\1=…", f"{type(error).__name__}: {error}")
            raise Unreachable(
                f"{self.location} ({key}): {said}. Check the address and the credentials "
                "in this process's environment (AWS_…, AZURE_STORAGE_…, GOOGLE_APPLICATION_CREDENTIALS)."
            ) from error


def _file_system(url: str, scheme: str, options: dict[str, Any]) -> tuple[Any, str]:
    package = _PACKAGES.get(scheme)
    try:
        import fsspec
    except ImportError as error:
        raise Refused(f"{scheme}:// needs fsspec: pip install 'scoredock[deploy]'") from error
    try:
        found: tuple[Any, str] = fsspec.url_to_fs(
            url,
            use_listings_cache=False,
            skip_instance_cache=True,  # it would go by the URL, whatever the environment says by now
            **options,
        )
    except ImportError as error:
        raise Refused(
            f"{scheme}:// needs a package: pip install {package or f'(fsspec has it for {scheme})'}"
        ) from error
    except ValueError as error:
        raise Refused(
            f"workspace: {without_credentials(url)}: expected a folder, or a URL with s3://, az://, gs:// or another "
            f"scheme that fsspec knows. {type(error).__name__}: {str(error)[:200]}"
        ) from None
    return found


@contextmanager
def _told(advance: Advance, file: Path) -> Iterator[Any]:
    """A callback for fsspec that tells ``advance``, and in the end the bytes that a backend did not tell of."""
    from fsspec.callbacks import Callback

    told = 0

    class Advancing(Callback):  # type: ignore[misc]
        def relative_update(self, inc: int = 1) -> None:
            nonlocal told
            told += inc
            advance(inc)

    yield Advancing()
    if file.stat().st_size > told:
        advance(file.stat().st_size - told)
