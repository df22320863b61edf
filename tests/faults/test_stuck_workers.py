"""Requests that are stuck in native code: how many workers they cost, and what is left for everybody else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from load import Load

from servers import TRUSTS_NOBODY, wait_until

SCRIPT = """
    import pathlib, time

    def init():
        time.sleep({init_s})
        while pathlib.Path("wait").exists():
            time.sleep(0.01)

    def run(data):
        time.sleep(60 if data == "stuck" else 0)
        return data
"""
FEW_MS = {"SCORING_TIMEOUT_MS": "100", "SCOREDOCK_DRAIN_TIMEOUT_S": "5"}


def number_of_children(pid: int) -> int:
    return len(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


@contextmanager
def numbers_of_workers(pid: int) -> Iterator[list[int]]:
    """How many there were, every 50 ms."""
    seen, over = [number_of_children(pid)], threading.Event()

    def look() -> None:
        while not over.wait(0.05):
            seen.append(number_of_children(pid))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize(("workers", "init_s"), [(1, 0), (2, 0), (1, 1)])
def test_stuck_requests_do_not_multiply_workers_nor_take_the_service_away(serve, workers, init_s):
    server = serve(SCRIPT.format(init_s=init_s), "--worker_count", str(workers), **FEW_MS)
    with (
        numbers_of_workers(server.process.pid) as numbers,
        Load(server.port, 4, body=b"stuck", keep_alive=False, pause_s=0.05, patience_s=5) as stuck,
        Load(server.port, 1, body=b"ok", keep_alive=False, pause_s=0.05) as harmless,
    ):
        wait_until(lambda: len(harmless.outcomes) >= 25, 60, "answers, or none, for the harmless client")
    assert max(numbers) <= 2 * workers + 1
    assert set(stuck.tally()) <= {500, 503, "reset", "closed", "hung"}
    assert harmless.tally().keys() <= {200, 503}
    if not init_s:  # a successor that loads for longer may come when the worker before it is used up
        assert len(harmless.succeeded) >= 0.8 * len(harmless.outcomes), harmless.tally()
    wait_until(lambda: number_of_children(server.process.pid) == workers, 40, "as many workers as before")
    assert server.post(content="ok").json() == "ok"
    assert server.end() == 0


def test_a_worker_without_scoring_threads_leaves_the_port_to_others(serve):
    server = serve(SCRIPT.format(init_s=0), SEPARATE_HEALTH_ENDPOINT="true", **FEW_MS)
    separate = f"http://127.0.0.1:{server.health_port}/readyz"
    hold = server.output_file.parent / "wait"
    hold.touch()
    with Load(server.port, 8, body=b"stuck", keep_alive=False):
        wait_until(lambda: "all its scoring threads are stuck" in server.output, 30, "its end")
    wait_until(lambda: httpx.get(separate, verify=TRUSTS_NOBODY).status_code == 503, 5, "the truth")
    wait_until(lambda: server.get("/readyz").json()["phase"] == "init", 5, "the supervisor on the port")
    for _ in range(20):
        refused = server.post(content="ok", timeout=5)
        assert (refused.status_code, refused.json()["phase"]) == (503, "init")
    assert server.get("/livez").status_code == 200
    hold.unlink()
    server.wait_until_ready()
    assert server.post(content="ok").json() == "ok"
    assert "died" not in server.output
    assert server.end() == 0


def test_with_two_workers_the_other_one_gets_all_connections(serve):
    server = serve(SCRIPT.format(init_s=0), "--worker_count", "2", **FEW_MS)
    wait_until(lambda: server.output.count("is ready") == 2, what="two workers")
    (server.output_file.parent / "wait").touch()
    # All over one connection: one worker has them. Each takes it one of its eight threads.
    with httpx.Client(verify=TRUSTS_NOBODY, timeout=20) as client:
        for _ in range(8):
            assert client.post(f"{server.url}/score", content="stuck").status_code == 500
    wait_until(lambda: "all its scoring threads are stuck" in server.output, 10, "its end")
    assert [server.post(content="ok").status_code for _ in range(40)] == [200] * 40
    (server.output_file.parent / "wait").unlink()
    assert server.end() == 0
