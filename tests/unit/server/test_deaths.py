"""When deaths of workers end the server, and when the next worker starts."""

from __future__ import annotations

import signal

import pytest

from scoredock.server.deaths import MAX_IN_A_ROW, STEADY_S, Deaths, provoked
from scoredock.server.status import WorkerStatus


def status_in(phase: str, called_for: bool = False) -> WorkerStatus:
    status = WorkerStatus()
    status.report(phase)
    status.beat(called_for)
    return status


def test_pauses_grow_after_the_first_death():
    deaths, pauses = Deaths(), []
    for _ in range(8):
        deaths.count(1.0, provoked=False)
        pauses.append(deaths.backoff_s)
    assert pauses == [0, 1, 2, 4, 8, 16, 30, 30]


def test_pauses_after_deaths_that_requests_cause_stay_short_and_the_server_goes_on():
    deaths, pauses = Deaths(), []
    for _ in range(2000):
        deaths.count(1.0, provoked=True)
        pauses.append(deaths.backoff_s)
    assert pauses[:6] == [0, 1, 2, 4, 4, 4]
    assert max(pauses) == 4
    assert not deaths.too_many


def test_deaths_that_requests_cause_do_not_hide_those_they_do_not():
    deaths = Deaths()
    for _ in range(MAX_IN_A_ROW):
        assert not deaths.too_many
        deaths.count(1.0, provoked=False)
        deaths.count(1.0, provoked=True)
    assert deaths.too_many


def test_a_worker_that_lived_a_minute_ends_the_row():
    deaths = Deaths()
    for _ in range(MAX_IN_A_ROW - 1):
        deaths.count(1.0, provoked=False)
    deaths.count(STEADY_S, provoked=False)
    assert (deaths.too_many, deaths.backoff_s) == (False, 0)


@pytest.mark.parametrize(
    ("phase", "called_for", "expected"),
    [("ready", True, True), ("ready", False, False), ("init", True, False), ("draining", True, True)],
)
def test_a_request_may_be_the_cause_where_there_was_one(phase, called_for, expected):
    assert provoked(status_in(phase, called_for)) is expected


def test_a_worker_that_gave_up_a_thread_died_of_a_request_though_its_client_has_left():
    status = status_in("ready")
    status.ask_for_replacement()
    assert provoked(status)


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (status_in("ready", True), -signal.SIGSEGV, "worker 7 died while it served: SIGSEGV"),
        (status_in("ready"), 3, "worker 7 died while it was idle, with no client: exit code 3"),
        (status_in("init"), -signal.SIGBUS, "worker 7 died while in phase init: SIGBUS"),
        (status_in("ready", True), -40, "worker 7 died while it served: signal 40"),
    ],
)
def test_a_cause_says_what_the_worker_did_and_what_ended_it(status, code, said):
    assert Deaths().cause(7, status, code, 1) == said


def test_a_failed_start_is_told_in_its_own_words():
    status = WorkerStatus()
    status.report("failed", "init() raised ValueError: x")
    assert Deaths().cause(7, status, 3, 1) == "worker 7 could not start: init() raised ValueError: x"
