"""SHA-256 of files, while they are copied or alone."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

from scoredock.deploy.registry.storage import Advance

_CHUNK_BYTES = 1 << 20


def copy_hashed(content: BinaryIO, copy: BinaryIO | None, advance: Advance) -> str:
    """Write ``content`` to ``copy``, where there is one; returns its SHA-256 as hexadecimal text."""
    digest = hashlib.sha256()
    while chunk := content.read(_CHUNK_BYTES):
        digest.update(chunk)
        if copy is not None:
            copy.write(chunk)
        advance(len(chunk))
    return digest.hexdigest()


def hash_file(path: Path, advance: Advance) -> str:
    """The SHA-256 of a file as hexadecimal text."""
    with path.open("rb") as content:
        return copy_hashed(content, None, advance)
