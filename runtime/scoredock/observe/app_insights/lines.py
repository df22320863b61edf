"""What scripts print and log, as Application Insights' traces."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from opentelemetry._logs import Logger, LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LogRecordProcessor

from scoredock.observe import context
from scoredock.observe.tracing.outbox import Outbox

PRINTED = "STDOUT"  # the message of a printed line; the line is the custom dimension Content
NO_REQUEST = "00000000-0000-0000-0000-000000000000"
MAX_LINE = 8000
# Loggers of the server and of what it is made of: their lines are its log, not the script's.
_NOT_THE_SCRIPTS = ("scoredock", "gunicorn", "uvicorn", "asyncio", "opentelemetry", "azure", "urllib3", "py")
_SEVERITIES = (
    (logging.CRITICAL, SeverityNumber.FATAL),
    (logging.ERROR, SeverityNumber.ERROR),
    (logging.WARNING, SeverityNumber.WARN),
    (logging.INFO, SeverityNumber.INFO),
)


class LineHandler(logging.Handler):
    """Hands on what scripts print, and the log records of every logger that is not the server's, from INFO on."""

    def __init__(self, target: Logger, dimensions: Mapping[str, str]) -> None:
        super().__init__(logging.INFO)
        self._target = target
        self._dimensions = dimensions

    def emit(self, record: logging.LogRecord) -> None:
        """Hand one on. Never raises."""
        printed = record.name == "scoredock.print"
        if not printed and record.name.split(".")[0] in _NOT_THE_SCRIPTS:
            return
        self.send(record, printed)

    def send(self, record: logging.LogRecord, printed: bool = False) -> None:
        """Hand one on, whatever its logger is. Never raises."""
        try:
            self._target.emit(self._made(record, printed))
        except Exception:
            self.handleError(record)

    def _made(self, record: logging.LogRecord, printed: bool) -> LogRecord:
        request_id = context.request_id.get() or NO_REQUEST
        text = record.getMessage()
        client_id = context.client_request_id.get()
        attributes: dict[str, Any] = {**self._dimensions, "Request Id": request_id, "Client Request Id": client_id}
        if printed:
            attributes["Content"] = f"{request_id},{text[:MAX_LINE]}"
            text = PRINTED
        else:
            text = f"{request_id},{text[:MAX_LINE]}"
            attributes["Logger"] = record.name
            if record.exc_info and record.exc_info[1] is not None:
                attributes["exception.type"] = type(record.exc_info[1]).__name__
                attributes["exception.message"] = str(record.exc_info[1])[:MAX_LINE]
                attributes["exception.stacktrace"] = logging.Formatter().formatException(record.exc_info)[-MAX_LINE:]
        severity = next((number for level, number in _SEVERITIES if record.levelno >= level), SeverityNumber.INFO)
        trace = context.trace.get()
        nanoseconds = int(record.created * 1e9)
        return LogRecord(
            timestamp=nanoseconds,
            observed_timestamp=nanoseconds,
            trace_id=int(trace[0], 16) if trace else None,
            span_id=int(trace[1], 16) if trace else None,
            severity_number=severity,
            severity_text=record.levelname,
            body=text,
            attributes=attributes,
        )


class LogQueue(LogRecordProcessor):
    """Has log records sent; never waits."""

    def __init__(self, outbox: Outbox[Any]) -> None:
        self._outbox = outbox

    def on_emit(self, log_record: Any) -> None:
        """Have it sent."""
        self._outbox.put(log_record)

    def shutdown(self) -> None:
        """Nothing: the server ends the outbox."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what waits now; whether it has been tried in time."""
        return self._outbox.flush(timeout_millis / 1000)
