"""Where a workspace lies: a folder, or an object store. Keys are paths with ``/``, relative to it.

What a storage promises:

- A key's content changes at once or not at all, also when the process is killed.
- ``create`` succeeds for one caller alone; ``update`` loses no other caller's change.
- ``lock`` is held by one caller alone, and ends with its process.

A folder keeps all three (``local_storage``). Object stores (``object_storage``) keep them as far as they offer
conditional writes; its docstring says which do.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import urlsplit

from scoredock.errors import Refused

Advance = Callable[[int], None]
"""Called with the number of bytes that were read, copied or sent since the last call."""


@dataclass(frozen=True)
class Listing:
    """Names right below a key, sorted; hidden ones (temporary files) are left out."""

    folders: list[str]
    files: list[str]


class Storage(Protocol):
    """Files by key. A missing key is a FileNotFoundError; a storage that fails raises Unreachable."""

    location: str
    """For people: the folder's path, or the URL without credentials."""

    passes: int
    """How often ``advance`` hears of each byte of an upload or a download."""

    def exists(self) -> bool:
        """Whether there is anything."""

    def read(self, key: str) -> bytes:
        """The content of a small file."""

    def read_many(self, keys: list[str]) -> dict[str, bytes]:
        """The contents of small files; missing ones are left out."""

    def create(self, key: str, data: bytes) -> None:
        """Write a file that must not be there yet; raises FileExistsError."""

    def write(self, key: str, data: bytes) -> None:
        """Write a file, or replace it."""

    def update(self, key: str, change: Callable[[bytes], bytes]) -> bytes:
        """Replace a file's content by what ``change`` makes of it, and return that.

        ``change`` may be called again with newer content; what it raises leaves the file as it was.
        """

    def remove(self, key: str) -> None:
        """Remove a file; a missing one is fine."""

    def listing(self, key: str) -> Listing:
        """What lies right below ``key``; nothing where that is missing."""

    def upload(self, source: Path, key: str, advance: Advance) -> str:
        """Copy a file of this machine to a key of its own; returns the SHA-256 of what was copied."""

    def seal(self, key: str) -> None:
        """Everything below ``key`` has been uploaded: make it durable and read-only, where there is such a thing."""

    def download(self, key: str, target: Path, advance: Advance) -> str:
        """Copy a file to this machine, over what is there; returns the SHA-256 of what was written."""

    def open(self, key: str) -> BinaryIO:
        """A file, to be read from its beginning."""

    def sizes(self, key: str) -> dict[str, int]:
        """Bytes of every file below ``key``, by its path relative to that."""

    def remove_tree(self, key: str) -> None:
        """Remove everything below ``key``; a missing one is fine."""

    def lock(self, name: str, wait_s: float = 0) -> AbstractContextManager[None]:
        """Hold the lock ``name`` (segments with ``/``), not reentrant. Raises Busy after ``wait_s`` seconds."""

    def local_folder(self, key: str) -> Path | None:
        """The folder of this machine that is ``key``; None where it is elsewhere."""


def checked_key(key: str) -> str:
    """A key that stays inside its storage. The callers check names with better words; this is the last door."""
    if any(part in ("", ".", "..") for part in key.split("/")):
        raise Refused(f"{key!r} leaves the workspace: expected a relative path without '..'.")
    return key


def without_credentials(url: str) -> str:
    """A URL as it may be shown: no user, password, key or signature in it. Raises Refused for what is no URL."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise Refused(f"workspace: expected a URL such as s3://bucket/folder; this one is none: {error}.") from None
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")
