"""A file whose content is read again when it changes: a mounted secret, a key set."""

from __future__ import annotations

import logging
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from scoredock.errors import SettingError

LOOK_EVERY_S = 1.0
RECENT_S = 2.0  # a file system's clock may be so coarse that another change in this time leaves no trace
MAX_BYTES = 1024 * 1024

T = TypeVar("T")
logger = logging.getLogger("scoredock.access")


class WatchedFile(Generic[T]):
    """What the file at ``path`` holds: ``value``, None as long as it could not be read.

    ``parse`` makes it of the file's bytes; its ValueError says what is wrong with them, without showing them.
    ``variable`` is the setting that names the file. A file that vanishes, or that ``parse`` refuses, leaves the value
    as it is: replacing a secret must never open the door, nor close it to those who hold the one before.
    """

    def __init__(self, variable: str, path: Path, parse: Callable[[bytes], T]) -> None:
        self.value: T | None = None
        self._variable = variable
        self._path = path
        self._parse = parse
        self._seen: tuple[int, ...] = ()
        self._look_at = 0.0
        self._said = ""

    def load(self) -> T:
        """Read it now. Raises SettingError, which says what is wrong with it."""
        try:
            self._read()
        except (OSError, ValueError) as error:
            raise SettingError(f"{self._variable}: the file {self._path} {_wrong(error)}") from None
        assert self.value is not None  # noqa: S101 - _read() has set it, or raised
        return self.value

    def refresh(self) -> bool:
        """Look at it, at most once a second; returns whether the value is another one now."""
        now = time.monotonic()
        if now < self._look_at:
            return False
        self._look_at = now + LOOK_EVERY_S
        before = self.value
        try:
            if self._seen and _identity(self._path.stat()) == self._seen:
                return False
            self._read()
        except (OSError, ValueError) as error:
            self._complain(_wrong(error))
            return False
        if self._said:
            self._said = ""
            logger.info("%s: the file %s can be used again.", self._variable, self._path)
        if self.value == before:
            return False
        if before is not None:
            logger.info("%s: the file %s has changed and was read again.", self._variable, self._path)
        return True

    def missing(self, kid: str | None) -> None:
        """A key was asked for that is not in it: nothing to do, the next look comes within a second."""

    def _read(self) -> None:
        with open(self._path, "rb", opener=_open_at_once) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ValueError("is no regular file.")
            content = file.read(MAX_BYTES + 1)
        recent = time.time() - max(status.st_mtime, status.st_ctime) < RECENT_S
        self._seen = () if recent else _identity(status)
        if len(content) > MAX_BYTES:
            raise ValueError(f"has more than {MAX_BYTES} bytes.")
        self.value = self._parse(content)

    def _complain(self, wrong: str) -> None:
        if wrong == self._said:
            return
        self._said = wrong
        kept = (
            "What it held before stays in use." if self.value is not None else "Until it can be used, nobody may call."
        )
        logger.error("%s: the file %s %s %s", self._variable, self._path, wrong, kept)


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # a named pipe would be waited for


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _wrong(error: OSError | ValueError) -> str:
    return f"cannot be read: {error.strerror}." if isinstance(error, OSError) else str(error)
