"""Standard output that cannot stop the server: a pipe that nobody reads, a full disk, a reader that is gone.

A write to a pipe that is full blocks, in whatever thread logs, and with it the event loop. So a pipe is written to
without waiting for long: what does not fit within PATIENCE_S is dropped, and from then on at once until there is room
again. What was dropped is told of when lines go out again.
"""

from __future__ import annotations

import contextlib
import io
import os
import select
import stat
import threading
import time
from collections.abc import Callable
from typing import TextIO

PATIENCE_S = 0.25
ATOMIC = select.PIPE_BUF  # bytes that a pipe takes whole or not at all


class StandInStream(io.TextIOBase):
    """A text stream that stands before the ``real`` one, and has its encoding and descriptor."""

    def __init__(self, real: TextIO) -> None:
        self._real = real
        self._encoding = real.encoding or "utf-8"

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The real stream's encoding."""
        return self._encoding

    def fileno(self) -> int:
        """The real stream's descriptor."""
        return self._real.fileno()

    def isatty(self) -> bool:
        """Whether the real stream is a terminal."""
        return self._real.isatty()

    def writable(self) -> bool:
        """True: it is made to be written to."""
        return True


def missing(lines: int) -> str:
    """What stands in the place of lines that were dropped."""
    return f"({lines} lines are missing here: standard output did not take them)"


class SteadyOutput(StandInStream):
    """Writes text to ``stream``'s descriptor, and never raises OSError. Each write is of whole lines.

    ``tell_missing`` gives the line that says how many were dropped.
    """

    def __init__(self, stream: TextIO, tell_missing: Callable[[int], str] = missing) -> None:
        super().__init__(stream)
        self._tell_missing = tell_missing
        stream.flush()
        self._fd = stream.fileno()
        self._lock = threading.RLock()
        mode = os.fstat(self._fd).st_mode
        is_pipe = stat.S_ISFIFO(mode)
        self._in_pieces = self._may_block = is_pipe or stat.S_ISSOCK(mode)  # systemd gives its services a socket
        if is_pipe:  # an opening of our own: O_NONBLOCK on the one that is shared would hit other processes
            with contextlib.suppress(OSError):  # another user's pipe
                self._fd = os.open(f"/proc/self/fd/{self._fd}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
                self._may_block = False
        self._stalled = False
        self.dropped = 0

    def write(self, text: str) -> int:
        """Write, or drop and count."""
        with self._lock:
            if self.dropped:
                dropped, self.dropped = self.dropped, 0
                if not self._put(f"{self._tell_missing(dropped)}\n".encode()):
                    self.dropped = dropped + text.count("\n")
                    return len(text)
            data = text.encode(self._encoding, "backslashreplace")
            for piece in _pieces(data) if self._in_pieces and len(data) > ATOMIC else (data,):
                if not self._put(piece):
                    self.dropped += piece.count(b"\n")
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""

    def _put(self, data: bytes) -> bool:
        """Whether all of it went out."""
        full, until = self._may_block, 0.0
        try:
            while data:
                if full:
                    until = until or time.monotonic() + (0.0 if self._stalled else PATIENCE_S)
                    if not self._room(until):
                        self._stalled = True
                        return False
                try:
                    data = data[os.write(self._fd, data) :]
                except BlockingIOError:
                    full = True
        except OSError:  # the disk is full, or the reader is gone
            return False
        self._stalled = False
        return True

    def _room(self, until: float) -> bool:
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        return bool(poll.poll(max(0.0, until - time.monotonic()) * 1000))


def steady(stream: TextIO, tell_missing: Callable[[int], str] = missing) -> TextIO:
    """``stream`` made steady; itself where it has no descriptor."""
    try:
        return SteadyOutput(stream, tell_missing)  # type: ignore[return-value] # a TextIO in all that handlers use
    except (OSError, ValueError, AttributeError):
        return stream


def _pieces(data: bytes) -> list[bytes]:
    """Whole lines, as many as a pipe takes at once."""
    pieces = []
    while len(data) > ATOMIC:
        end = data.rfind(b"\n", 0, ATOMIC) + 1 or ATOMIC
        pieces.append(data[:end])
        data = data[end:]
    return [*pieces, data]
