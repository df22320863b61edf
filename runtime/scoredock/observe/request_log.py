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
from typing import Any, NamedTuple

from scoredock.observe.json_lines import JSON_FIELDS, JsonFormatter, dumps, iso_time
from scoredock.observe.logs import LineFormatter
from scoredock.observe.output import SteadyOutput
from scoredock.observe.script_logging import give_handlers_back

_LEAST = {"all": 0, "errors": 400, "none": 1000}  # the least status whose requests are written
STREAMED, LEFT, BROKEN = -1, -2, -3  # instead of the size of an answer's body

logger = logging.getLogger("scoredock.request")
_parent = logging.getLogger("scoredock")
_root, _PLAIN, _FORMATTERS = logging.root, logging.StreamHandler, (LineFormatter, JsonFormatter)


class Entry(NamedTuple):
    """A request that was answered in this turn of the event loop; times in ms, sizes of bodies in bytes.

    ``queue_ms`` and ``run_ms`` are -1 where the request did not wait for scoring, or run() did not return. ``sent`` is
    -1 for a streamed body, -2 for a client that left before it was answered, and -3 for a streamed body that was not
    sent to its end. ``batch`` is, where requests are
    scored in batches, how many were scored by one call; in the first one's entry, and 0 in the others'.
    ``trace_id`` is in hexadecimal, and empty where traces are off. ``who`` says who has called, in words ``name=value``
    with a space before each: `` client=10.0.0.7 key=primary``. Texts that a client sends are ``printable``: nothing in
    them ends the line, or passes for another field.
    """

    request_id: str
    method: str
    target: str
    status: int
    elapsed_ms: float
    queue_ms: float
    run_ms: float
    received: int
    sent: int
    batch: int
    trace_id: str = ""
    who: str = ""

    def message(self) -> str:
        """The line without what logging puts before it."""
        sent = self.sent if self.sent >= 0 else {STREAMED: "N/A", LEFT: "-", BROKEN: "broken"}[self.sent]
        queue = f" queue={self.queue_ms:.3f}ms" if self.queue_ms >= 0 else ""
        return (
            f"[{self.request_id}] {self.method} {self.target} {self.status} {self.elapsed_ms:.3f}ms {sent}"
            f"{queue} in={self.received}{self.who}"
        )

    def fields(self) -> dict[str, Any]:
        """The same for JSON; what there is not is left out."""
        content: dict[str, Any] = {"message": "request", "request_id": self.request_id, "method": self.method}
        content |= {"path": self.target, "status": self.status, "duration_ms": round(self.elapsed_ms, 3)}
        if self.queue_ms >= 0:
            content["queue_ms"] = round(self.queue_ms, 3)
        if self.run_ms >= 0:
            content["run_ms"] = round(self.run_ms, 3)
        content["received_bytes"] = self.received
        if self.sent >= 0:
            content["sent_bytes"] = self.sent
        elif self.sent == BROKEN:
            content["broken"] = True
        if self.trace_id:
            content["trace_id"] = self.trace_id
        for word in self.who.split():
            name, _, content[name] = word.partition("=")
        return content


class RequestLog:
    """Collects entries; at the end of the event loop's turn it writes them, and hands them to each of ``sinks``.

    ``wanted`` says which of them are written: all, errors (whose status is 400 or more), or none.
    """

    def __init__(self, sinks: Sequence[Callable[[Sequence[Entry]], None]] = (), wanted: str = "all") -> None:
        self._least = _LEAST[wanted]
        self._sinks = sinks
        self._entries: list[Entry] = []
        self._second = 0
        self._stamp = ""
        self._pid = os.getpid()
        self._origin = f" I [{self._pid}] {logger.name} - "

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
        if self._least:
            entries = [entry for entry in entries if entry.status >= self._least]
            if not entries:
                return
        if not logger.isEnabledFor(logging.INFO):
            return
        formatter, stream = _untouched()
        if stream is None:
            give_handlers_back()
            for entry in entries:
                logger.info("%s", entry.message(), extra={JSON_FIELDS: entry.fields()})
            return
        now = time.time()
        if type(formatter) is LineFormatter:
            start = self._start(now)
            lines = "".join([f"{start}{entry.message()}\n" for entry in entries])
        else:
            common = {"time": iso_time(now), "level": "INFO", "pid": self._pid, "logger": logger.name}
            lines = "".join([f"{dumps({**common, **entry.fields()})}\n" for entry in entries])
        stream.write(lines)  # it has a lock of its own, and raises nothing

    def _start(self, now: float) -> str:
        """What logging puts before a line; ``now`` in seconds since the epoch."""
        second = int(now)
        if second != self._second:
            self._second = second
            self._stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(second))
        return f"{self._stamp},{int((now - second) * 1000):03d}{self._origin}"


def _untouched() -> tuple[logging.Formatter | None, SteadyOutput | None]:
    """Formatter and stream that logs.configure set, if request lines would go there and nowhere else; else None."""
    own, handlers = logger, _root.handlers
    if len(handlers) != 1 or own.handlers or own.filters or not own.propagate or _parent.handlers:
        return None, None
    handler = handlers[0]
    if type(handler) is not _PLAIN or handler.filters or not _parent.propagate:
        return None, None
    formatter, stream = handler.formatter, handler.stream
    if type(formatter) not in _FORMATTERS or type(stream) is not SteadyOutput:
        return None, None
    return formatter, stream
