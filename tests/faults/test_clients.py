"""Clients that leave, that wait without asking, and that ask for what never ends."""

from __future__ import annotations

import contextlib
import resource
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from load import Load, percentile

from servers import wait_until

SCRIPT = """
    import ctypes, os, time
    from azureml.contrib.services.aml_request import rawhttp
    from azureml.contrib.services.aml_response import AMLResponse
    from flask import Response

    def init():
        pass

    def pieces():
        try:
            while True:
                yield b"x" * 1000
                time.sleep(0.01)
        finally:
            print("generator closed")

    @rawhttp
    def run(request):
        data = request.get_data(as_text=True)
        print("scoring", data[:20])
        if data == "stream":
            return Response(pieces())
        if data.startswith("sleep"):
            time.sleep(float(data.split()[1]))
        if data == "loop":
            while True:
                pass
        if data == "hold":
            ctypes.PyDLL(None).sleep(60)
        return AMLResponse(str(os.getpid()), 200)
"""


def send(server, body: str) -> socket.socket:
    """Send a request and do not wait for its answer."""
    client = socket.create_connection(("127.0.0.1", server.port))
    client.sendall(f"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    return client


@pytest.fixture
def clients():
    """A list of sockets that are closed in the end."""
    kept: list[socket.socket] = []
    yield kept
    for one in kept:
        one.close()


def test_what_a_client_has_left_is_not_scored_or_not_finished(serve):
    server = serve(SCRIPT)
    first = send(server, "sleep 1 first")
    wait_until(lambda: "scoring sleep 1 first" in server.output, what="the first")
    queued = send(server, "sleep 0 queued")
    wait_until(lambda: server.get("/livez").status_code == 200, what="the loop's turn")
    queued.close()
    wait_until(lambda: "POST /score 499" in server.output, what="the line of the one that left")
    first.close()  # while it is scored
    assert server.post(content="next", timeout=10).status_code == 200
    assert "scoring sleep 0 queued" not in server.output

    stream = send(server, "stream")
    assert b"200 OK" in stream.recv(100)
    stream.close()
    wait_until(lambda: "generator closed" in server.output, what="the generator's end")
    assert server.post(content="next", timeout=10).status_code == 200
    assert "Traceback" not in server.output


def test_clients_that_leave_all_the_time_cost_the_others_nothing(serve):
    server = serve(SCRIPT)
    with (
        Load(server.port, 10, body=b"sleep 0.01", patience_s=0.02, pause_s=0) as leaving,
        Load(server.port, 1, body=b"stay") as staying,
    ):
        wait_until(lambda: len(leaving.outcomes) > 300, 30, "clients that left")
        wait_until(lambda: len(staying.outcomes) > 20, 30, "answers")
    assert staying.tally().keys() == {200}
    assert "Traceback" not in server.output


@pytest.mark.parametrize("body", ["loop", "hold"])
def test_a_run_that_never_ends_costs_no_other_worker(serve, clients, body):
    server = serve(SCRIPT, "--worker_count", "2", SCORING_TIMEOUT_MS="500", WORKER_TIMEOUT="2")
    wait_until(lambda: server.output.count("is ready") == 2, what="two workers")
    with Load(server.port, 4, body=b"quick") as load:
        wait_until(lambda: len({one.body for one in load.succeeded}) == 2, what="answers of both workers")
        endless = send(server, body)
        endless.settimeout(15)
        clients.append(endless)
        began = time.monotonic()
        answer = endless.recv(1000) if body == "loop" else b""
        if body == "loop":
            assert answer.startswith(b"HTTP/1.1 500")
            assert time.monotonic() - began < 3
        else:
            wait_until(lambda: server.output.count("is ready") == 3, 20, "the successor")
        since = time.monotonic()
        wait_until(lambda: sum(one.sent > since for one in load.succeeded) > 200, what="more answers")
    lost = set(load.tally()) - {200}
    assert lost <= (set() if body == "loop" else {"closed", "reset"})
    assert len(load.failed) <= 4
    if body == "hold":
        assert "gave no sign of life for 2 s (WORKER_TIMEOUT)" in server.output


IDLE_CLIENT = """
import resource, socket, sys
port, number, address = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, number + 100), hard))
kept = []
for _ in range(number):
    client = socket.socket()
    client.bind((address, 0))
    client.connect(("127.0.0.1", port))
    kept.append(client)
print("connected", flush=True)
sys.stdin.read()
"""


def test_ten_thousand_idle_connections_leave_scoring_as_quick(serve):
    number, processes = 10_000, 4
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < number + 1000:
        pytest.skip(f"a process may open {hard} files here")
    server = serve(SCRIPT)
    (pid,) = [one.pid for one in psutil.Process(server.process.pid).children()]
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))

    def latency_s() -> float:
        with Load(server.port, 1) as load:
            wait_until(lambda: len(load.succeeded) > 200, what="answers")
        assert load.tally().keys() == {200}
        return percentile([one.duration_s for one in load.outcomes], 0.5)

    alone_s, alone = latency_s(), psutil.Process(pid).memory_info().rss
    clients = [
        subprocess.Popen(
            [sys.executable, "-c", IDLE_CLIENT, str(server.port), str(number // processes), f"127.0.0.{2 + index}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for index in range(processes)
    ]
    try:
        for client in clients:
            assert client.stdout is not None
            assert client.stdout.readline() == b"connected\n"
        wait_until(lambda: psutil.Process(pid).num_fds() > number, what="the server's side of them")
        crowded_s, crowded = latency_s(), psutil.Process(pid).memory_info().rss
        each = (crowded - alone) / number
        print(f"{alone_s * 1000:.2f} ms alone, {crowded_s * 1000:.2f} ms among {number}; {each:.0f} bytes each")
        assert crowded_s < alone_s * 3 + 0.005
        assert each < 20_000
    finally:
        for client in clients:
            client.communicate()
    wait_until(lambda: psutil.Process(pid).num_fds() < 100, what="their end")
    assert server.post(content="x").status_code == 200


def test_clients_that_connect_while_the_server_ends_do_not_hold_it_up(serve):
    """One that is being accepted at that moment was not told, and an idle client holds for the whole drain."""
    for _ in range(4):
        server = serve(SCRIPT, "--worker_count", "2", SCOREDOCK_DRAIN_TIMEOUT_S="20")
        wait_until(lambda server=server: server.output.count("is ready") == 2)
        held: list[socket.socket] = []

        def connect(port=server.port, held=held):
            with contextlib.suppress(OSError):  # as soon as nobody listens
                while len(held) < 5000:
                    held.append(socket.create_connection(("127.0.0.1", port), 1))

        with ThreadPoolExecutor(1) as thread:
            thread.submit(connect)
            wait_until(lambda held=held: len(held) > 200)
            began = time.monotonic()
            assert server.end() == 0
            assert time.monotonic() - began < 15
        for one in held:
            one.close()
