"""A page that takes long to write, written by a child process of the supervisor.

A thread would be alive when workers are forked, and a file system that hangs would keep it for good; a child is killed
when its time is over.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable
from typing import NoReturn

PATIENCE_S = 30.0
PIECE = 64 * 1024
_WRITTEN = b"\0"  # behind a page that is whole

logger = logging.getLogger("scoredock.server")


class PageWriter:
    """Has ``write`` called in a child, by one at a time. ``fork`` is os.fork, or does what it does.

    ``begin`` starts it, ``read`` takes what it has written whenever ``descriptor`` is readable, or ``until`` is over.
    """

    def __init__(self, write: Callable[[], bytes], fork: Callable[[], int] = os.fork) -> None:
        self._write = write
        self._fork = fork
        self._pid = 0
        self.descriptor = -1  # -1 while nothing is written
        self._page = bytearray()
        self.until = float("inf")  # monotonic seconds

    @property
    def writing(self) -> bool:
        """Whether it has begun, and the page is not complete."""
        return self.descriptor != -1

    def begin(self) -> None:
        """Start to write. Raises OSError where there is no process or file for it."""
        mine, its = os.pipe()
        try:
            pid = self._fork()
        except OSError:
            os.close(mine)
            os.close(its)
            raise
        if not pid:
            self._work(its)
        os.close(its)
        os.set_blocking(mine, False)
        self.descriptor, self._pid = mine, pid
        self._page.clear()
        self.until = time.monotonic() + PATIENCE_S

    def read(self) -> bytes | None:
        """The page, when it is complete; None before. Raises RuntimeError when it could not be written."""
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self.descriptor, PIECE):
                self._page += piece
            self._end()
            if self._page[-1:] != _WRITTEN:
                raise RuntimeError("The page could not be written; the lines above say why.")
            return bytes(self._page[:-1])
        if time.monotonic() < self.until:
            return None
        self.close()
        raise RuntimeError(f"The page was not written within {PATIENCE_S:.0f} s.")

    def close(self) -> None:
        """Nobody waits for it any more."""
        if self.writing:  # the child holds the other end, so it has not ended, and its id is still its own
            with contextlib.suppress(OSError):
                os.kill(self._pid, signal.SIGKILL)
            self._end()

    def _end(self) -> None:
        os.close(self.descriptor)
        self.descriptor, self.until = -1, float("inf")

    def _work(self, end: int) -> NoReturn:
        """In the child: write, and end, whatever happens."""
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(2 * int(PATIENCE_S))  # should the supervisor be gone by then
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            with open(end, "wb") as pipe:
                pipe.write(self._write() + _WRITTEN)
        except BaseException:
            logger.exception("a page could not be written")
        finally:
            os._exit(0)
