"""What an image is built from, as a tar archive; and short names by what is in it."""

from __future__ import annotations

import hashlib
import io
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO

from scoredock.deploy.registry.hashing import hash_file

_NONE: Mapping[str, Path] = MappingProxyType({})


def archive(files: Mapping[str, str | bytes], folders: Mapping[str, Path] = _NONE) -> IO[bytes]:
    """A build context of these files and folders, by their names in it; on disk, since folders may be large."""
    content: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - whoever builds closes it
    with tarfile.open(fileobj=content, mode="w") as tar:
        for name, text in files.items():
            data = text.encode() if isinstance(text, str) else text
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))
        for name, folder in folders.items():
            tar.add(folder, name)
    content.seek(0)
    return content


def short(text: str) -> str:
    """Twelve hexadecimal digits of a text's hash, for names."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def content_of(folder: Path) -> str:
    """The names and the content of a folder's files, as text to hash."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return "\n".join(f"{path.relative_to(folder)} {hash_file(path, lambda _: None)}" for path in files)
