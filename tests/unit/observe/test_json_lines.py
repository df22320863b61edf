"""Logging as JSON."""

from __future__ import annotations

import json
import logging
import os
import select
import sys
from collections.abc import Callable
from datetime import datetime, timezone

import pytest

from scoredock.observe import context, logs
from scoredock.observe.request_log import LEFT, Entry, RequestLog

Lines = Callable[[], list[str]]


@pytest.fixture
def lines(configured: Callable[..., Lines]) -> Callable[[], list[dict[str, object]]]:
    """What was logged since the test began, read back."""
    raw: list[Lines] = []

    def read() -> list[dict[str, object]]:
        return [json.loads(line) for line in raw[0]()]

    def start() -> Callable[[], list[dict[str, object]]]:
        raw.append(configured(as_json=True))
        return read

    return start


def test_a_line_is_an_object(lines: Callable, request_id: str) -> None:
    read = lines()
    context.trace.set(("a" * 32, "b" * 16))
    logging.getLogger("model").warning("loaded %d\ntrees", 7)
    context.trace.set(None)
    (line,) = read()
    moment = datetime.fromisoformat(str(line.pop("time")).replace("Z", "+00:00"))
    assert abs((datetime.now(timezone.utc) - moment).total_seconds()) < 5
    assert line.pop("pid") > 0
    assert line == {
        "level": "WARNING",
        "logger": "model",
        "message": "loaded 7\ntrees",
        "request_id": request_id,
        "trace_id": "a" * 32,
        "span_id": "b" * 16,
    }


def test_a_traceback_stays_in_its_line(lines: Callable) -> None:
    read = lines()
    try:
        raise ValueError("no such column")
    except ValueError:
        logging.getLogger("model").exception("failed")
    (line,) = read()
    assert line["message"] == "failed"
    assert str(line["exception"]).endswith("ValueError: no such column")


def test_a_scripts_own_attributes_and_a_wish_for_the_stack_are_no_trouble(lines: Callable) -> None:
    read = lines()
    logging.getLogger("model").info("here", extra={"more": 5}, stack_info=True)
    (line,) = read()
    assert line["message"] == "here"
    assert "test_json_lines" in str(line["stack"])


def test_text_that_is_no_unicode_is_written_all_the_same(lines: Callable) -> None:
    read = lines()
    logging.getLogger("model").info("file %s", b"caf\xe9".decode("utf-8", "surrogateescape"))
    (line,) = read()
    assert line["message"] == "file caf?"


@pytest.mark.parametrize("touched", [False, True])
def test_a_request_has_its_figures(lines: Callable, touched: bool) -> None:
    import asyncio

    async def answer() -> None:
        log = RequestLog()
        log.add(Entry("r1", "POST", "/score", 200, 1.23456, 0.5, 0.25, 10, 20, 0))
        log.add(Entry("r2", "POST", "/score", 499, 1.0, -1, -1, 10, LEFT, 0))
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    read = lines()
    if touched:
        logging.getLogger("scoredock").addFilter(lambda record: True)
        logging.getLogger("scoredock.request").addFilter(lambda record: True)
    asyncio.run(answer())
    logging.getLogger("scoredock.request").filters.clear()
    first, second = read()
    assert (first["message"], first["request_id"]) == ("request", "r1")
    expected = {"status": 200, "duration_ms": 1.235, "queue_ms": 0.5, "run_ms": 0.25}
    assert expected.items() <= first.items()
    assert {"received_bytes": 10, "sent_bytes": 20}.items() <= first.items()
    assert not {"queue_ms", "run_ms", "sent_bytes"} & second.keys()


def test_no_reader_of_lines_sees_more_than_one(lines: Callable) -> None:
    read = lines()
    odd = "a\x85b\u2028c\u2029d\x9b31m\u202ee\nü"
    logging.getLogger("model").info("%s", odd)
    (line,) = read()
    assert line["message"] == odd


def test_lines_that_are_missing_are_told_as_json(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    with os.fdopen(write, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        logs.configure("INFO", [tmp_path], as_json=True)
        while not logging.root.handlers[0].stream.dropped:
            logging.getLogger("model").info("x" * 4000)
        os.set_blocking(read, False)
        while os.read(read, 1 << 20) and select.select([read], [], [], 0)[0]:
            pass
        logging.getLogger("model").info("again")
        first, second = (json.loads(line) for line in os.read(read, 1 << 20).splitlines())
    os.close(read)
    assert "lines are missing here" in first["message"]
    assert second["message"] == "again"
