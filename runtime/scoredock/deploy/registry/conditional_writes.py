"""Writes to an object store that succeed only if nobody else has written: what each of fsspec's backends offers.

=================  ==========================  ===============================================
Backend            create                      replace what was read
=================  ==========================  ===============================================
``s3`` (s3fs)      ``If-None-Match: *``        ``If-Match`` with the ETag
``az`` (adlfs)     ``If-None-Match: *``        ``If-Match`` with the ETag
``memory``         a lock of this process      a lock of this process
``gs`` (gcsfs)     ``ifGenerationMatch=0``     not offered: a lease serves
others             a look before the write     not offered: a lease serves
=================  ==========================  ===============================================

S3-compatible servers that ignore the two headers (Ceph before 19, MinIO before 2024-11) give what the last row gives.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_MEMORY = threading.Lock()  # fsspec's memory file system is one store for all of a process, without locks
_S3 = {"s3", "s3a"}
_AZURE = {"az", "abfs", "abfss", "adl"}

Mark = Any
"""What tells one content of a file from the next."""


class Changed(Exception):
    """Somebody else has written in between."""


def create(fs: Any, scheme: str, path: str, data: bytes) -> None:
    """Write a file that must not be there yet; raises FileExistsError."""
    if scheme == "memory":
        with _MEMORY:
            fs.pipe_file(path, data, mode="create")
        return
    try:
        fs.pipe_file(path, data, mode="create")
    except FileExistsError:
        raise
    except Exception as error:
        if _is_refused(error):
            raise FileExistsError(path) from error
        raise


def replacer(scheme: str) -> tuple[Callable[[Any, str], Mark], Callable[[Any, str, bytes, Mark], None]] | None:
    """How to mark a file's content and to replace the marked content; None where a backend has no such write.

    The second raises Changed.
    """
    if scheme in _S3:
        return _s3_mark, _replace_s3
    if scheme in _AZURE:
        return _azure_mark, _replace_azure
    if scheme == "memory":
        return _memory_mark, _replace_memory
    return None


def _s3_mark(fs: Any, path: str) -> Mark:
    return fs.info(path, refresh=True)["ETag"]


def _replace_s3(fs: Any, path: str, data: bytes, mark: Mark) -> None:
    with _refusals_as_changed():
        fs.pipe_file(path, data, IfMatch=mark)


def _azure_mark(fs: Any, path: str) -> Mark:
    return fs.info(path, refresh=True)["etag"]


def _replace_azure(fs: Any, path: str, data: bytes, mark: Mark) -> None:
    from azure.core import MatchConditions

    with _refusals_as_changed():
        fs.pipe_file(path, data, etag=mark, match_condition=MatchConditions.IfNotModified)


def _memory_mark(fs: Any, path: str) -> Mark:
    return fs.cat_file(path)


def _replace_memory(fs: Any, path: str, data: bytes, mark: Mark) -> None:
    with _MEMORY:
        if fs.cat_file(path) != mark:
            raise Changed
        fs.pipe_file(path, data)


@contextmanager
def _refusals_as_changed() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if _is_refused(error):
            raise Changed from error
        raise


def _is_refused(error: BaseException) -> bool:
    """Whether a store says that a condition of a write does not hold (412), or that another write is under way (409).

    Backends translate their library's error and keep it as the cause.
    """
    seen: BaseException | None = error
    while seen is not None:
        response = getattr(seen, "response", None)
        if isinstance(response, dict):  # botocore
            status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        else:
            status = getattr(seen, "status_code", None)
        if status in (409, 412):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
