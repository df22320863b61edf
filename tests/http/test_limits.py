"""Limits: the body's size, the scoring deadline, the queue."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from servers import InProcess, wait_until

Start = Callable[..., InProcess]
Background = Callable[..., Future[Any]]
MIB = 1024 * 1024
GATE = "import threading\nentered, gate = threading.Event(), threading.Event()"


@pytest.fixture
def gated(text_script: Start) -> Any:
    """Start a script whose run() counts its calls and waits at a gate; released when the test ends."""
    started = []

    def start(**options: Any) -> InProcess:
        body = "calls.append(data); entered.set(); gate.wait(20); return data"
        started.append(text_script(body, head=f"{GATE}\ncalls = []", **options))
        return started[-1]

    yield start
    if started:
        sys.modules["entry_module"].gate.set()


class TestBody:
    """SCOREDOCK_MAX_BODY_MB."""

    def test_a_body_of_exactly_the_limit_is_taken(self, text_script: Start) -> None:
        service = text_script("return len(data)", SCOREDOCK_MAX_BODY_MB="1")
        assert service.post(content=b"x" * MIB).json() == MIB

    def test_a_larger_one_is_413_and_the_message_names_the_setting(self, text_script: Start) -> None:
        response = text_script("return len(data)", SCOREDOCK_MAX_BODY_MB="1").post(content=b"x" * (MIB + 1))
        assert response.status_code == 413
        assert "SCOREDOCK_MAX_BODY_MB" in response.json()["message"]
        assert response.headers["x-ms-run-function-failed"] == "False"

    def test_a_body_without_a_declared_length_is_counted(
        self, text_script: Start, exchange: Callable[..., Any]
    ) -> None:
        service = text_script("return len(data)", SCOREDOCK_MAX_BODY_MB="1")
        assert exchange(service, chunks=[b"x" * (MIB // 2)] * 2).body == str(MIB).encode()
        assert exchange(service, chunks=[b"x" * (MIB // 2)] * 2 + [b"x"]).status == 413

    def test_a_declared_length_is_refused_before_the_body_is_read(
        self, text_script: Start, exchange: Callable[..., Any]
    ) -> None:
        service = text_script("return len(data)", SCOREDOCK_MAX_BODY_MB="1")
        assert exchange(service, headers=[(b"content-length", b"%d" % (MIB + 1))], chunks=[]).status == 413

    def test_a_client_that_leaves_while_it_sends_is_never_scored(
        self, gated: Start, exchange: Callable[..., Any]
    ) -> None:
        service = gated()
        reply = exchange(service, chunks=[], leaves=True)
        assert reply.status == 0
        sys.modules["entry_module"].gate.set()
        assert service.post(content="next").json() == "next"
        assert sys.modules["entry_module"].calls == ["next"]


class TestDeadline:
    """SCORING_TIMEOUT_MS."""

    @pytest.mark.parametrize(
        "body",
        ["while True: pass", "gate.wait(20)", "import time; time.sleep(6)"],
        ids=["busy", "waiting", "sleeping"],
    )
    def test_a_run_that_takes_too_long_is_answered_on_time(self, body: str, text_script: Start) -> None:
        service = text_script(body, head=GATE, SCORING_TIMEOUT_MS="300")
        started = time.monotonic()
        response = service.post(content="x")
        elapsed = time.monotonic() - started
        sys.modules["entry_module"].gate.set()
        assert response.status_code == 500
        assert response.json() == {"message": "Scoring timeout after 300 ms"}
        assert response.headers["x-ms-run-function-failed"] == "True"
        assert 0.3 <= elapsed < 3

    def test_the_next_request_is_scored(self, text_script: Start) -> None:
        service = text_script("while data == 'slow': pass\nreturn data", SCORING_TIMEOUT_MS="200")
        assert service.post(content="slow").status_code == 500
        assert [service.post(content="fast").json() for _ in range(3)] == ["fast"] * 3

    def test_the_next_request_is_scored_though_run_cannot_be_interrupted(self, text_script: Start) -> None:
        body = "if data == 'slow': gate.wait(20)\nreturn data"
        service = text_script(body, head=GATE, SCORING_TIMEOUT_MS="200")
        assert service.post(content="slow").status_code == 500
        assert service.post(content="fast").json() == "fast"
        sys.modules["entry_module"].gate.set()

    def test_each_request_has_a_deadline_of_its_own(self, text_script: Start, background: Background) -> None:
        service = text_script("import time; time.sleep(0.3); return data", SCORING_TIMEOUT_MS="800")
        pending = [background(service.post, content=str(number)) for number in range(4)]
        assert sorted(one.result(20).json() for one in pending) == ["0", "1", "2", "3"]

    def test_a_script_cannot_swallow_the_interrupt(self, text_script: Start) -> None:
        service = text_script(
            """
            while True:
                try:
                    while data == "slow": pass
                    return data
                except Exception:
                    continue
            """,
            SCORING_TIMEOUT_MS="200",
        )
        assert "Scoring timeout" in service.post(content="slow").json()["message"]
        assert service.post(content="fast").json() == "fast"

    def test_a_timeout_error_of_the_script_is_a_fault_of_the_script(self, text_script: Start) -> None:
        response = text_script("raise TimeoutError", SCORING_TIMEOUT_MS="200").post(content="x")
        assert response.json()["message"].startswith("An unexpected error occurred in scoring script.")


class TestQueue:
    """SCOREDOCK_MAX_QUEUE and SCOREDOCK_MAX_QUEUE_WAIT_MS."""

    def test_a_full_queue_is_429_with_retry_after(self, gated: Start, background: Background) -> None:
        service = gated(SCOREDOCK_MAX_QUEUE="1")
        scored = background(service.post, content="first")
        wait_until(sys.modules["entry_module"].entered.is_set)
        others = [background(service.post, content=str(number)) for number in range(5)]
        wait_until(lambda: sum(one.done() for one in others) == 4)
        sys.modules["entry_module"].gate.set()
        assert scored.result(10).json() == "first"
        answers = [one.result(10) for one in others]
        assert sorted(answer.status_code for answer in answers) == [200, 429, 429, 429, 429]
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert int(refused.headers["retry-after"]) >= 1
        assert "SCOREDOCK_MAX_QUEUE" in refused.json()["message"]
        assert refused.headers["x-ms-run-function-failed"] == "False"
        assert len(sys.modules["entry_module"].calls) == 2
        assert service.post(content="after").json() == "after"

    def test_a_long_wait_is_429_with_retry_after(self, gated: Start, background: Background) -> None:
        service = gated(SCOREDOCK_MAX_QUEUE_WAIT_MS="200")
        scored = background(service.post, content="first")
        wait_until(sys.modules["entry_module"].entered.is_set)
        started = time.monotonic()
        refused = service.post(content="second")
        assert 0.2 <= time.monotonic() - started < 3
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert "SCOREDOCK_MAX_QUEUE_WAIT_MS" in refused.json()["message"]
        sys.modules["entry_module"].gate.set()
        assert scored.result(10).json() == "first"
        assert service.post(content="third").json() == "third"
        assert sys.modules["entry_module"].calls == ["first", "third"]

    def test_a_client_that_left_the_queue_is_never_scored(
        self, gated: Start, background: Background, exchange: Callable[..., Any]
    ) -> None:
        service = gated()
        scored = background(service.post, content="first")
        wait_until(sys.modules["entry_module"].entered.is_set)
        assert exchange(service, chunks=[b"left"], leaves=True).status == 0
        sys.modules["entry_module"].gate.set()
        assert scored.result(10).json() == "first"
        assert service.post(content="last").json() == "last"
        assert sys.modules["entry_module"].calls == ["first", "last"]

    def test_requests_are_scored_in_order_of_arrival(self, gated: Start, background: Background) -> None:
        service = gated()
        pending = []
        for number in range(5):
            pending.append(background(service.post, content=str(number)))
            wait_until(lambda expected=number: service.service._engine.waiting == expected)
            wait_until(sys.modules["entry_module"].entered.is_set)
        sys.modules["entry_module"].gate.set()
        assert [one.result(10).json() for one in pending] == ["0", "1", "2", "3", "4"]
        assert sys.modules["entry_module"].calls == ["0", "1", "2", "3", "4"]

    def test_what_waits_when_the_server_shuts_down_is_503_with_retry_after(
        self, gated: Start, background: Background
    ) -> None:
        service = gated()
        pending = [background(service.post, content=str(number)) for number in range(3)]
        wait_until(lambda: service.service._engine.waiting == 2)
        service._call(service.service.drain(0.1))
        for one in pending:
            response = one.result(10)
            assert response.status_code == 503
            assert int(response.headers["retry-after"]) >= 1
            assert set(response.json()) == {"message"}
