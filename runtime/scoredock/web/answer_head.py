"""The line and the headers of an answer, in bytes."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from scoredock.web.answers import Header

_STATUS_LINES: dict[int, bytes] = {
    status: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}


def answer_head(status: int, common: Iterable[Header], headers: Iterable[Header], close: bool) -> bytes:
    """The head of an answer with this status and these headers, after which the connection ends, or stays."""
    lines = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status]
    lines += [b"%b: %b\r\n" % pair for pair in common]
    lines += [b"%b: %b\r\n" % pair for pair in headers]
    lines.append(b"connection: close\r\n\r\n" if close else b"\r\n")
    return b"".join(lines)
