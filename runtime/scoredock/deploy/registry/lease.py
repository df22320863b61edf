"""A lock on an object store: an object that its holder renews, and that counts as left when it is not renewed.

Its holder writes every 20 seconds. Who finds it not renewed for two minutes, or held by a process of the same machine
that has ended, takes it over. The clocks of the machines have to agree within a minute. Where a store has no
conditional writes, two that take over a left lease in the same instant may both believe that they hold it.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from typing import Any, Protocol

from scoredock.deploy.registry.file_lock import busy, holder_now, utc_now
from scoredock.errors import DeployError

_RENEWED_EVERY_S = 20.0
_LEFT_AFTER_S = 120.0
_POLL_S = 0.1


class LeaseStore(Protocol):
    """Where a lease lies."""

    def read(self, key: str) -> bytes: ...

    def create(self, key: str, data: bytes) -> None: ...

    def replace_if(self, key: str, data: bytes, seen: bytes) -> bool:
        """Replace the content ``seen``; False when there is another by now."""

    def remove(self, key: str) -> None: ...


@contextmanager
def lease(store: LeaseStore, key: str, wait_s: float) -> Iterator[None]:
    """Hold the lease at ``key``. Raises Busy after ``wait_s`` seconds."""
    token = secrets.token_hex(8)
    holder = {**holder_now(), "token": token}
    _acquire(store, key, holder, time.monotonic() + wait_s)
    ended = threading.Event()
    renewing = threading.Thread(target=_renew, args=(store, key, holder, ended), daemon=True)
    renewing.start()
    try:
        yield
    finally:
        ended.set()
        renewing.join()
        with suppress(FileNotFoundError):
            if _holder(store.read(key)).get("token") == token:
                store.remove(key)


def _acquire(store: LeaseStore, key: str, holder: dict[str, Any], deadline: float) -> None:
    while True:
        data = json.dumps({**holder, "renewed": utc_now()}).encode()
        try:
            store.create(key, data)
            return
        except FileExistsError:
            pass
        try:
            seen = store.read(key)
        except FileNotFoundError:
            continue
        if _is_left(_holder(seen)):
            if store.replace_if(key, data, seen):
                return
            continue
        if time.monotonic() >= deadline:
            raise busy(key.rpartition("/")[2], seen)
        time.sleep(_POLL_S)


def _renew(store: LeaseStore, key: str, holder: dict[str, Any], ended: threading.Event) -> None:
    while not ended.wait(_RENEWED_EVERY_S):
        with suppress(FileNotFoundError, DeployError):  # a store that fails now is tried again in 20 seconds
            seen = store.read(key)
            if _holder(seen).get("token") != holder["token"]:
                return  # taken over: this process was away for too long
            store.replace_if(key, json.dumps({**holder, "renewed": utc_now()}).encode(), seen)


def _is_left(holder: dict[str, Any]) -> bool:
    try:
        if holder["host"] == socket.gethostname() and not _lives(int(holder["pid"])):
            return True
        renewed = datetime.fromisoformat(holder["renewed"])
        return (datetime.now(timezone.utc) - renewed).total_seconds() > _LEFT_AFTER_S
    except (LookupError, ValueError, TypeError):
        return True  # written by nobody that would renew it


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _holder(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
