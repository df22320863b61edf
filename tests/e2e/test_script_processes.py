"""Processes that a script starts: they can be ended, hold no socket of the server, and end with their worker."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from servers import wait_until

SCRIPT = """
    import multiprocessing, os, pathlib, subprocess, sys, time

    fork = multiprocessing.get_context("fork")
    early = []

    def work():
        while True:
            time.sleep(0.1)

    def stubborn():
        import signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        work()

    def init():
        if os.environ.get("EARLY"):
            early.append(fork.Process(target=work, daemon=True))
            early[0].start()

    def run(data):
        if data == "early":
            return early[0].pid
        if data == "terminate":
            child = fork.Process(target=work)
            child.start()
            child.terminate()
            child.join(10)
            return child.exitcode
        if data == "pool":
            pool = fork.Pool(2)
            pool.map_async(time.sleep, [60, 60])
            time.sleep(0.2)
            pool.terminate()
            pool.join()
            return "done"
        if data == "os.fork":
            pid = os.fork()
            if not pid:
                work()
            return pid
        if data == "program":
            return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid
        child = fork.Process(target=stubborn if data == "stubborn" else work, daemon=data == "daemon")
        child.start()
        return child.pid
"""


def sockets_of(pid: int, *ports: int) -> list[str]:
    """What a process has open of these ports, listening or connected; the system's words."""
    inodes = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        if int(line.split()[1].split(":")[1], 16) in ports:
            inodes.add(f"socket:[{line.split()[9]}]")
    links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
    return [link for link in links if link in inodes]


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def ended_later():
    """Process ids that a test leaves behind on purpose."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        if lives(pid):
            os.kill(pid, signal.SIGKILL)


def test_a_forked_child_dies_of_sigterm(serve):
    server = serve(SCRIPT)
    assert server.post(content="terminate").json() == -signal.SIGTERM
    assert server.post(content="pool").json() == "done"
    assert server.end() == 0


@pytest.mark.parametrize("kind", ["daemon", "plain", "os.fork", "program"])
def test_a_child_holds_no_socket_of_the_server_and_keeps_no_stop_waiting(serve, ended_later, kind):
    server = serve(SCRIPT, SEPARATE_HEALTH_ENDPOINT="true")
    child = server.post(content=kind).json()
    ended_later.append(child)
    wait_until(lambda: sockets_of(child, server.port, server.health_port) == [], 5, "no socket")
    (worker,) = [int(one) for one in children_of(server.process.pid)]
    assert sockets_of(worker, server.port)
    started = time.monotonic()
    assert server.end() == 0
    assert time.monotonic() - started < 5
    if kind in ("daemon", "plain"):
        wait_until(lambda: not lives(child), 5, "its end")
    again = serve(SCRIPT, "--port", str(server.port), wait=False)
    wait_until(lambda: "is ready" in again.output, what="a server on the same port")


@pytest.mark.parametrize("kind", ["daemon", "stubborn", "os.fork"])
def test_a_reload_ends_the_old_worker_though_a_child_lives(serve, ended_later, kind):
    server = serve(SCRIPT)
    child = server.post(content=kind).json()
    ended_later.append(child)
    before = children_of(server.process.pid)
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: not before & children_of(server.process.pid), what="the end of the old worker")
    assert "is killed" not in server.output
    if kind != "os.fork":
        wait_until(lambda: not lives(child), 5, "the child's end")
    assert server.post(content="terminate").json() == -signal.SIGTERM


@pytest.mark.parametrize("preload", ["false", "true"])
def test_a_child_forked_in_init_is_none_of_the_servers(serve, preload):
    server = serve(SCRIPT, SEPARATE_HEALTH_ENDPOINT="true", EARLY="1", WORKER_PRELOAD=preload)
    child = server.post(content="early").json()
    assert sockets_of(child, server.port, server.health_port) == []
    if preload == "true":  # it is the supervisor's child, which workers that are replaced do not end
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: server.output.count("is ready") == 2, what="a successor")
        wait_until(lambda: len(children_of(server.process.pid)) == 2, what="one worker and the child")
        assert lives(child)
    else:
        os.kill(child, signal.SIGTERM)
        wait_until(lambda: not lives(child), 5, "its end")
    assert server.end() == 0
    wait_until(lambda: not lives(child), 5, "its end")


def test_threads_that_are_stuck_do_not_keep_a_worker_from_ending(serve):
    script = """
        import concurrent.futures, time

        pool = concurrent.futures.ThreadPoolExecutor()

        def init():
            pass

        def run(data):
            pool.submit(time.sleep, 60)  # Python waits at its end for the threads of executors
            return "begun"
    """
    server = serve(script)
    assert server.post(content="x").json() == "begun"
    started = time.monotonic()
    assert server.end() == 0
    assert time.monotonic() - started < 5


def test_metrics_that_cannot_be_read_do_not_keep_a_worker_from_ending(serve, tmp_path):
    import httpx

    folder = tmp_path / "metrics"
    folder.mkdir()
    os.mkfifo(folder / "counter_1.db")  # as a network's file system that hangs: whoever opens it waits for ever
    server = serve(SCRIPT, PROMETHEUS_MULTIPROC_DIR=str(folder))
    with pytest.raises(httpx.TimeoutException):
        server.get("/metrics", timeout=0.5)
    started = time.monotonic()
    assert server.end() == 0
    assert time.monotonic() - started < 10


def test_exit_handlers_of_a_script_run_and_have_an_end(serve, tmp_path):
    script = f"""
        import atexit, pathlib, time

        def init():
            atexit.register(time.sleep, 60)
            atexit.register(pathlib.Path({str(tmp_path / "ended")!r}).touch)

        def run(data):
            return data
    """
    server = serve(script)
    started = time.monotonic()
    assert server.end() == 0
    assert time.monotonic() - started < 10
    assert (tmp_path / "ended").exists()


def children_of(pid: int) -> set[int]:
    return {int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
