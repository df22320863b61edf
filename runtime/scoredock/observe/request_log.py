"""One log line a request, cheap enough for the request path.

Requests that end in one turn of the event loop are written in one go. While logging is as ``logs.configure``
left it, the lines are formatted here, which costs a tenth of a LogRecord's way through logging; otherwise
each goes through the logger ``scoredock.request``.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, TextIO

from scoredock.observe.logs import LineFormatter

STREAMED, LEFT = -1, -2  # instead of the size of an answer's body

logger = logging.getLogger("scoredock.request")


class Entry(NamedTuple):
    """A request that was answered; ``ended`` in seconds since the epoch, times in ms, sizes of bodies in bytes.

    ``queue_ms`` and ``run_ms`` are -1 where the request did not wait for scoring, or run() did not return. ``sent`` is
    -1 for a streamed body, and -2 for a client that left before it was answered.
    """

    ended: float
    request_id: str
    method: str
    target: str
    status: int
    elapsed_ms: float
    queue_ms: float
    run_ms: float
    received: int
    sent: int

    def message(self) -> str:
        """The line without what logging puts before it."""
        sent = self.sent if self.sent >= 0 else "N/A" if self.sent == STREAMED else "-"
        queue = f" queue={self.queue_ms:.3f}ms" if self.queue_ms >= 0 else ""
        run = f" run={self.run_ms:.3f}ms" if self.run_ms >= 0 else ""
        return (
            f"[{self.request_id}] {self.method} {self.target} {self.status} {self.elapsed_ms:.3f}ms {sent}"
            f"{queue}{run} in={self.received}"
        )


class RequestLog:
    """Collects entries; at the end of the event loop's turn it writes them, and hands them to each of ``sinks``."""

    def __init__(self, sinks: Sequence[Callable[[Sequence[Entry]], None]] = ()) -> None:
        self._sinks = sinks
        self._entries: list[Entry] = []
        self._second = 0
        self._stamp = ""
        self._pid = os.getpid()

    def add(self, entry: Entry) -> None:
        """Take an entry. Called on the event loop."""
        if not self._entries:
            asyncio.get_running_loop().call_soon(self._hand_on)
        self._entries.append(entry)

    def _hand_on(self) -> None:
        entries, self._entries = self._entries, []
        for sink in self._sinks:
            try:
                sink(entries)
            except Exception:
                logger.exception("requests could not be counted")
        self._write(entries)

    def _write(self, entries: Sequence[Entry]) -> None:
        if not logger.isEnabledFor(logging.INFO):
            return
        handler = _untouched_handler()
        if handler is None:
            for entry in entries:
                logger.info("%s", entry.message())
            return
        lines = "".join(map(self._line, entries))
        handler.acquire()
        try:
            handler.stream.write(lines)
            handler.stream.flush()
        except OSError:
            handler.handleError(logger.makeRecord(logger.name, logging.INFO, "", 0, lines, (), None))
        finally:
            handler.release()

    def _line(self, entry: Entry) -> str:
        second = int(entry.ended)
        if second != self._second:
            self._second = second
            self._stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(second))
        milliseconds = int((entry.ended - second) * 1000)
        return f"{self._stamp},{milliseconds:03d} I [{self._pid}] {logger.name} - {entry.message()}\n"


def _untouched_handler() -> logging.StreamHandler[TextIO] | None:
    """The one handler that logs.configure set, if request lines would go through it and nothing else."""
    handlers = logging.root.handlers
    parent = logging.getLogger("scoredock")
    if len(handlers) != 1 or logger.handlers or parent.handlers or logger.filters or not logger.propagate:
        return None
    handler = handlers[0]
    if type(handler) is not logging.StreamHandler or type(handler.formatter) is not LineFormatter:
        return None
    return handler if not handler.filters and parent.propagate else None
