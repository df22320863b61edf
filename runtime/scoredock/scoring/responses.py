"""A Flask response that run() returned, as an answer: sent as it is, streamed where it streams."""

from __future__ import annotations

import asyncio
import re

from werkzeug.wrappers import Response

from scoredock.errors import EncodingError
from scoredock.web.answers import Answer
from scoredock.web.incoming import Incoming
from scoredock.web.streaming import StreamedBody

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LENGTH = re.compile(r"[0-9]{1,18}")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def response_answer(response: Response, incoming: Incoming, loop: asyncio.AbstractEventLoop) -> Answer:
    """The answer that sends ``response``, without ids: those are the request's.

    A status of 500 or more says that run() failed. Raises EncodingError for a status or a header that cannot be sent.
    """
    if not 200 <= response.status_code <= 599:
        raise EncodingError(f"a response of status {response.status_code} is no answer: expected one from 200 to 599")
    if response.status_code >= 500:
        response.headers["x-ms-run-function-failed"] = "True"
    chunks, _, header_list = response.get_wsgi_response({"REQUEST_METHOD": incoming.method})
    dropped = {"x-request-id", "x-ms-request-id", "transfer-encoding", "connection"}
    if response.headers.get("connection", "").lower() == "close":
        incoming.keep_alive = False
    if b"x-ms-client-request-id" in incoming.by_name or b"x-ms-request-id" in incoming.by_name:
        dropped.add("x-ms-client-request-id")
    if not response.is_streamed and incoming.method != "HEAD":
        dropped.add("content-length")
    header_list = [(name, value) for name, value in header_list if name.lower() not in dropped]
    _check(header_list)
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in header_list]
    if response.is_streamed:
        return Answer(response.status_code, headers, follow_up=StreamedBody(chunks, loop))
    try:
        return Answer(response.status_code, headers, b"".join(chunks))
    finally:
        response.close()


def _check(headers: list[tuple[str, str]]) -> None:
    """Raises EncodingError for a header that would break the answer's frame."""
    for name, value in headers:
        if not _NAME.fullmatch(name) or _CONTROL.search(value) or not _is_latin_1(value):
            raise EncodingError(f"response header {name!r}: {value!r} cannot be sent: no control characters, Latin-1")
    lengths = [value for name, value in headers if name.lower() == "content-length"]
    if len(lengths) > 1 or not all(map(_LENGTH.fullmatch, lengths)):
        raise EncodingError(f"response header 'Content-Length': {', '.join(lengths)!r} is not one number of bytes")


def _is_latin_1(text: str) -> bool:
    return text.isascii() or max(text) <= "\xff"
