"""A lock between the processes of a machine, which the kernel lets go of when its holder ends, however that is."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from scoredock.errors import Busy

_POLL_S = 0.02


def holder_now() -> dict[str, Any]:
    """What a lock says of who holds it. No command line: that may carry secrets."""
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": utc_now()}


def utc_now() -> str:
    """This moment, in UTC, ISO 8601 with microseconds."""
    return datetime.now(timezone.utc).isoformat(timespec="microseconds")


def busy(name: str, content: bytes) -> Busy:
    """The error for a lock that is held, out of the lock's content, which may be half-written."""
    try:
        holder = json.loads(content)
        return Busy(name, f"process {int(holder['pid'])} of host {holder['host']}", str(holder["since"]))
    except (ValueError, LookupError, TypeError):
        return Busy(name, "another process", None)


@contextmanager
def file_lock(path: Path, name: str, wait_s: float = 0) -> Iterator[None]:
    """Hold the lock file ``path``; ``name`` is what Busy calls it. The file is gone when nobody holds it.

    A second caller waits ``wait_s`` seconds and then gets Busy, also in the same process. Children made by fork keep
    the lock until they end; those that start another program do not.
    """
    descriptor = _acquire(path, name, time.monotonic() + wait_s)
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder_now()).encode(), 0)
        yield
    finally:
        with suppress(OSError):
            path.unlink()  # before it is let go: who waits sees that its file is no longer the one at the path
        os.close(descriptor)


def _acquire(path: Path, name: str, deadline: float) -> int:
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        except FileNotFoundError:
            continue  # the folder was removed in between
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(descriptor, path):
                return descriptor
        except BlockingIOError:
            if time.monotonic() >= deadline:
                content = os.pread(descriptor, 4096, 0)
                os.close(descriptor)
                raise busy(name, content) from None
            time.sleep(_POLL_S)
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file is still the one at ``path``: its last holder has removed it otherwise."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(descriptor), there)
