"""Which storage a workspace's location means. Object stores are imported when one is meant."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from scoredock.deploy.registry.local_storage import LocalStorage
from scoredock.deploy.registry.storage import Storage
from scoredock.errors import Refused


def open_storage(location: str | os.PathLike[str], options: dict[str, Any] | None = None) -> Storage:
    """The storage at a folder's path, or at a URL that fsspec understands (``s3://bucket/folder``).

    ``options`` go to fsspec's file system (endpoint, credentials); they are neither shown nor stored.
    """
    text = os.fspath(location)
    scheme = text.partition("://")[0] if "://" in text else ""
    if scheme in ("", "file", "local"):
        path = text.partition("://")[2] if scheme else text
        if not path:
            raise Refused("workspace: expected a folder or a URL such as s3://bucket/folder, got an empty text.")
        return LocalStorage(Path(path).expanduser().absolute())
    from scoredock.deploy.registry.object_storage import ObjectStorage

    return ObjectStorage(text, options or {})
