"""A file whose content is read again when it changes: a mounted secret, a key set."""

from __future__ import annotations

import logging
import os
import stat
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from scoredock.access.last_good import MAX_BYTES, LastGood
from scoredock.errors import SettingError
from scoredock.texts import why_unreadable

LOOK_EVERY_S = 0.5  # what two looks in a row find is taken: a file that is being written is not read half
RECENT_S = 2.0  # a file system's clock may be so coarse that another change in this time leaves no trace
_MOST_LOOKS = 10

T = TypeVar("T")
logger = logging.getLogger("scoredock.access")


class WatchedFile(Generic[T]):
    """What the file at ``path`` holds: ``value``, None until ``load`` was called.

    ``parse`` makes it of the file's bytes; its ValueError says what is wrong with them, without showing them.
    ``variable`` is the setting that names the file. Made, and loaded, before workers are forked; in each of them,
    ``start`` has a thread look at it: a file system that hangs stops only that thread. A file that vanishes, or that
    ``parse`` refuses, leaves the value as it is, also for later workers: replacing a secret must never open the door,
    nor close it to those who hold the one before.
    """

    def __init__(self, variable: str, path: Path, parse: Callable[[bytes], T]) -> None:
        self.value: T | None = None
        self._variable = variable
        self._path = path
        self._parse = parse
        self._last_good = LastGood()
        self._content: bytes | None = None  # what ``value`` was made of
        self._seen: tuple[int, ...] = ()  # the file that needs no reading as long as it is the same
        self._before: _Found | None = None
        self._said = ""

    def load(self) -> None:
        """Read it now, once it has not changed for a moment. Raises SettingError, which says what is wrong."""
        before, found = None, self._find()
        for _ in range(_MOST_LOOKS):
            if found == before or not found.is_fresh:
                break
            time.sleep(LOOK_EVERY_S)
            before, found = found, self._find()
        wrong = self._take(found)
        if wrong:
            raise SettingError(f"{self._variable}: the file {self._path} {wrong}")

    def start(self) -> None:
        """In a worker: begin with what was last good, and have a thread look at the file from now on."""
        content = self._last_good.get()
        if content is not None and content != self._content:
            self.value, self._content, self._seen = self._parse(content), content, ()
        threading.Thread(target=_watch, args=[weakref.ref(self)], daemon=True, name="scoredock-secret").start()

    def refresh(self) -> None:
        """Nothing: the thread looks."""

    def missing(self, kid: str | None) -> None:
        """A key was asked for that is not in it: nothing to do, the thread looks."""

    def look(self) -> None:
        """Look at it, and take what it holds when the look before has found the same."""
        found = self._find(self._seen)
        before, self._before = self._before, found
        if not found.is_new or found != before:
            return
        value = self.value
        wrong = self._take(found)
        if wrong:
            self._complain(wrong)
            return
        if self._said:
            self._said = ""
            logger.info("%s: the file %s can be used again.", self._variable, self._path)
        if value != self.value:
            logger.info("%s: the file %s has changed and was read again.", self._variable, self._path)

    def _find(self, known: tuple[int, ...] = ()) -> _Found:
        """What is there; its content only where that is another file than the ``known`` one."""
        try:
            if known and _identity(self._path.stat()) == known:
                return _Found(known, is_new=False)
            with open(self._path, "rb", opener=_open_at_once) as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode):
                    return _Found(wrong="is no regular file.")
                content = file.read(MAX_BYTES + 1)
        except OSError as error:
            return _Found(wrong=why_unreadable(error))
        if len(content) > MAX_BYTES:
            return _Found(_identity(status), wrong=f"has more than {MAX_BYTES} bytes.")
        return _Found(_identity(status), content, age_s=time.time() - max(status.st_mtime, status.st_ctime))

    def _take(self, found: _Found) -> str:
        """Make it the value; what is wrong with it, empty when nothing is."""
        if found.wrong:
            return found.wrong
        if found.content != self._content:
            try:
                self.value = self._parse(found.content)
            except ValueError as error:
                return str(error)
            self._content = found.content
            self._last_good.put(found.content)
        self._seen = found.identity if found.age_s > RECENT_S else ()
        return ""

    def _complain(self, wrong: str) -> None:
        if wrong == self._said:
            return
        self._said = wrong
        logger.error("%s: the file %s %s What it held before stays in use.", self._variable, self._path, wrong)


@dataclass(frozen=True)
class _Found:
    """What a look at a file has found; two that found the same are equal."""

    identity: tuple[int, ...] = ()
    content: bytes = field(default=b"", repr=False)
    wrong: str = ""
    is_new: bool = field(default=True, compare=False)
    age_s: float = field(default=RECENT_S, compare=False)  # since it was changed

    @property
    def is_fresh(self) -> bool:
        """Whether it was changed so recently that somebody may be writing it still."""
        return 0 <= self.age_s < LOOK_EVERY_S


def _watch(reference: weakref.ref[WatchedFile[Any]]) -> None:
    """Look at a file again and again, for as long as anybody has use for it."""
    while (file := reference()) is not None:
        file.look()
        del file
        time.sleep(LOOK_EVERY_S)


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # a named pipe would be waited for


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
