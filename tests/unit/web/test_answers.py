"""Errors to answers: the one place where an error becomes a status."""

from __future__ import annotations

import json

import pytest

from scoredock.errors import (
    Abandoned,
    BootError,
    DeadlineExceeded,
    EncodingError,
    NotReady,
    QueueFull,
    RefusedValue,
    RequestProblem,
    ScoredockError,
    Unavailable,
)
from scoredock.web.answers import message_answer, problem_answer, status_answer

INTERNAL = "An unexpected internal error occurred. Check the logs for more info."


@pytest.mark.parametrize(
    ("error", "status", "message", "failed"),
    [
        (RequestProblem(418, "teapot"), 418, "teapot", "False"),
        (RefusedValue("a.b", "a number", "null"), 400, "a.b: expected a number, got null", "False"),
        (QueueFull("full"), 429, "full", "False"),
        (NotReady("starting"), 503, "starting", "False"),
        (Unavailable("later"), 503, "later", "False"),
        (DeadlineExceeded(250), 500, "Scoring timeout after 250 ms", "True"),
        (EncodingError("secret"), 500, INTERNAL, "False"),
        (BootError("init", "secret"), 500, INTERNAL, "False"),
        (Abandoned("secret"), 500, INTERNAL, "False"),
        (ScoredockError("secret"), 500, INTERNAL, "False"),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Exception) else "",
)
def test_each_error_has_its_status_and_words(error: ScoredockError, status: int, message: str, failed: str) -> None:
    answer = problem_answer(error)
    headers = dict(answer.headers)
    assert (answer.status, json.loads(answer.body)) == (status, {"message": message})
    assert headers[b"content-type"] == b"application/json"
    assert headers[b"x-ms-run-function-failed"] == failed.encode()


@pytest.mark.parametrize("error", [QueueFull("x", 7), NotReady("x", 7)])
def test_what_may_be_retried_says_when(error: Unavailable) -> None:
    assert dict(problem_answer(error).headers)[b"retry-after"] == b"7"


def test_a_message_may_hold_any_character() -> None:
    text = 'a "quoted" ü ☃ \n line'
    assert json.loads(message_answer(400, text).body) == {"message": text}


def test_a_probe_that_fails_says_when_to_ask_again() -> None:
    assert b"retry-after" in dict(status_answer(503, {"message": "x"}).headers)
    assert b"retry-after" not in dict(status_answer(200, {}).headers)
