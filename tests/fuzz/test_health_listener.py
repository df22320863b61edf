"""The supervisor's own listener, which answers while no worker is ready, meets the same table of strange requests."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from scoredock.server.health import Health, HealthListener
from servers import wait_until

from .answers import Answers
from .malformed import CASES, Case


@pytest.fixture(scope="module")
def ports() -> Iterator[tuple[int, int]]:
    """The serving port and the separate one of a server that is loading."""
    serving, separate = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    serving.setblocking(False)
    ports = serving.getsockname()[1], separate.getsockname()[1]
    listener = HealthListener(lambda: Health(False, "loading", 1.0), [serving], separate)
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            listener.poll(0.05)

    thread = threading.Thread(target=work)
    thread.start()
    yield ports
    over.set()
    thread.join()
    listener.close()
    serving.close()


def ask(port: int, data: bytes) -> int:
    """The status that comes back, with a body that is as long as it says, and then the end."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(data)
        answers = Answers(client, heads=data.startswith(b"HEAD "))
        status = answers.next().status
        assert answers.rest() == b"", "more than one answer"
        return status


@pytest.mark.parametrize("case", [case for case in CASES if len(case.data) < 2000], ids=lambda case: case.name)
def test_it_gets_one_answer_and_the_connection_is_closed(case: Case, ports: tuple[int, int]) -> None:
    for port in ports:
        # it reads a head and no body: what never ends its head waits until the listener's patience is over
        if b"\r\n\r\n" in case.data:
            assert ask(port, case.data) in (200, 400, 404, 503, 505)
    assert ask(ports[0], b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n") == 200
    assert ask(ports[1], b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n") == 503


def test_more_silent_clients_than_there_is_room_for_keep_nobody_out(ports: tuple[int, int]) -> None:
    silent = [socket.create_connection(("127.0.0.1", port), timeout=10) for port in ports for _ in range(200)]
    for client, said in zip(silent, [b"", b"G", b"GET / HTTP/1.1\r\n", b"\0"] * 100, strict=True):
        with contextlib.suppress(OSError):  # it has made room already
            client.sendall(said)
    for _ in range(5):
        assert ask(ports[0], b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n") == 200
        assert ask(ports[1], b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n") == 503
    for client in silent:
        client.close()


def test_clients_that_say_nothing_or_leave_keep_nobody_out(ports: tuple[int, int]) -> None:
    silent = [socket.create_connection(("127.0.0.1", ports[0]), timeout=10) for _ in range(20)]
    for place in range(1, 40):
        with socket.create_connection(("127.0.0.1", ports[0]), timeout=10) as client:
            client.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"[:place])
    assert ask(ports[0], b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n") == 200
    for client in silent:
        wait_until(lambda client=client: client.recv(1) == b"", what="the end of a silent connection")
        client.close()
