"""Logging as JSON: one object a line, for collectors that would have to guess otherwise.

Keys: ``time`` (ISO 8601, UTC, milliseconds), ``level``, ``pid``, ``logger``, ``message``; ``request_id``, ``trace_id``
and ``span_id`` where there are some; ``exception`` with a traceback, ``stack`` where one was asked for; and in the line
of a request ``method``, ``path``, ``status``, ``duration_ms``, ``queue_ms``, ``run_ms``, ``received_bytes``,
``sent_bytes``, ``client`` (its address), and of who that is ``key``, ``sub`` or ``certificate``.
"""

from __future__ import annotations

import logging
import os
import re
import time
from typing import Any

import orjson

from scoredock.observe.context import request_id, trace

# JSON lets them stand in text; many readers end a line there, terminals take them for commands.
_ODD = re.compile("[\x80-\x9f\u2028-\u202e\u2066-\u2069]")
JSON_FIELDS = "scoredock_fields"  # a record's attribute: what its line has besides, or instead


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        content: dict[str, Any] = {
            "time": iso_time(record.created),
            "level": record.levelname,
            "pid": record.process,
            "logger": record.name,
            "message": record.getMessage(),
        }
        current, spans = request_id.get(), trace.get()
        if current:
            content["request_id"] = current
        if spans is not None:
            content["trace_id"], content["span_id"] = spans
        content.update(getattr(record, JSON_FIELDS, {}))
        if record.exc_info and record.exc_info[0] is not None:
            content["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            content["stack"] = self.formatStack(record.stack_info)
        return dumps(content)


def dumps(content: dict[str, Any]) -> str:
    """JSON in one line; text that is no Unicode (a client's bytes, a file's name) has its odd characters replaced."""
    try:
        line = orjson.dumps(content).decode()
    except TypeError:
        repaired = {key: _repaired(value) if isinstance(value, str) else value for key, value in content.items()}
        line = orjson.dumps(repaired, default=str).decode()
    return line if line.isascii() else _ODD.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def written_line(level: str, logger: str, message: str) -> str:
    """The line that logging would write now, where it cannot: it is not set up yet, or the line is about itself."""
    return dumps(
        {"time": iso_time(time.time()), "level": level, "pid": os.getpid(), "logger": logger, "message": message}
    )


def iso_time(seconds: float) -> str:
    """Seconds since the epoch as ISO 8601 in UTC, to the millisecond."""
    whole = int(seconds)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{int((seconds - whole) * 1000):03d}Z"


def _repaired(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
