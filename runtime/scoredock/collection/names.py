"""Names of folders and files: safe whatever they are made of, and of one process alone."""

from __future__ import annotations

import functools
import os
import re
import secrets
import socket
import time

MAX_COMPONENT = 100
_ROLLS = {"minute": "%Y/%m/%d/%H/%M", "hour": "%Y/%m/%d/%H", "day": "%Y/%m/%d", "month": "%Y/%m", "year": "%Y"}


@functools.lru_cache(maxsize=1000)
def component(text: str) -> str:
    """One component of a path: what is not a letter, digit, ``.``, ``_`` or ``-`` becomes ``_``; never hidden."""
    cleaned = re.sub(r"[^\w.\-]", "_", text, flags=re.ASCII)[:MAX_COMPONENT].lstrip(".")
    return cleaned or "default"


def period(roll: str, when: float) -> str:
    """The folder of a time (seconds since the epoch), in UTC: ``2030/05/17/13`` where ``roll`` is ``hour``."""
    return time.strftime(_ROLLS[roll], time.gmtime(when))


def instance() -> str:
    """A name of this process that no other has: host, process id, and a number drawn once."""
    return _instance(os.getpid())


@functools.cache
def _instance(pid: int) -> str:
    return f"{component(socket.gethostname())[:40]}-{pid}-{secrets.token_hex(4)}"
