"""What the lines of the log say of the request that is being scored."""

from __future__ import annotations

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("scoredock_request_id", default="")
client_request_id: ContextVar[str] = ContextVar("scoredock_client_request_id", default="")  # only with traces
trace: ContextVar[tuple[str, str] | None] = ContextVar("scoredock_trace", default=None)  # trace id and span id, in hex
