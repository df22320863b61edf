"""What telemetry waits in: bounded, counted, and never in anybody's way."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from scoredock.observe.tracing import outbox as outbox_module
from scoredock.observe.tracing.outbox import LastWords, Outbox, listen
from servers import wait_until


@pytest.fixture
def gate():
    """A sender that waits until it is let through; its batches, and whether they arrive."""

    class Gate:
        def __init__(self) -> None:
            self.batches: list[list[int]] = []
            self.open = threading.Event()
            self.arrives = True

        def send(self, batch: list[int]) -> bool:
            self.open.wait(10)
            self.batches.append(batch)
            return self.arrives

    made = Gate()
    yield made
    made.open.set()


def _losses(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records if " were lost. " in record.getMessage()]


def test_what_does_not_fit_is_lost_and_counted(gate):
    outbox: Outbox[int] = Outbox(gate.send, "spans", 10, 5, 60)
    for number in range(5):
        outbox.put(number)
    wait_until(lambda: not outbox._queue, what="the first batch to be taken")
    started = time.monotonic()
    for number in range(100):
        outbox.put(number)
    assert time.monotonic() - started < 1
    assert outbox.lost == 90
    gate.open.set()
    outbox.stop(5)
    assert sorted(len(batch) for batch in gate.batches) == [5, 5, 5]
    assert outbox.lost == 90


def test_a_few_wait_for_company_and_a_flush_sends_them(gate):
    gate.open.set()
    outbox: Outbox[int] = Outbox(gate.send, "spans", 100, 10, 60)
    outbox.put(1)
    assert not gate.batches
    assert outbox.flush(5)
    assert gate.batches == [[1]]
    for number in range(10):
        outbox.put(number)
    wait_until(lambda: len(gate.batches) == 2)
    outbox.stop(5)


def test_losses_are_told_once_a_minute_and_at_the_end_with_their_cause(caplog, monkeypatch):
    words = LastWords()

    def send(batch: list[int]) -> bool:
        raise ConnectionError("nobody there")

    outbox: Outbox[int] = Outbox(send, "spans", 10, 1, 60, words)
    with caplog.at_level(logging.WARNING):
        for number in range(5):
            outbox.put(number)
            wait_until(lambda seen=number + 1: outbox.lost == seen)
        wait_until(lambda: _losses(caplog))
        assert len(_losses(caplog)) == 1
        assert "1 spans were lost" in _losses(caplog)[0]
        assert "ConnectionError: nobody there" in _losses(caplog)[0]
        monkeypatch.setattr(outbox_module, "REPORT_S", 0)
        outbox.put(6)
        wait_until(lambda: len(_losses(caplog)) == 2)
        assert "5 spans were lost" in _losses(caplog)[1]
        outbox.stop(5)


def test_stopping_takes_no_longer_than_it_may(gate, caplog):
    outbox: Outbox[int] = Outbox(gate.send, "spans", 10, 5, 60)
    for number in range(7):
        outbox.put(number)
    wait_until(lambda: len(outbox._queue) == 2, what="the first batch to be taken")
    started = time.monotonic()
    outbox.stop(0.3)
    assert 0.2 < time.monotonic() - started < 2
    assert "7 spans were lost" in _losses(caplog)[0]
    assert _losses(caplog)[0].endswith("Last cause: no answer in time")
    outbox.put(8)
    assert outbox.lost == 8


def test_what_fails_after_it_was_given_up_is_counted_and_told_once(gate, caplog, monkeypatch):
    monkeypatch.setattr(outbox_module, "REPORT_S", 0)
    gate.arrives = False
    outbox: Outbox[int] = Outbox(gate.send, "late spans", 10, 5, 60, finish=lambda: gate.batches.append([]))
    for number in range(7):
        outbox.put(number)
    wait_until(lambda: len(outbox._queue) == 2, what="the first batch to be taken")
    outbox.stop(0.1)
    gate.open.set()
    wait_until(lambda: [] in gate.batches, what="the end of the thread's work")
    assert outbox.lost == 7
    assert len([line for line in _losses(caplog) if "late spans" in line]) == 1  # threads of other tests may end now


def test_what_is_to_be_done_at_the_end_is_done_after_the_last_batch(gate):
    outbox: Outbox[int] = Outbox(gate.send, "spans", 10, 5, 60, finish=lambda: gate.batches.append([]))
    outbox.put(1)
    outbox.end()
    gate.open.set()
    outbox.stop(5)
    assert gate.batches == [[1], []]


def test_an_exporters_log_goes_nowhere_but_into_the_cause(caplog):
    words = listen("test.exporter")
    logging.getLogger("test.exporter.part").error("batch failed:\n%s", "refused")
    assert words.text == "batch failed: refused"
    logging.getLogger("test.exporter").error("refused " * 100)
    assert words.text.endswith("refused ref…")
    assert not caplog.records


def test_a_batch_that_is_lost_as_the_time_is_over_is_counted_once():
    told, over = threading.Event(), threading.Event()

    def hold(record: logging.LogRecord) -> bool:
        if threading.current_thread() is outbox._thread:  # it has counted its batch
            told.set()
            over.wait(10)
        return True

    logger = logging.getLogger("scoredock.telemetry")
    logger.addFilter(hold)
    try:
        outbox: Outbox[int] = Outbox(lambda batch: False, "spans", 10, 5, 60)
        for number in range(5):
            outbox.put(number)
        assert told.wait(10)
        outbox.stop(0.1)
        assert outbox.lost == 5
    finally:
        over.set()
        outbox._thread.join()
        logger.removeFilter(hold)
