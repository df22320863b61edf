"""An answer on its way out, and the answers that every part of the web gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from json.encoder import encode_basestring_ascii
from typing import Any

import orjson

from scoredock.engine.job import FollowUp
from scoredock.errors import DeadlineExceeded, RequestProblem, ScoredockError, Unauthorised, Unavailable

Header = tuple[bytes, bytes]

JSON_HEADER: Header = (b"content-type", b"application/json")
HTML_HEADER: Header = (b"content-type", b"text/html; charset=utf-8")
SUCCEEDED: Header = (b"x-ms-run-function-failed", b"False")
FAILED: Header = (b"x-ms-run-function-failed", b"True")

NO_BODY = (204, 304)  # statuses whose answers have none

SCRIPT_FAILED = "An unexpected error occurred in scoring script. Check the logs for more info."
SERVER_FAILED = "An unexpected internal error occurred. Check the logs for more info."


@dataclass(slots=True)
class Answer:
    """Status, headers (names in lower case) and body. A streamed body comes from ``follow_up`` instead."""

    status: int
    headers: list[Header]
    body: bytes = b""
    follow_up: FollowUp | None = field(default=None)


def message_answer(status: int, message: str, *more: Header, failed: bool = False) -> Answer:
    """An answer whose body is ``{"message": …}``."""
    body = f'{{"message":{encode_basestring_ascii(message)}}}'.encode()
    return Answer(status, [JSON_HEADER, FAILED if failed else SUCCEEDED, *more], body)


def method_refused(allow: bytes) -> Answer:
    """405, with the methods that there are."""
    return message_answer(405, "Method not allowed", (b"allow", allow))


def problem_answer(error: ScoredockError) -> Answer:
    """The one place where an error becomes a status."""
    if isinstance(error, Unauthorised):
        return message_answer(error.status, str(error), (b"www-authenticate", error.challenge.encode()))
    if isinstance(error, RequestProblem):
        return message_answer(error.status, str(error))
    if isinstance(error, Unavailable):
        retry: Header = (b"retry-after", str(error.retry_after_s).encode())
        return message_answer(error.status, str(error), retry)
    if isinstance(error, DeadlineExceeded):
        return message_answer(500, str(error), failed=True)
    return message_answer(500, SERVER_FAILED)


def json_answer(body: bytes, status: int = 200) -> Answer:
    """An answer with a body that is JSON already."""
    return Answer(status, [JSON_HEADER, SUCCEEDED], body)


def status_answer(status: int, content: dict[str, Any]) -> Answer:
    """A probe's answer: JSON, without the headers of scoring."""
    headers = [JSON_HEADER]
    if status == 503:
        headers.append((b"retry-after", b"1"))
    return Answer(status, headers, orjson.dumps(content))
