"""Clients that read slowly, not at all, or send slowly while the server ends."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from scoredock.web.states import Phase
from servers import InProcess, wait_until

Start = Callable[..., InProcess]
ENDLESS = "return flask.Response(b'x' * 1_000_000 for _ in iter(int, 1)) if request.method == 'GET' else 'ok'"
GATED = """
    def pieces():
        yield b"first"
        gate.wait(20)
        yield b" last"
    return flask.Response(pieces())
"""
GATE = "import threading\ngate = threading.Event()\n"


def only_connection(service: InProcess) -> Any:
    """The one connection that a service has."""
    (connection,) = wait_until(lambda: service.connections)
    return connection


def test_a_slow_but_steady_reader_gets_all_of_its_answer(text_script: Start, wire: Any) -> None:
    size = 24_000_000
    client = wire(text_script("return 'x' * 23_999_998", idle_s=0.4))
    client.post(b"", "Connection: close")
    assert client.head()[0] == "200 OK"
    received, started = 0, time.monotonic()
    while piece := client._file.read1(200_000):
        received += len(piece)
        pause_s = started + 1.2 * received / size - time.monotonic()
        if pause_s > 0:
            time.sleep(pause_s)
    assert received == size


def test_a_client_that_stops_reading_a_stream_does_not_keep_the_scoring_thread(raw_script: Start, wire: Any) -> None:
    service = raw_script(ENDLESS, idle_s=0.3)
    wire(service).send("GET /score HTTP/1.1")
    connection = only_connection(service)
    wait_until(lambda: connection.busy)
    assert service.request("POST", "/score").json() == "ok"
    wait_until(lambda: connection not in service.connections)


def test_a_stream_may_take_longer_than_a_client_may_be_idle(raw_script: Start, wire: Any) -> None:
    service = raw_script("import time\nreturn flask.Response(time.sleep(0.2) or b'x' for _ in range(4))", idle_s=0.1)
    client = wire(service)
    client.send("GET /score HTTP/1.1")
    assert client.head()[0] == "200 OK"
    assert client.rest().endswith(b"0\r\n\r\n")


def test_a_late_stream_ends_though_its_client_does_not_read(raw_script: Start, wire: Any) -> None:
    service = raw_script(ENDLESS, SCORING_TIMEOUT_MS="200")
    client = wire(service)
    client.send("GET /score HTTP/1.1")
    connection = only_connection(service)
    wait_until(lambda: connection.busy)
    wait_until(lambda: not connection.busy)
    assert not client.rest().endswith(b"0\r\n\r\n")  # it ends, and the client sees that something is missing


@pytest.mark.parametrize("sent", ["half of the body", "half of the headers", "a chunk"])
def test_a_server_that_ends_waits_for_a_request_that_is_coming(sent: str, text_script: Start, wire: Any) -> None:
    service = text_script()
    client = wire(service)
    if sent == "half of the body":
        client.send("POST /score HTTP/1.1", "Content-Length: 10", body=b"01234")
        rest = b"56789"
    elif sent == "a chunk":
        client.send("POST /score HTTP/1.1", "Transfer-Encoding: chunked", body=b"5\r\n01234\r\n")
        rest = b"5\r\n56789\r\n0\r\n\r\n"
    else:
        client.socket.sendall(b"POST /score HTTP/1.1\r\nHost: a\r\nContent-")
        rest = b"Length: 10\r\n\r\n0123456789"
    wait_until(lambda: only_connection(service)._reader.inside)
    service.tell_connections_to_end()
    client.socket.sendall(rest)
    status, headers = client.head()
    assert (status, headers["connection"]) == ("200 OK", "close")
    assert client.rest() == b'"0123456789"'


def test_a_server_that_ends_does_not_wait_for_ever(text_script: Start, wire: Any) -> None:
    service = text_script()
    client = wire(service)
    client.send("POST /score HTTP/1.1", "Content-Length: 10", body=b"01234")
    connection = only_connection(service)
    wait_until(lambda: connection._reader.inside)
    service.tell_connections_to_end()
    service._loop.call_soon_threadsafe(connection.hang_up)
    assert client.is_closed()


@pytest.mark.parametrize("end", ["the server ends", "rubbish comes"])
def test_a_connection_that_is_to_close_closes_after_its_stream(end: str, raw_script: Start, wire: Any) -> None:
    service = raw_script(GATED, head=GATE)
    client = wire(service)
    client.send("GET /score HTTP/1.1")
    assert client.head()[0] == "200 OK"
    if end == "the server ends":
        service.tell_connections_to_end()
    else:
        client.socket.sendall(b"\x16\x03\x01 rubbish\r\n\r\n")
        wait_until(lambda: only_connection(service)._phase is Phase.CLOSING)
    sys.modules["entry_module"].gate.set()
    assert client.rest().endswith(b" last\r\n0\r\n\r\n")


@pytest.mark.parametrize("lengths", [["'10, 10'"], ["'ten'"], ["'-1'"], ["'1_0'"], ["'9' * 5000"], ["'10'", "'10'"]])
def test_a_stream_with_a_length_that_is_none_is_the_scripts_fault(
    lengths: list[str], raw_script: Start, log_lines: Callable[[], list[str]]
) -> None:
    service = raw_script(
        "response = flask.Response(b'x' for _ in range(10))\n"
        + "".join(f"response.headers.add('Content-Length', {one})\n" for one in lengths)
        + "return response if request.method == 'POST' else 'next'"
    )
    response = service.post()
    assert response.status_code == 500
    assert response.headers["x-ms-run-function-failed"] == "True"
    assert any("'Content-Length'" in line for line in log_lines())
    assert service.get("/score").json() == "next"


def test_the_requests_before_rubbish_are_all_answered(
    text_script: Start, wire: Any, background: Callable[..., Future[Any]]
) -> None:
    client = wire(text_script("gate.wait(20); return data", head=GATE))
    one = b"POST /score HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n"
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.socket.sendall(b"".join(one + b"%d" % number for number in range(3)) + b"\x16\x03\x01 rubbish\r\n\r\n")
    sys.modules["entry_module"].gate.set()
    answers = [client.answer() for _ in range(3)]
    assert answers == [("200 OK", b'"%d"' % number) for number in range(3)]
    assert client.is_closed()
