"""The supervisor's listener, on real sockets."""

from __future__ import annotations

import socket
import threading

import httpx
import pytest

from scoredock.server.health import MAX_CONNECTIONS, UNRESPONSIVE, Health, HealthListener
from servers import wait_until


class Listening:
    """A listener with a serving and a separate socket, polled in a thread."""

    def __init__(self):
        self.health = Health(ready=False, phase="init", elapsed_s=3.2)
        self.serving = socket.create_server(("127.0.0.1", 0))
        self.serving.setblocking(False)
        self.separate = socket.create_server(("127.0.0.1", 0))
        self.listener = HealthListener(lambda: self.health, [self.serving], self.separate)
        self.serving_url = f"http://127.0.0.1:{self.serving.getsockname()[1]}"
        self.separate_url = f"http://127.0.0.1:{self.separate.getsockname()[1]}"


@pytest.fixture
def listening():
    setup = Listening()
    with setup.listener.in_thread():
        yield setup
    setup.listener.close()
    setup.serving.close()


def test_not_ready_says_phase_and_time(listening):
    for url in (listening.serving_url, listening.separate_url):
        answer = httpx.get(f"{url}/readyz")
        assert answer.status_code == 503
        assert answer.json() == {"message": "Not ready: init for 3.2 s", "phase": "init", "elapsed_s": 3.2}
        assert answer.headers["retry-after"] == "1"
        assert httpx.get(f"{url}/livez").json() == {"status": "alive"}


def test_a_large_request_is_refused_so_that_the_client_can_read_it(listening):
    answer = httpx.post(f"{listening.serving_url}/score", content=b"x" * 300_000)
    assert answer.status_code == 503


def test_head_has_no_body(listening):
    answer = httpx.head(f"{listening.separate_url}/readyz")
    assert answer.status_code == 503
    assert answer.content == b""


def test_ready_leaves_the_serving_socket_to_the_workers(listening):
    listening.health = Health(ready=True, phase="ready")
    assert httpx.get(f"{listening.separate_url}/").text == "Healthy"
    with socket.create_connection(listening.serving.getsockname()) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(1)


def test_who_came_before_readiness_and_asks_after_it_is_told_to_come_again(listening):
    with socket.create_connection(listening.serving.getsockname()) as client:
        wait_until(lambda: listening.listener._connections, what="the connection's acceptance")
        listening.health = Health(ready=True, phase="ready")
        client.sendall(b"POST /score HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        client.settimeout(5)
        answer = client.recv(1000)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nRetry-After: 1\r\n" in answer
    assert b"send the request again" in answer


@pytest.mark.parametrize("request_bytes", [b"\r\n\r\n", b"nonsense\r\n\r\n", b"\x00\xff \r\n\r\n", b"a" * 20_000])
def test_nonsense_is_answered_and_does_no_harm(listening, request_bytes):
    with socket.create_connection(listening.separate.getsockname()) as client:
        client.sendall(request_bytes)
        client.settimeout(5)
        assert client.recv(100).startswith(b"HTTP/1.1 404")
    assert httpx.get(f"{listening.separate_url}/livez").status_code == 200


def test_silent_connections_do_not_keep_others_out(listening):
    silent = [socket.create_connection(listening.separate.getsockname()) for _ in range(50)]
    try:
        assert httpx.get(f"{listening.separate_url}/livez").status_code == 200
    finally:
        for one in silent:
            one.close()


def test_connections_are_bounded(listening):
    many = [socket.create_connection(listening.separate.getsockname()) for _ in range(MAX_CONNECTIONS + 1)]
    try:
        many[0].settimeout(3)  # less than the patience that the listener has with those who say nothing
        assert many[0].recv(1) == b""
        wait_until(lambda: len(listening.listener._connections) == MAX_CONNECTIONS, what="all the others")
        many[-1].sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
        many[-1].settimeout(5)
        assert many[-1].recv(100).startswith(b"HTTP/1.1 200 OK")
    finally:
        for one in many:
            one.close()


@pytest.mark.parametrize("port", ["serving", "separate"])
@pytest.mark.parametrize("said", [b"", b"GET /livez HTTP/1.1\r\n"])
def test_probes_are_answered_while_more_connections_than_there_is_room_for_say_nothing(listening, port, said):
    address = getattr(listening, port).getsockname()
    silent = []
    try:
        for _ in range(MAX_CONNECTIONS + 44):
            silent.append(socket.create_connection(address))
            silent[-1].sendall(said)
        for _ in range(20):
            assert httpx.get(f"{getattr(listening, port + '_url')}/livez").status_code == 200
    finally:
        for one in silent:
            one.close()


def test_the_serving_socket_stays_with_workers_that_are_unresponsive(listening):
    listening.health = Health(ready=False, phase=UNRESPONSIVE, elapsed_s=6.0)
    answer = httpx.get(f"{listening.separate_url}/readyz")
    assert (answer.status_code, answer.json()["phase"]) == (503, "unresponsive")
    with socket.create_connection(listening.serving.getsockname()) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(1)


def test_no_thread_is_left(listening):
    assert [thread.name for thread in threading.enumerate()].count("health") == 1
