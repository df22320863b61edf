"""Whether a server can score, from what its workers say."""

from __future__ import annotations

import pytest

from scoredock.server import status as status_module
from scoredock.server.readiness import SILENT_S, readiness
from scoredock.server.status import WorkerStatus


def worker(phase: str) -> WorkerStatus:
    status = WorkerStatus()
    status.report(phase)
    return status


@pytest.fixture
def later(monkeypatch):
    """Let so many seconds pass."""
    passed = [0.0]
    real = status_module.time.monotonic
    monkeypatch.setattr(status_module.time, "monotonic", lambda: real() + passed[0])

    def wait(seconds: float) -> None:
        passed[0] += seconds

    return wait


def test_one_that_is_ready_is_enough():
    found = readiness([worker("init"), worker("ready")], "cpu")
    assert found is not None
    assert (found.ready, found.phase, found.device, found.accepting) == (True, "ready", "cpu", True)


def test_one_that_gives_no_sign_of_life_does_not_count_but_keeps_its_port(later):
    status = worker("ready")
    later(SILENT_S - 1)
    assert readiness([status], "cpu").ready
    later(2)
    found = readiness([status, worker("init")], "cpu")
    assert (found.ready, found.phase, found.accepting) == (False, "unresponsive", True)
    assert found.elapsed_s == pytest.approx(SILENT_S + 1, abs=0.5)
    status.beat(called_for=False)
    assert readiness([status], "cpu").ready


def test_the_youngest_phase_is_told_and_those_that_leave_are_not(later):
    old = worker("import")
    later(10)
    found = readiness([worker("draining"), worker("init"), old], "cpu")
    assert (found.phase, found.accepting) == ("init", False)
    assert found.elapsed_s < 5


@pytest.mark.parametrize("phases", [[], ["draining"]])
def test_nobody_has_a_phase_where_nobody_is_coming(phases):
    assert readiness([worker(phase) for phase in phases], "cpu") is None
