"""Headers in and out: ids, echoes, times, versions."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest

import scoredock
from servers import InProcess

Start = Callable[..., InProcess]
ANSWERS = [
    ("GET", "/", 200),
    ("GET", "/swagger.json", 200),
    ("POST", "/score", 200),
    ("OPTIONS", "/score", 200),
    ("PUT", "/score", 405),
    ("GET", "/nothing", 404),
]
every_answer = pytest.mark.parametrize(("method", "path", "status"), ANSWERS)


def ids(response: Any) -> tuple[str | None, ...]:
    """Request id, legacy id and client id of an answer."""
    names = ("x-request-id", "x-ms-request-id", "x-ms-client-request-id")
    return tuple(response.headers.get(name) for name in names)


@every_answer
def test_a_request_without_ids_gets_a_uuid_of_its_own(method: str, path: str, status: int, text_script: Start) -> None:
    service = text_script()
    response = service.request(method, path)
    assert response.status_code == status
    request_id, legacy, client = ids(response)
    assert uuid.UUID(request_id).version == 4
    assert legacy == request_id
    assert client is None
    assert ids(service.request(method, path))[0] != request_id


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"x-request-id": "r"}, ("r", "r", None)),
        ({"x-request-id": "r", "x-ms-client-request-id": "c"}, ("r", "c", "c")),
        ({"x-request-id": "r", "x-ms-request-id": "m"}, ("r", "m", "m")),
        ({"x-request-id": "r", "x-ms-request-id": "m", "x-ms-client-request-id": "c"}, ("r", "m", "c")),
    ],
)
@every_answer
def test_ids_that_were_sent_come_back(
    method: str, path: str, status: int, sent: dict[str, str], expected: Any, text_script: Start
) -> None:
    response = text_script().request(method, path, headers=sent)
    assert response.status_code == status
    assert ids(response) == expected


@pytest.mark.parametrize("name", ["x-request-id", "x-ms-request-id", "x-ms-client-request-id"])
@pytest.mark.parametrize("path", ["/score", "/", "/nothing"])
def test_an_id_of_100_characters_is_taken_and_one_of_101_is_431(name: str, path: str, text_script: Start) -> None:
    service = text_script()
    taken = service.get(path, headers={name: "i" * 100})
    assert taken.status_code in (200, 404)
    assert taken.headers[name] == "i" * 100
    refused = service.get(path, headers={name: "i" * 101})
    assert refused.status_code == 431
    assert name in refused.json()["message"]
    assert "must not exceed 100 characters" in refused.json()["message"]
    assert "i" * 101 not in refused.headers.values()


def test_a_request_with_an_id_too_long_never_reaches_run(text_script: Start) -> None:
    service = text_script("calls.append(1); return len(calls)", head="calls = []")
    assert service.post(headers={"x-request-id": "i" * 101}).status_code == 431
    assert service.post().json() == 1


def test_the_legacy_header_is_warned_about_once(text_script: Start, log_lines: Callable[[], list[str]]) -> None:
    service = text_script()
    for _ in range(3):
        service.get("/", headers={"x-ms-request-id": "m"})
    assert sum("x-ms-request-id is deprecated" in line for line in log_lines()) == 1


@pytest.mark.parametrize("name", ["TraceId", "trace-id"])
@pytest.mark.parametrize("value", ["abc", "t" * 300])
@every_answer
def test_trace_ids_are_echoed(method: str, path: str, status: int, name: str, value: str, text_script: Start) -> None:
    response = text_script().request(method, path, headers={name: value})
    assert response.status_code == status
    assert response.headers[name] == value


def test_no_trace_id_is_made_up(text_script: Start) -> None:
    response = text_script().post()
    assert "traceid" not in response.headers
    assert "trace-id" not in response.headers


def test_a_run_that_returned_is_timed_to_the_microsecond(text_script: Start) -> None:
    response = text_script("import time; time.sleep(0.02); return data").post()
    assert re.fullmatch(r"\d+\.\d{3}", response.headers["x-ms-run-fn-exec-ms"])
    assert 20 <= float(response.headers["x-ms-run-fn-exec-ms"]) < 5000
    assert response.headers["x-ms-run-function-failed"] == "False"


@pytest.mark.parametrize("body", ["raise ValueError", "raise SystemExit"])
def test_a_run_that_raised_is_not_timed(body: str, text_script: Start) -> None:
    response = text_script(body).post()
    assert "x-ms-run-fn-exec-ms" not in response.headers
    assert response.headers["x-ms-run-function-failed"] == "True"


@every_answer
def test_the_servers_version_is_on_every_answer(method: str, path: str, status: int, text_script: Start) -> None:
    response = text_script().request(method, path)
    assert response.headers["x-ms-server-version"] == f"scoredock/{scoredock.__version__}"


@pytest.mark.parametrize(
    ("value", "shown"), [("true", True), ("True", True), ("false", False), ("0", False), ("disabled", False)]
)
def test_the_servers_version_can_be_switched_off(value: str, shown: bool, text_script: Start) -> None:
    response = text_script(SERVER_VERSION_LOG_RESPONSE_ENABLED=value).post()
    assert ("x-ms-server-version" in response.headers) is shown


@every_answer
def test_the_content_length_is_right(method: str, path: str, status: int, text_script: Start) -> None:
    response = text_script().request(method, path)
    assert int(response.headers["content-length"]) == len(response.content)


def test_no_header_is_sent_twice(text_script: Start, exchange: Callable[..., Any]) -> None:
    sent = [(b"x-request-id", b"r"), (b"x-ms-client-request-id", b"c"), (b"traceid", b"t")]
    reply = exchange(text_script(), headers=sent, chunks=[b"x"])
    names = [name for name, _ in reply.headers]
    assert sorted(names) == sorted(set(names))
    assert all(name == name.lower() for name in names)
