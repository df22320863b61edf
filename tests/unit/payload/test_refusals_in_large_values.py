"""Saying why a large value is refused takes no longer than reading it: only a part of it is looked at."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from scoredock.payload.frame_refusals import LOOKED_AT

MANY = 300_000


@pytest.mark.parametrize(
    ("last", "message"),
    [
        ([1, "x"], "data[{last}][1]: expected a number (float64), got string 'x'"),
        ([1], "data[{last}]: expected 2 items like data[0], got 1"),
        (1, "data[{last}]: expected an array of 2 items like data[0], got integer 1"),
        ({}, "data[{last}]: expected an array of 2 items like data[0], got empty object"),
    ],
)
def test_the_last_row_of_many_is_told(
    last: Any, message: str, array: Callable[..., Any], refused: Callable[..., str]
) -> None:
    rows = [[1, 2]] * MANY + [last]
    assert refused(array((1, 2)), rows) == message.format(last=MANY)


def test_a_large_array_is_converted_whole(array: Callable[..., Any], accepted: Callable[..., Any]) -> None:
    rows = [[number, number + 0.5] for number in range(MANY)]
    made = accepted(array((1, 2)), rows)
    assert made.shape == (MANY, 2)
    assert made.tolist() == rows
    assert made.flags.writeable
    assert made.flags.c_contiguous
    assert accepted(array(["2024-01-01"], "datetime64[D]"), ["2024-05-01"] * MANY).shape == (MANY,)


def test_an_array_of_any_shape_is_one_array(array: Callable[..., Any], refused: Callable[..., str]) -> None:
    rows = [[1, 2]] * MANY + [[1, 2, 3]] * MANY
    assert refused(array((1, 2), enforce_shape=False), rows) == f"data[{MANY}]: expected 2 items like data[0], got 3"


def test_a_wrong_record_behind_many_is_told(frame: Callable[..., Any], refused: Callable[..., str]) -> None:
    sample = frame({"n": [1], "ok": [True]})
    rows = [{"n": 1, "ok": True}] * LOOKED_AT
    assert refused(sample, [*rows[1:], {"n": "x", "ok": True}]).startswith(f"data[{LOOKED_AT - 1}].n: expected int64")
    assert refused(sample, [*rows, {"n": 1, "ok": "no"}]).startswith(f"data[{LOOKED_AT}].ok: expected bool")
    behind = refused(sample, [*rows, {"n": "x", "ok": True}])
    assert behind.endswith(f"got rows behind the first {LOOKED_AT} that do not fit")


def test_other_threads_run_meanwhile(array: Callable[..., Any], refused: Callable[..., str]) -> None:
    """How long the interpreter lock was kept shows in the CPU time that passes between two looks of another thread."""
    rows = [[1, 2]] * (10 * MANY) + [[1, "x"]]
    pauses, done = [0.0], threading.Event()

    def look() -> None:
        before = time.process_time()
        while not done.is_set():
            time.sleep(0.001)
            now = time.process_time()
            pauses.append(now - before)
            before = now

    thread = threading.Thread(target=look)
    thread.start()
    try:
        refused(array((1, 2)), rows)
    finally:
        done.set()
        thread.join()
    assert max(pauses) < 0.15  # seconds; a piece takes some 10 ms


def test_a_frame_of_many_rows_is_refused_by_a_few_tries(
    frame: Callable[..., Any], refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []
    original = pd.Series.astype
    monkeypatch.setattr(pd.Series, "astype", lambda *args, **more: tries.append(1) or original(*args, **more))
    refused(frame({"n": [1]}), [{"n": 1}] * 50_000 + [{"n": None}])
    assert len(tries) < 60
