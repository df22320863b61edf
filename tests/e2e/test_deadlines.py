"""SCORING_TIMEOUT_MS holds whatever run() does, and nobody else is hurt by it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from servers import wait_until

SCRIPT = """
    import ctypes, hashlib, os, time

    def init():
        pass

    def run(data):
        if data == "sleep":
            time.sleep(6)
        if data == "loop":
            while True:
                pass
        if data == "loop, catching exceptions":
            while True:
                try:
                    time.sleep(0.001)
                except Exception:
                    pass
        if data == "native":
            hashlib.pbkdf2_hmac("sha256", b"x", b"y", 60_000_000)
        if data == "native sleep":
            ctypes.CDLL(None).usleep(6_000_000)
        if data == "holds the lock":
            ctypes.PyDLL(None).sleep(60)
        return os.getpid()
"""
TIMEOUT_MS = 400


def timed_post(server, content):
    started = time.monotonic()
    answer = server.post(content=content)
    return answer, (time.monotonic() - started) * 1000


@pytest.mark.parametrize("stuck", ["sleep", "loop", "loop, catching exceptions", "native", "native sleep"])
def test_a_late_run_is_answered_on_time_and_the_queue_behind_it_too(serve, stuck):
    server = serve(SCRIPT, SCORING_TIMEOUT_MS=str(TIMEOUT_MS))
    with ThreadPoolExecutor(4) as clients:
        late = clients.submit(timed_post, server, stuck)
        wait_until(lambda: server.get("/livez").status_code == 200)
        queued = [clients.submit(timed_post, server, "quick") for _ in range(3)]
        answer, elapsed_ms = late.result()
        assert answer.status_code == 500
        assert answer.json() == {"message": f"Scoring timeout after {TIMEOUT_MS} ms"}
        assert answer.headers["x-ms-run-function-failed"] == "True"
        assert TIMEOUT_MS <= elapsed_ms < TIMEOUT_MS + 400
        for answer, elapsed_ms in (one.result() for one in queued):
            assert answer.status_code in (200, 503)
            assert answer.status_code == 200 or answer.headers["retry-after"] == "1"
            assert elapsed_ms < 3000
    assert server.post(content="quick").status_code == 200


def test_a_python_loop_is_interrupted_and_its_worker_stays(serve):
    server = serve(SCRIPT, SCORING_TIMEOUT_MS=str(TIMEOUT_MS))
    before = server.post(content="quick").json()
    for _ in range(3):
        assert server.post(content="loop").status_code == 500
    assert server.post(content="quick").json() == before
    assert "will be replaced" not in server.output


def test_a_stuck_worker_is_replaced_without_a_gap(serve):
    server = serve(SCRIPT, SCORING_TIMEOUT_MS=str(TIMEOUT_MS))
    before = server.post(content="quick").json()
    assert server.post(content="native sleep").status_code == 500

    def replaced():
        answer = server.post(content="quick")
        assert answer.status_code == 200
        return answer.json() != before

    wait_until(replaced, what="the replacement of the worker")


def test_other_workers_are_unharmed(serve):
    server = serve(SCRIPT, "--worker_count", "2", SCORING_TIMEOUT_MS=str(TIMEOUT_MS))
    with ThreadPoolExecutor(8) as clients:
        late = clients.submit(server.post, content="native sleep")
        answers = [clients.submit(timed_post, server, "quick") for _ in range(40)]
        assert late.result().status_code == 500
        assert [one.result()[0].status_code for one in answers] == [200] * 40
    assert server.end() == 0


def test_a_timeout_error_of_the_scripts_own_is_no_scoring_timeout(serve):
    server = serve("""
        def init():
            pass

        def run(data):
            raise TimeoutError("the database did not answer")
    """)
    answer = server.post(content="x")
    assert answer.status_code == 500
    assert answer.json()["message"].startswith("An unexpected error occurred in scoring script")
    assert "the database did not answer" in server.output


def test_native_code_that_holds_the_interpreter_lock_costs_its_worker(serve):
    server = serve(SCRIPT, "--worker_count", "2", WORKER_TIMEOUT="2")
    with ThreadPoolExecutor(1) as clients:
        lost = clients.submit(server.post, content="holds the lock")
        wait_until(lambda: "gave no sign of life" in server.output, what="the supervisor's notice")
        assert lost.exception() is not None
    wait_until(lambda: "A new worker starts" in server.output)
    assert {server.post(content="quick").status_code for _ in range(10)} == {200}
    assert "Current thread" in server.output  # where every thread stood
