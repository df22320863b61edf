"""What the lines of the log say of the request that is being scored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("scoredock_request_id", default="")
client_request_id: ContextVar[str] = ContextVar("scoredock_client_request_id", default="")  # only with traces
trace: ContextVar[tuple[str, str] | None] = ContextVar("scoredock_trace", default=None)  # trace id and span id, in hex


@contextmanager
def of_request(its_id: str) -> Iterator[None]:
    """What is logged inside belongs to the request with this id."""
    token = request_id.set(its_id)
    try:
        yield
    finally:
        request_id.reset(token)
