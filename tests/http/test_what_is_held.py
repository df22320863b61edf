"""What a worker counts of its clients, bodies held and connections, is nothing again however their requests end."""

from __future__ import annotations

import contextlib
import gc
import gzip
import os
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from certificates import Issued, issue
from scoredock.web.decompression import Decompression
from scoredock.web.incoming import Incoming
from servers import InProcess, wait_until

SCRIPT = """
    import threading
    from azureml.contrib.services.aml_request import rawhttp
    from flask import Response

    entered, gate = threading.Event(), threading.Event()

    def init():
        pass

    @rawhttp
    def run(request):
        wish = request.get_data()
        if wish.startswith(b"wait"):
            entered.set()
            gate.wait(20)
        if wish.startswith(b"raise"):
            raise ValueError
        if wish.startswith(b"stream"):
            return Response(b"y" * 100_000 for _ in range(200))
        return Response(str(len(wish)))
"""
KEY = "a-key-that-nobody-guesses"
MIB = 1024 * 1024

Connect = Callable[[], Any]


def request(body: bytes, more: bytes = b"", path: bytes = b"/score", key: str = KEY) -> bytes:
    head = b"POST %b HTTP/1.1\r\nhost: a\r\nauthorization: Bearer %b\r\n%b" % (path, key.encode(), more)
    return head + b"content-length: %d\r\n\r\n" % len(body) + body


def chunked(*chunks: bytes, more: bytes = b"") -> bytes:
    head = b"POST /score HTTP/1.1\r\nhost: a\r\nauthorization: Bearer %b\r\n%btransfer-encoding: chunked\r\n\r\n"
    return head % (KEY.encode(), more) + b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in chunks)


def zipped(body: bytes, cut: int | None = None) -> bytes:
    return request(gzip.compress(body)[:cut], b"content-encoding: gzip\r\n")


LAST = b"connection: close\r\n"
ENDS = {
    "one": request(b"x" * 100_000, LAST),
    "pipelined": request(b"x" * 70_000) * 20 + request(b"", LAST),
    "chunked": chunked(b"a" * 5000, b"b", b"c" * 90_000, more=LAST) + b"0\r\n\r\n",
    "run() raises": request(b"raise" * 10_000, LAST),
    "no route": request(b"x" * 1000, LAST, b"/nowhere"),
    "a page with a body": request(b"x" * 1000, LAST, b"/livez"),
    "metrics with a body": request(b"x" * 1000, LAST, b"/metrics"),
    "a wrong key": request(b"x" * 1000, LAST, key="wrong"),
    "a wrong key and a long body": request(b"x" * 200_000, key="wrong"),
    "too long by its length": request(b"x" * (MIB + 1)),
    "too long by its chunks": chunked(*[b"x" * 100_000] * 12) + b"0\r\n\r\n",
    "too long behind another one": request(b"x" * 70_000) + request(b"x" * (MIB + 1)),
    "no HTTP": b"nonsense\r\n\r\n",
    "no HTTP behind others": request(b"x" * 70_000) * 3 + b"nonsense\r\n\r\n",
    "no chunk": chunked(b"x" * 70_000) + b"nonsense\r\n",
    "too late": request(b"x" * 70_000)[:-1],
    "gzip": zipped(b"x" * 500_000).replace(b"host: a\r\n", b"host: a\r\n" + LAST),
    "gzip at once": zipped(b"x" * 50).replace(b"host: a\r\n", b"host: a\r\n" + LAST),
    "gzip that ends too early": zipped(b"x" * 500_000, -9) + request(b"", LAST),
    "gzip that is none": request(b"x" * 70_000, b"content-encoding: gzip\r\n") + request(b"", LAST),
    "gzip of too much": zipped(bytes(2 * MIB)) + request(b"", LAST),
    "a stream": request(b"stream" * 10_000, LAST),
    "a stream in HTTP/1.0": request(b"stream" * 10_000).replace(b"HTTP/1.1", b"HTTP/1.0"),
}
LEFT = {
    "in its head": request(b"")[:30],
    "in its body": request(b"x" * 100_000)[:-1],
    "in a chunk": chunked(b"x" * 70_000, b"y" * 10_000)[:-100],
    "in a refused body": request(b"x" * (MIB + 1))[:-1],
    "while it waits": request(b"wait" * 20_000),
    "with others behind": request(b"wait" * 20_000)
    + request(b"x" * 70_000) * 40,  # more than 64, and nothing more is read, not even that it left
    "with a part behind": request(b"wait" * 20_000) + request(b"x" * 70_000)[:-1],
    "with a wrong one behind": request(b"wait" * 20_000) + request(b"x" * 70_000) + b"nonsense\r\n\r\n",
    "while it is decompressed": zipped(bytes(MIB)) * 5,
    "while it is streamed to": request(b"stream" * 10_000),
}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Issued:
    return issue(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(params=["plain", "tls"])
def service(in_process: Callable[..., InProcess], certificate: Issued, request: Any) -> Iterator[InProcess]:
    tls = certificate.variables if request.param == "tls" else {}
    limits = {"SCOREDOCK_MAX_BODY_MB": "1", "SCOREDOCK_BODY_TIMEOUT_S": "1", "SCOREDOCK_METRICS": "true"}
    yield in_process(SCRIPT, SCOREDOCK_PRIMARY_KEY=KEY, **limits, **tls)
    sys.modules["entry_module"].gate.set()


@pytest.fixture
def connect(service: InProcess, certificate: Issued) -> Iterator[Connect]:
    context = ssl.create_default_context(cafile=str(certificate.chain))
    with contextlib.ExitStack() as opened:

        def connected() -> Any:
            client: Any = opened.enter_context(socket.create_connection(("127.0.0.1", service.port), 20))
            if service._tls is not None:
                client = opened.enter_context(context.wrap_socket(client, server_hostname="127.0.0.1"))
            return client

        yield connected


def send(client: Any, data: bytes) -> None:
    with contextlib.suppress(OSError):  # a server that refuses does not read on for long
        client.sendall(data)


def expect_nothing_held(service: InProcess) -> None:
    intake = service.service.gateway.intake
    wait_until(lambda: (intake.held, intake.connections) == (0, 0), what="an empty intake")


def test_after_every_way_that_a_request_ends(service: InProcess, connect: Connect) -> None:
    for name, data in ENDS.items():
        client = connect()
        send(client, data)
        received = bytearray()
        with contextlib.suppress(OSError):
            while piece := client.recv(MIB):
                received += piece
        assert received.startswith(b"HTTP/1.1 "), name
        client.close()
        expect_nothing_held(service)


def test_after_every_way_that_a_client_leaves(service: InProcess, connect: Connect) -> None:
    module, intake = sys.modules["entry_module"], service.service.gateway.intake
    for name, data in LEFT.items():
        module.entered.clear()
        module.gate.clear()
        client = connect()
        send(client, data)
        if b"waitwait" in data:
            assert module.entered.wait(10), name
        elif b"stream" in data:
            client.recv(10)
        else:
            wait_until(lambda: intake.connections == 1)
        client.close()
        expect_nothing_held(service)
        module.gate.set()
        wait_until(lambda: service.service._engine.unfinished == 0)
        expect_nothing_held(service)


@pytest.fixture
def held_up(service: InProcess) -> Iterator[threading.Event]:
    """Nothing is decompressed until this is set."""
    gate = threading.Event()
    service.service.gateway._decompressor._thread = thread = ThreadPoolExecutor(1)
    thread.submit(gate.wait, 20)
    yield gate
    gate.set()
    thread.shutdown()


def test_nothing_of_those_who_left_waits_to_be_decompressed(
    service: InProcess, connect: Connect, held_up: threading.Event
) -> None:
    gateway = service.service.gateway
    for data in (os.urandom(MIB // 2), *[bytes(MIB // 2)] * 4):  # the zeros' beginning is decompressed at once
        client = connect()
        send(client, zipped(data))
        wait_until(lambda: gateway._decompressing)
        client.close()
        expect_nothing_held(service)
    gc.collect()
    things = [one for one in gc.get_objects() if isinstance(one, (Incoming, Decompression))]
    assert len(things) >= 10  # in the thread's queue
    sizes = [len(one.body) if isinstance(one, Incoming) else len(one._body) + len(one.body) for one in things]
    assert sizes == [0] * len(things)
    held_up.set()
    client = connect()
    send(client, zipped(b"x" * 500_000))
    assert client.recv(MIB).startswith(b"HTTP/1.1 200 ")


def test_as_many_wait_to_be_decompressed_as_to_be_scored(service: InProcess, connect: Connect, held_up: Any) -> None:
    gateway = service.service.gateway
    gateway._max_queue = 3
    clients = [connect() for _ in range(4)]
    for client in clients:
        send(client, zipped(bytes(500_000)))  # few bytes, which make many
    wait_until(lambda: len(gateway._decompressing) == 4)
    refused = connect()
    send(refused, zipped(bytes(500_000)))
    answer = refused.recv(MIB)
    assert answer.startswith(b"HTTP/1.1 429 ")
    assert b"SCOREDOCK_MAX_QUEUE" in answer
    held_up.set()
    for client in clients:
        assert client.recv(MIB).startswith(b"HTTP/1.1 200 ")


def test_what_is_decompressed_when_the_server_has_ended_is_refused(
    service: InProcess, connect: Connect, held_up: threading.Event
) -> None:
    gateway = service.service.gateway
    client = connect()
    send(client, zipped(b"x" * 500_000))
    wait_until(lambda: gateway._decompressing)
    assert service.service.unfinished == 1
    service._call(service.service.drain(0))
    held_up.set()
    assert client.recv(MIB).startswith(b"HTTP/1.1 503 ")


def test_when_the_server_ends(service: InProcess, connect: Connect) -> None:
    module, intake = sys.modules["entry_module"], service.service.gateway.intake
    clients = [connect() for _ in range(8)]
    for number, client in enumerate(clients):
        send(client, request(b"wait" * 20_000) * number if number % 2 else request(b"x" * 100_000)[:-number])
    assert module.entered.wait(10)
    wait_until(lambda: intake.held > 1_000_000)
    service.tell_connections_to_end()
    service._call(service.service.drain(0))
    for connection in list(service.connections):
        service._loop.call_soon_threadsafe(connection.hang_up)
    module.gate.set()
    expect_nothing_held(service)
