"""Workers that are replaced because they are old, under load: no request fails for it."""

from __future__ import annotations

import os

from load import Load

from scoredock.observe import process_memory
from scoredock.observe.process_memory import proportional_bytes, resident_bytes
from scoredock.server.recycling import Recycling
from scoredock.settings import resolve
from servers import wait_until

LEAK = """
    import os, time

    kept = []

    def init():
        pass

    def run(data):
        if data == "leak":
            kept.append(b"x" * (1 << 20))
        time.sleep(0.005)
        return os.getpid()
"""
REPLACED = "will be replaced: "


def settled(tmp_path, **environment: str):
    settings, _ = resolve({}, environment, tmp_path)
    return settings


def test_a_worker_that_leaks_is_recycled_between_requests(serve):
    server = serve(LEAK, SCOREDOCK_MAX_WORKER_MB="160")
    with Load(server.port, 4, body=b"leak") as load:
        wait_until(lambda: server.output.count(REPLACED) >= 3, 60, "three replacements")
    assert load.tally().keys() == {200}
    assert len({one.body for one in load.outcomes}) >= 3
    assert "SCOREDOCK_MAX_WORKER_MB allows it 160" in server.output
    assert "died" not in server.output
    assert server.end() == 0


def test_workers_are_recycled_one_after_another_after_so_many_requests(serve):
    server = serve(LEAK, "--worker_count", "2", SCOREDOCK_MAX_REQUESTS="150", SCOREDOCK_MAX_REQUESTS_JITTER="100")
    with Load(server.port, 4, keep_alive=False) as load:
        wait_until(lambda: server.output.count(REPLACED) >= 4, 60, "four replacements")
    assert load.tally().keys() == {200}
    assert "died" not in server.output
    limits = {line.rsplit("allows it ", 1)[1] for line in server.output.splitlines() if REPLACED in line}
    assert len(limits) > 1  # drawn by each worker
    assert server.end() == 0


def test_a_limit_that_a_new_worker_exceeds_is_ignored_with_a_warning(serve):
    server = serve(LEAK, SCOREDOCK_MAX_WORKER_MB="10")
    wait_until(lambda: "the limit is ignored" in server.output, what="the warning")
    with Load(server.port, 2, body=b"leak") as load:
        wait_until(lambda: len(load.succeeded) > 300, what="answers")
    assert load.tally().keys() == {200}
    assert server.output.count("the limit is ignored") == 1
    assert REPLACED not in server.output


def test_each_worker_draws_its_own_number_of_requests(tmp_path):
    settings = settled(tmp_path, SCOREDOCK_MAX_REQUESTS="10", SCOREDOCK_MAX_REQUESTS_JITTER="5")
    asked_at = set()
    for _ in range(200):
        scored, asked = 0, []
        one = Recycling(settings, lambda: scored, lambda: asked.append(scored))  # noqa: B023
        while not asked:
            scored += 1
            one.look()
        asked_at.add(scored)
    assert asked_at == set(range(10, 16))


def test_nothing_is_looked_at_without_a_limit(tmp_path):
    assert not Recycling(settled(tmp_path), lambda: 0, lambda: None).wanted


def test_shared_pages_count_by_their_share():
    shared = bytearray(os.urandom(1 << 20) * 64)
    before = proportional_bytes()
    assert before <= resident_bytes()
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.read(read, 1)
        os._exit(0)
    try:
        assert before - proportional_bytes() > len(shared) * 0.4
    finally:
        os.write(write, b"!")
        os.waitpid(child, 0)
        os.close(read)
        os.close(write)


def test_where_the_kernel_tells_no_share_private_pages_count(monkeypatch):
    real = process_memory.Path

    def without_rollup(path):
        if str(path).endswith("smaps_rollup"):
            return real("/nonexistent/smaps_rollup")
        return real(path)

    monkeypatch.setattr(process_memory, "Path", without_rollup)
    assert 0 < proportional_bytes() < resident_bytes()
