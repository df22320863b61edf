"""What init() and run() print: out line by line, through logging, with the request id."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from typing import Any, TextIO

from scoredock.observe.output import StandInStream

logger = logging.getLogger("scoredock.print")


class PrintedLines(StandInStream):
    """A text stream that logs each complete line; one unfinished line is kept per thread.

    Everything that is not text written to it (``buffer``, ``fileno`` and so on) is ``real``'s. So is text
    that comes while a line is being logged: a script may have sent logging to this very stream. ``unfinished``
    says whether any thread has ever left a line without its end; until then there is nothing to flush. ``on_written``
    is called after each text, in the thread that wrote it.
    """

    def __init__(self, real: TextIO) -> None:
        super().__init__(real)
        self._thread = threading.local()
        self.unfinished = False
        self.on_written: Callable[[], None] = lambda: None

    @property
    def real(self) -> TextIO:
        """The stream that this one stands before."""
        return self._real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def close(self) -> None:
        """Nothing: the server's output outlives what a script does to its own."""

    def write(self, text: str) -> int:
        """Log the lines that ``text`` completes; keep the rest."""
        if getattr(self._thread, "logging", False):
            return self._real.write(text)
        *lines, self._thread.rest = (getattr(self._thread, "rest", "") + text).split("\n")
        for line in lines:
            self._log(line)
        self.unfinished = self.unfinished or bool(self._thread.rest)
        self.on_written()
        return len(text)

    def flush(self) -> None:
        """Log an unfinished line: who flushes wants it seen."""
        if getattr(self._thread, "logging", False):
            self._real.flush()
            return
        rest = getattr(self._thread, "rest", "")
        if rest:
            self._thread.rest = ""
            self._log(rest)

    def _log(self, line: str) -> None:
        self._thread.logging = True
        try:
            logger.info("%s", line)
        finally:
            self._thread.logging = False


def capture_prints() -> PrintedLines:
    """Send what is printed from now on through logging. Log handlers keep the real standard output.

    Returns the stream, whose ``flush`` logs an unfinished line whatever a script has made of sys.stdout.
    """
    if isinstance(sys.stdout, PrintedLines):
        return sys.stdout
    sys.stdout = stream = PrintedLines(sys.stdout)
    return stream
