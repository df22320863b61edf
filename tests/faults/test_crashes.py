"""Processes that die under load: what is lost, what is not, and how soon all is well again."""

from __future__ import annotations

import os
import signal
import socket
import time

import httpx
import psutil
import pytest
from load import Load

from servers import wait_until

SCRIPT = """
    import ctypes, os, pathlib, time

    def init():
        flag = pathlib.Path(__file__).with_name("broken")
        if flag.exists():
            raise RuntimeError("the model store does not answer")

    def run(data):
        time.sleep(0.005)
        if data == "segfault":
            ctypes.string_at(0)
        if data == "exit":
            os._exit(7)
        if data == "slow":
            time.sleep(1.0)
        return os.getpid()
"""
LOST = {"reset", "closed", "cut"}


def pids_of(server) -> set[int]:
    return {child.pid for child in psutil.Process(server.process.pid).children()}


def test_killing_a_worker_costs_what_it_had_in_flight(serve):
    server = serve(SCRIPT, "--worker_count", "2")
    wait_until(lambda: server.output.count("is ready") == 2, what="two workers")
    with Load(server.port, 8) as load:
        wait_until(lambda: len({one.body for one in load.succeeded}) == 2, what="answers of both workers")
        victim = pids_of(server).pop()
        os.kill(victim, signal.SIGKILL)
        killed = time.monotonic()
        wait_until(lambda: server.output.count("is ready") == 3, 10, "the successor")
        assert time.monotonic() - killed < 4  # there is no init() time here; two cores are shared with others
        recovered = time.monotonic()
        wait_until(lambda: sum(one.sent > recovered for one in load.succeeded) > 200, what="more answers")
    assert set(load.tally()) <= {200, *LOST}
    assert len(load.failed) <= 8  # one for each connection
    assert all(one.sent <= killed + 0.5 for one in load.failed)
    assert f"Worker {victim} died while it served: SIGKILL" in server.output


def test_workers_end_with_their_supervisor(serve):
    server = serve(SCRIPT, "--worker_count", "2")
    wait_until(lambda: server.output.count("is ready") == 2, what="two workers")
    workers = pids_of(server)
    with Load(server.port, 4) as load:
        wait_until(lambda: len(load.succeeded) > 50, what="answers")
        os.kill(server.process.pid, signal.SIGKILL)
        killed = time.monotonic()
        wait_until(lambda: not any(is_running(pid) for pid in workers), 10, "the workers' end")
        assert time.monotonic() - killed < 5
    assert "hung" not in load.tally()
    assert server.output.count("The supervisor is gone") == 2
    server.process.wait()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections' ends may linger in the kernel
        probe.bind(("127.0.0.1", server.port))


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("keep_alive", [True, False])
def test_sigterm_under_load_loses_nothing_that_was_accepted(serve, keep_alive):
    server = serve(SCRIPT, "--worker_count", "2")
    with Load(server.port, 8, keep_alive=keep_alive) as load:
        wait_until(lambda: len(load.succeeded) > 200, what="answers")
        assert server.end() == 0
        ended = time.monotonic()
        wait_until(lambda: any(one.sent > ended for one in load.failed), what="a refused connection")
    # New connections that are made between the last accept() and the close() are reset by the kernel.
    refused = [one for one in load.failed if one.failure == "refused" or (one.failure == "reset" and not one.reused)]
    assert load.failed == refused


@pytest.mark.parametrize(("body", "how"), [(b"segfault", "SIGSEGV"), (b"exit", "exit code 7")])
def test_a_crash_in_run_costs_its_own_worker_alone(serve, body, how):
    server = serve(SCRIPT, "--worker_count", "2")
    wait_until(lambda: server.output.count("is ready") == 2, what="two workers")
    with Load(server.port, 6) as load:
        wait_until(lambda: len(load.succeeded) > 100, what="answers")
        with pytest.raises(httpx.HTTPError):
            server.post(content=body)
        wait_until(lambda: server.output.count("is ready") == 3, 10, "the successor")
        recovered = time.monotonic()
        wait_until(lambda: sum(one.sent > recovered for one in load.succeeded) > 100, what="more answers")
    assert set(load.tally()) <= {200, *LOST}
    assert len(load.failed) <= 6
    assert f"died while it served: {how}" in server.output
    if body == b"segfault":  # where it was, on standard error
        assert "in string_at" in server.output
        assert "score.py" in server.output


def test_a_crash_loop_ends_the_server_and_health_answers_until_then(serve):
    dies = SCRIPT + "\n    import threading\n    threading.Timer(1.0, os._exit, [7]).start()\n"
    server = serve(dies, "--worker_count", "2", wait=False, SEPERATE_HEALTH_ENDPOINT="true")
    wait_until(lambda: "is ready" in server.output, what="a worker")
    with Load(server.health_port, 1, body=b"", path="/livez", keep_alive=False, pause_s=0.1) as health:
        wait_until(lambda: server.process.poll() is not None, 60, "the end")
    assert server.process.returncode == 4
    assert "5 workers died in a row" in server.last_line
    assert "exit code 7" in server.last_line
    answered = health.succeeded
    assert len(answered) >= 5
    assert health.outcomes[: len(answered)] == answered  # none failed before the end
    assert max(one.duration_s for one in answered) < 2


def test_requests_that_kill_their_worker_do_not_end_the_server(serve):
    server = serve(SCRIPT)
    with Load(server.port, 1, body=b"exit") as poison:
        wait_until(lambda: server.output.count("died while it served: exit code 7") >= 7, 90, "seven deaths")
    assert server.process.poll() is None
    assert "A new worker starts in 4 s." in server.output  # they are not started without a pause, nor after a long one
    assert "A new worker starts in 8 s." not in server.output
    assert set(poison.tally()) <= {503, *LOST}
    wait_until(lambda: server.is_ready() and server.post(content="x").status_code == 200, 30, "an answer")
    assert server.end() == 0


def test_a_client_that_leaves_its_request_behind_does_not_end_the_server(serve):
    server = serve(SCRIPT.replace("time.sleep(1.0)", "time.sleep(2.5); os._exit(7)"))
    for number in range(1, 7):
        wait_until(server.is_ready, 30, "a worker")
        with pytest.raises(httpx.TimeoutException):
            server.post(content=b"slow", timeout=0.2)
        wait_until(lambda number=number: server.output.count("died while it served") == number, 30, "the death")
    assert server.process.poll() is None


def test_a_successor_whose_init_fails_does_not_end_those_that_serve(serve, tmp_path):
    server = serve(SCRIPT)
    broken = tmp_path / "broken"
    with Load(server.port, 4) as load:
        broken.touch()
        server.process.send_signal(signal.SIGHUP)
        failures = "nit() raised RuntimeError"
        wait_until(lambda: server.output.count(failures) >= 5, 60, "as many failures as end a server")
        assert server.process.poll() is None
        broken.unlink()
        wait_until(lambda: server.output.count("is ready") == 2, 60, "the successor")
    assert set(load.tally()) == {200}
    assert server.end() == 0


def test_a_worker_that_dies_while_it_drains_is_told_of_and_not_counted(serve):
    server = serve(SCRIPT.replace("time.sleep(1.0)", "time.sleep(5.0)"), SCOREDOCK_DRAIN_TIMEOUT_S="20")
    (victim,) = pids_of(server)
    with Load(server.port, 1, body=b"slow"):
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: server.output.count("is ready") == 2, what="the successor")
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: not is_running(victim), what="its end")
    wait_until(lambda: f"Worker {victim} died while it" in server.output, what="the line")
    assert server.end() == 0
