"""One server takes over from another on the same port, while clients go on calling."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import httpx
import pytest

from servers import TRUSTS_NOBODY, free_port, wait_until

SCRIPT = """
import time

def init():
    time.sleep({init_s})

def run(data):
    return "{name}"
"""


@pytest.fixture
def start(tmp_path):
    """Start a server that shares ``port``; returns its process and its health port."""
    processes = []

    def begin(name: str, port: int, init_s: float = 0.0, shared: str = "true"):
        script = tmp_path / f"{name}.py"
        script.write_text(SCRIPT.format(name=name, init_s=init_s))
        health_port = free_port()
        command = [sys.executable, "-m", "scoredock", "serve", "--entry_script", str(script), "--host", "127.0.0.1"]
        command += ["--port", str(port), "--health_port", str(health_port), "--worker_count", "2"]
        with (tmp_path / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command, env={**os.environ, "SCOREDOCK_SHARE_PORT": shared}, stdout=log, stderr=subprocess.STDOUT
            )
        processes.append(process)
        return process, health_port

    yield begin
    for process in processes:
        process.kill()
        process.wait()


def is_ready(health_port: int) -> bool:
    command = [sys.executable, "-m", "scoredock", "health", "--host", "127.0.0.1", "--health_port", str(health_port)]
    return subprocess.run(command, capture_output=True).returncode == 0


def test_a_server_takes_over_without_a_failed_request(start):
    port = free_port()
    url = f"http://127.0.0.1:{port}/score"
    old, health = start("old", port)
    wait_until(lambda: is_ready(health), what="the old server")

    answers: list[str] = []
    failures: list[Exception] = []
    over = threading.Event()

    def call(keep_alive: bool) -> None:
        headers = {} if keep_alive else {"Connection": "close"}
        with httpx.Client(headers=headers, verify=TRUSTS_NOBODY) as client:
            while not over.is_set():
                try:
                    answers.append(client.post(url, content=b"x").json())
                except Exception as error:
                    failures.append(error)

    clients = [threading.Thread(target=call, args=(number % 2 == 0,)) for number in range(4)]
    for client in clients:
        client.start()
    try:
        _, health = start("new", port, init_s=1.0)
        wait_until(lambda: "new" in answers or is_ready(health), what="the new server")
        old.send_signal(signal.SIGTERM)
        assert old.wait(30) == 0
        answered = len(answers)
        wait_until(lambda: len(answers) > answered + 100, what="answers of the new server")
    finally:
        over.set()
        for client in clients:
            client.join()
    # Where net.ipv4.tcp_migrate_req is 0, a connection made in the very moment of the close is reset.
    assert len(failures) <= 1
    assert all("reset" in str(failure).lower() for failure in failures)
    assert set(answers[:20]) == {"old"}
    assert set(answers[-20:]) == {"new"}


def test_it_does_not_answer_before_it_can_score(start):
    port = free_port()
    _, health = start("slow", port, init_s=2.0)
    wait_until(lambda: _phase(health) == "init", what="init()")
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/")
    wait_until(lambda: is_ready(health), what="a ready server")
    assert httpx.post(f"http://127.0.0.1:{port}/score", content=b"x").json() == "slow"


def test_a_port_that_is_not_shared_is_refused(start, tmp_path):
    port = free_port()
    _, health = start("alone", port, shared="false")
    wait_until(lambda: is_ready(health), what="a server")
    process, _ = start("second", port)
    assert process.wait(30) == 1
    assert f"port {port} cannot be listened on" in (tmp_path / "second.log").read_text().splitlines()[-1]


def _phase(health_port: int) -> str:
    try:
        return str(httpx.get(f"http://127.0.0.1:{health_port}/readyz", verify=TRUSTS_NOBODY).json()["phase"])
    except httpx.TransportError:
        return ""


def test_when_its_workers_have_died_a_server_says_so_instead_of_letting_clients_wait(serve, tmp_path):
    """The socket listens, once one of them could score, whether or not anybody accepts."""
    server = serve(
        """
        import os, time

        def init():
            while os.path.exists("hold"):
                time.sleep(0.05)

        def run(data):
            os._exit(9)
        """,
        SCOREDOCK_SHARE_PORT="true",
    )
    (tmp_path / "hold").touch()
    with pytest.raises(httpx.HTTPError):
        server.post(content="x")
    answer = server.post(content="x", timeout=5)
    assert (answer.status_code, answer.json()["phase"]) in {(503, "starting"), (503, "import"), (503, "init")}
    assert server.get("/livez", timeout=5).status_code == 200
    (tmp_path / "hold").unlink()
    wait_until(lambda: server.phase == "ready", what="the successor")
