"""Streamed answers: when their head goes out, and what is said of those that break."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from servers import InProcess, wait_until

Start = Callable[..., InProcess]
FAILS = """
    def pieces():
        for piece in {before!r}:
            yield piece
        raise RuntimeError("no model")
    return flask.Response(pieces())
"""


@pytest.mark.parametrize("before", [[], [b"", b""]])
def test_a_stream_that_fails_before_its_first_bytes_is_a_500(
    before: list[bytes], raw_script: Start, log_lines: Callable[[], list[str]]
) -> None:
    service = raw_script(FAILS.format(before=before), AML_CORS_ORIGINS="*")
    answer = service.post(headers={"x-request-id": "mine", "origin": "https://a.example"})
    assert (answer.status_code, answer.headers["x-ms-run-function-failed"]) == (500, "True")
    assert answer.headers["x-request-id"] == "mine"
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    assert "scoring script" in answer.json()["message"]
    wait_until(lambda: any("[mine] POST /score 500" in line for line in log_lines()))
    assert any("no model" in line for line in log_lines())


def test_the_connection_stays_after_such_a_500(raw_script: Start, wire: Any) -> None:
    client = wire(raw_script(FAILS.format(before=[])))
    for _ in range(2):
        client.post(b"x")
        assert client.answer()[0].startswith("500 ")


def test_a_stream_that_is_late_before_its_first_bytes_says_so(raw_script: Start) -> None:
    service = raw_script(
        """
        def pieces():
            until = time.monotonic() + 5
            while time.monotonic() < until:
                pass
            yield b"late"
        return flask.Response(pieces())
        """,
        head="import time\n",
        SCORING_TIMEOUT_MS="200",
    )
    answer = service.post()
    assert (answer.status_code, answer.json()["message"]) == (500, "Scoring timeout after 200 ms")


def test_a_stream_that_breaks_later_is_told_in_the_log_and_the_metrics(
    raw_script: Start, wire: Any, log_lines: Callable[[], list[str]]
) -> None:
    service = raw_script(FAILS.format(before=[b"one"]), SCOREDOCK_METRICS="true")
    client = wire(service)
    client.send("GET /score HTTP/1.1")
    assert client.head()[0] == "200 OK"
    assert client.rest() == b"3\r\none\r\n"
    wait_until(lambda: any("GET /score 200" in line and "ms broken" in line for line in log_lines()))
    wait_until(lambda: "scoredock_streams_broken_total 1" in service.get("/metrics").text)


def test_an_empty_stream_is_a_whole_answer(raw_script: Start, log_lines: Callable[[], list[str]]) -> None:
    answer = raw_script("return flask.Response(b'' for _ in range(3))").post()
    assert (answer.status_code, answer.content) == (200, b"")
    wait_until(lambda: any("POST /score 200" in line and "ms N/A" in line for line in log_lines()))


def test_a_slow_reader_keeps_the_scoring_thread_for_a_while_at_most(
    raw_script: Start, wire: Any, monkeypatch: pytest.MonkeyPatch, log_lines: Callable[[], list[str]]
) -> None:
    monkeypatch.setattr("scoredock.web.streaming.PATIENCE_S", 1.0)
    endless = "flask.Response(b'x' * 100_000 for _ in iter(int, 1))"
    service = raw_script(f"return {endless} if request.method == 'GET' else 1")
    client = wire(service)
    client.send("GET /score HTTP/1.1")
    assert client.head()[0] == "200 OK"
    began = time.monotonic()
    assert service.post().json() == 1
    assert time.monotonic() - began < 15
    assert any("takes it too slowly" in line for line in log_lines())
    wait_until(lambda: any("GET /score 200" in line and "ms broken" in line for line in log_lines()))
