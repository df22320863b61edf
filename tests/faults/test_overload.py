"""Ten times what a server can score is offered to it for a minute: it scores on, and refuses the rest at once."""

from __future__ import annotations

import os
import time

import psutil
import pytest
from load import Load, Outcome, percentile

from servers import Server, wait_until

SCRIPT = """
    import time

    def init():
        pass

    def run(data):
        until = time.thread_time() + 0.002
        while time.thread_time() < until:
            pass
        time.sleep(0.018)
        return "ok"
"""
RUN_S = 0.02
MAX_WAIT_MS = 200
MINUTE_S = float(os.environ.get("SCOREDOCK_TEST_OVERLOAD_S", "60"))
MIB = 1024 * 1024


def goodput(load: Load, since: float, until: float) -> float:
    """Answers of 200 a second."""
    return sum(since <= one.sent + one.duration_s < until for one in load.succeeded) / (until - since)


def capacity(server: Server) -> float:
    """Answers a second where each of few clients waits for its own."""
    with Load(server.port, 3) as load:
        wait_until(lambda: len(load.succeeded) > 20, what="the first answers")
        since = time.monotonic()
        time.sleep(5)  # what is measured is a time
        until = time.monotonic()
    assert load.tally().keys() == {200}
    return goodput(load, since, until)


def memory_mib(server: Server) -> float:
    processes = [psutil.Process(server.process.pid), *psutil.Process(server.process.pid).children()]
    return sum(one.memory_info().rss for one in processes) / MIB


@pytest.mark.parametrize(("keep_alive", "for_s"), [(True, MINUTE_S), (False, MINUTE_S / 4)])
def test_ten_times_the_capacity_leaves_the_capacity(serve, keep_alive, for_s):
    server = serve(SCRIPT, SCOREDOCK_MAX_QUEUE="8", SCOREDOCK_MAX_QUEUE_WAIT_MS=str(MAX_WAIT_MS))
    able = capacity(server)
    with (
        Load(server.port, 100, keep_alive=keep_alive, rate=10 * able, pause_s=0) as load,
        Load(server.port, 1, body=b"", path="/livez", keep_alive=False, rate=10) as alive,
        Load(server.port, 1, body=b"", path="/readyz", keep_alive=False, rate=10) as ready,
    ):
        wait_until(lambda: len(load.outcomes) > 200, what="the first answers")
        since = time.monotonic()
        time.sleep(for_s / 4)
        early_mib = memory_mib(server)
        time.sleep(for_s * 3 / 4)
        until, late_mib = time.monotonic(), memory_mib(server)
    offered = sum(since <= one.sent < until for one in load.outcomes) / (until - since)
    accepted = [one.duration_s for one in load.succeeded]
    probes: list[Outcome] = alive.outcomes + ready.outcomes
    print(
        f"capacity {able:.1f}/s, offered {offered:.0f}/s, goodput {goodput(load, since, until):.1f}/s, {load.tally()}; "
        f"accepted p50 {percentile(accepted, 0.5) * 1000:.0f} p99 {percentile(accepted, 0.99) * 1000:.0f} ms; "
        f"refused p99 {percentile([one.duration_s for one in load.failed], 0.99) * 1000:.0f} ms; "
        f"probes p50 {percentile([one.duration_s for one in probes], 0.5) * 1000:.1f} "
        f"p99 {percentile([one.duration_s for one in probes], 0.99) * 1000:.1f} "
        f"p100 {max(one.duration_s for one in probes) * 1000:.1f} ms; memory {early_mib:.1f} to {late_mib:.1f} MiB"
    )
    assert offered > 5 * able  # the client keeps up
    assert set(load.tally()) == {200, 429}
    assert {one.headers.get("retry-after") for one in load.failed} == {"1"}
    assert goodput(load, since, until) > 0.9 * able
    assert percentile(accepted, 0.99) < MAX_WAIT_MS / 1000 + RUN_S + 0.1
    assert late_mib < early_mib + 8
    assert {one.status for one in probes} == {200}
    assert percentile([one.duration_s for one in probes], 0.99) < 0.1


def test_requests_wait_no_longer_than_they_may(serve):
    server = serve(SCRIPT, SCOREDOCK_MAX_QUEUE="1000", SCOREDOCK_MAX_QUEUE_WAIT_MS=str(MAX_WAIT_MS))
    with Load(server.port, 60, pause_s=0.0) as load:
        wait_until(lambda: len(load.succeeded) > 200, what="answers")
    assert set(load.tally()) == {200, 429}
    assert percentile([one.duration_s for one in load.outcomes], 0.99) < MAX_WAIT_MS / 1000 + RUN_S + 0.15
    assert all(b"SCOREDOCK_MAX_QUEUE_WAIT_MS" in one.body for one in load.failed)


def test_requests_whose_clients_have_left_are_not_scored(serve):
    server = serve(SCRIPT, SCOREDOCK_MAX_QUEUE="1000")
    with Load(server.port, 60, rate=600, patience_s=0.1, pause_s=0) as load:
        wait_until(lambda: len(load.outcomes) > 1500, 30, "requests")
    left = load.tally()["hung"]
    assert left > 500
    wait_until(lambda: server.output.count(" 499 ") + server.output.count(" 200 ") > left / 2, what="their lines")
    started = time.monotonic()
    assert server.post(content="x").status_code == 200
    assert time.monotonic() - started < 1  # what was left behind in the queue would have taken seconds
    assert server.output.count("POST /score 200") < len(load.succeeded) + left / 4
