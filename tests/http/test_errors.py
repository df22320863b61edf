"""Faults of the script: the status they choose, what the client is told, what the log tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from servers import InProcess

Start = Callable[..., InProcess]
Lines = Callable[[], list[str]]
SCRIPT_FAULT = "An unexpected error occurred in scoring script. Check the logs for more info."
OWN_ERROR = """
class OwnError(Exception):
    def __init__(self, message, status_code):
        super().__init__(message)
        self.status_code = status_code
"""


@pytest.mark.parametrize(
    "body",
    [
        "raise ValueError('a secret')",
        "return {}['a secret']",
        "raise TimeoutError('a secret')",
        "raise SystemExit('a secret')",
        "raise KeyboardInterrupt('a secret')",
        "raise GeneratorExit('a secret')",
        "raise BaseExceptionGroup('a secret', [ValueError(1), SystemExit(2)])",
        "import asyncio; raise asyncio.CancelledError('a secret')",
        "def deep(): return deep()\nreturn deep()",
        "import sys; sys.exit(3)",
        "raise StopIteration('a secret')",
    ],
)
def test_a_fault_of_the_script_is_500_and_its_detail_is_for_the_log_alone(
    body: str, text_script: Start, log_lines: Lines
) -> None:
    service = text_script(body)
    response = service.post(content="x", headers={"x-request-id": "req-1"})
    assert response.status_code == 500
    assert response.json() == {"message": SCRIPT_FAULT}
    assert response.headers["x-ms-run-function-failed"] == "True"
    assert any("[req-1] run() raised" in line for line in log_lines())
    assert ("a secret" in body) == any("a secret" in line for line in log_lines())
    assert service.post(content="x").json() == {"message": SCRIPT_FAULT}


def test_the_traceback_starts_in_the_script(text_script: Start, log_lines: Lines) -> None:
    text_script("raise ValueError('x')").post(content="x")
    text = "\n".join(log_lines())
    assert "score.py" in text
    assert "in run" in text
    assert "scoredock/web" not in text


@pytest.mark.parametrize("status", [400, 404, 418, 422, 429, 499, 500, 503, 599])
def test_the_scripts_own_exception_chooses_status_and_words(status: int, text_script: Start) -> None:
    response = text_script(f"raise OwnError('too small', {status})", head=OWN_ERROR).post(content="x")
    assert response.status_code == status
    assert response.json() == {"message": "too small"}
    assert response.headers["x-ms-run-function-failed"] == str(status >= 500)


@pytest.mark.parametrize(
    "status", [0, 200, 302, 399, 600, -1, "422", "None", "True", "4.5", "'404'", "[404]", "10**30"]
)
def test_a_status_code_that_is_none_is_a_plain_fault(status: Any, text_script: Start) -> None:
    value = repr(status) if status == "422" else status
    response = text_script(f"raise OwnError('secret', {value})", head=OWN_ERROR).post(content="x")
    assert (response.status_code, response.json()) == (500, {"message": SCRIPT_FAULT})


def test_an_enumerated_status_counts(text_script: Start) -> None:
    body = "import http; raise OwnError('gone', http.HTTPStatus.GONE)"
    assert text_script(body, head=OWN_ERROR).post(content="x").status_code == 410


def test_an_exception_of_the_scripts_helper_module_speaks_for_itself(
    text_script: Start, write_script: Callable[..., Any]
) -> None:
    write_script(OWN_ERROR, "own_errors_of_this_test.py")
    response = text_script(
        "raise OwnError('too small', 422)", head="from own_errors_of_this_test import OwnError"
    ).post(content="x")
    assert (response.status_code, response.json()) == (422, {"message": "too small"})


def test_a_librarys_exception_keeps_its_text_for_the_log(text_script: Start, log_lines: Lines) -> None:
    body = "error = ValueError('a secret'); error.status_code = 404; raise error"
    response = text_script(body).post(content="x")
    assert response.status_code == 404
    assert "a secret" not in response.text
    assert "404" in response.json()["message"]
    assert any("a secret" in line for line in log_lines())


@pytest.mark.parametrize(
    ("attribute", "value", "expected"),
    [
        ("detail", "for the client", "for the client"),
        ("description", "for the client", "for the client"),
        ("detail", [{"loc": 1}], None),
        ("detail", "", ""),
    ],
)
def test_a_detail_is_meant_for_the_client(attribute: str, value: Any, expected: str | None, text_script: Start) -> None:
    body = f"error = ValueError('secret'); error.status_code = 422; error.{attribute} = {value!r}; raise error"
    response = text_script(body).post(content="x")
    assert response.status_code == 422
    assert "secret" not in response.text
    if expected is not None:
        assert response.json() == {"message": expected}


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ("raise NotFound('no such model')", 404, "no such model"),
        ("raise NotFound()", 404, "not found"),
        ("raise ServiceUnavailable('later')", 503, "later"),
        ("abort(409, 'busy')", 409, "busy"),
    ],
)
def test_an_http_exception_of_werkzeug_chooses_the_status(
    body: str, status: int, told: str, text_script: Start
) -> None:
    head = "from werkzeug.exceptions import NotFound, ServiceUnavailable, abort"
    response = text_script(body, head=head).post(content="x")
    assert response.status_code == status
    assert told in response.json()["message"]


@pytest.mark.parametrize(
    "definition",
    [
        "def __str__(self): raise RuntimeError('no text')",
        "status_code = property(lambda self: 1 / 0)",
        "detail = property(lambda self: 1 / 0)",
        "__module__ = 5",
        "def __repr__(self): raise RuntimeError('no text')",
    ],
)
def test_an_exception_that_is_broken_itself_is_a_fault_of_the_script(definition: str, text_script: Start) -> None:
    head = f"class Broken(Exception):\n    status_code = 422\n    {definition}\n"
    service = text_script("raise Broken('x')", head=head)
    response = service.post(content="x")
    assert response.status_code in (422, 500)
    assert "internal error" not in response.text
    assert response.headers["x-ms-run-function-failed"] == str(response.status_code >= 500)
    assert service.post(content="x").status_code == response.status_code


@pytest.mark.parametrize(
    "expression",
    ["Broken()", "[Broken()]", "{Broken(): 1}", "{'a': Broken(), 1: 2}", "BrokenList([1])", "(x for x in [1])"],
)
def test_a_result_that_is_broken_itself_is_a_fault_of_the_script(expression: str, text_script: Start) -> None:
    head = """
class Broken:
    def __getattr__(self, name): raise RuntimeError(name)
    def __repr__(self): raise RuntimeError('no text')
class BrokenList(list):
    def __iter__(self): raise RuntimeError('no items')
    def __len__(self): raise RuntimeError('no length')
"""
    response = text_script(f"return {expression}", head=head).post(content="x")
    if response.status_code == 500:
        assert response.json() == {"message": SCRIPT_FAULT}
        assert response.headers["x-ms-run-function-failed"] == "True"
    else:
        assert expression == "BrokenList([1])"
