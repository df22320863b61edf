"""What init() and run() print: out line by line, through logging, with the request id."""

from __future__ import annotations

import io
import logging
import sys
import threading

logger = logging.getLogger("scoredock.print")


class PrintedLines(io.TextIOBase):
    """A text stream that logs each complete line; one unfinished line is kept per thread."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self._unfinished = threading.local()

    def writable(self) -> bool:
        """True: it is made to be written to."""
        return True

    def write(self, text: str) -> int:
        """Log the lines that ``text`` completes; keep the rest."""
        *lines, rest = (getattr(self._unfinished, "text", "") + text).split("\n")
        self._unfinished.text = rest
        for line in lines:
            logger.info("%s", line)
        return len(text)

    def flush(self) -> None:
        """Log an unfinished line: who flushes wants it seen."""
        rest = getattr(self._unfinished, "text", "")
        if rest:
            self._unfinished.text = ""
            logger.info("%s", rest)


def capture_prints() -> None:
    """Send what is printed from now on through logging. Log handlers keep the real standard output."""
    sys.stdout = PrintedLines()
