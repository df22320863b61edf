"""What is measured: the four applications, what goes in, and what has to come out.

The same work stands behind every server: an application gets ``value`` and answers ``expected``; each server
wraps the value in its own protocol.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FEATURES = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]
ECHO_VALUE = {"name": "echo", "values": [1, 2.5, 3], "ok": True}
RAW_BYTES = 1_000_000


@dataclass(frozen=True)
class Case:
    """A load: an application, how many rows a request has, from how many connections. ``name`` is the command's."""

    name: str
    app: str
    meaning: str
    rows: int = 0
    connections: tuple[int, ...] = (1, 16)

    @property
    def work(self) -> str:
        """The name of what a request carries; cases that send the same share it."""
        return f"{self.app}-{self.rows}"


LOADS = (
    Case("echo", "echo", "a small JSON object, back as it came"),
    Case("ridge-1", "ridge", "one row of ten numbers", 1),
    Case("ridge-100", "ridge", "100 rows, 21 kB of JSON", 100),
    Case("ridge-10000", "ridge", "10000 rows, 2.1 MB of JSON", 10_000, (1,)),
    Case("frame-1", "frame", "one record of 13 mixed columns", 1, (16,)),
    Case("frame-1000", "frame", "1000 records of 13 mixed columns, 340 kB of JSON", 1000, (16,)),
    Case("raw-1M", "raw", "1 MB of bytes, its length back", 1, (1,)),
    Case("connections-256", "ridge", "one row from many connections", 1, (256,)),
)
SPECIAL = {
    "start": "from the command to the first healthy answer, echo",
    "memory": "proportional set size of all processes, after the start and after load, ridge",
    "growth-rows": "cost of a row, from 1 to 100000 rows a request",
    "growth-workers": "requests a second, from 1 to 4 workers on two cores",
}
NAMES = (*(case.name for case in LOADS), *SPECIAL)
GROWTH_ROWS = (1, 10, 100, 1000, 10_000, 100_000)
GROWTH_WORKERS = (1, 2, 3, 4)


@dataclass(frozen=True)
class Work:
    """``value`` goes in, ``expected`` comes out; ``model`` is the model's own part of the work, nothing around it."""

    value: Any
    expected: Any
    model: Callable[[], Any] | None = None


@functools.cache
def ridge() -> Any:
    """The model of all servers."""
    from sklearn.datasets import load_diabetes
    from sklearn.linear_model import Ridge

    return Ridge().fit(*load_diabetes(return_X_y=True))


def save_model(folder: Path) -> None:
    """Write the model to the folder that every server loads it from."""
    import joblib

    joblib.dump(ridge(), folder / "ridge.joblib")


@functools.cache
def work(app: str, rows: int) -> Work:
    """What goes in and what comes out, the same at every run."""
    if app == "echo":
        return Work(ECHO_VALUE, ECHO_VALUE)
    if app == "raw":
        return Work(bytes(range(256)) * (RAW_BYTES // 256) + bytes(RAW_BYTES % 256), RAW_BYTES)
    import numpy as np

    numbers = np.random.default_rng(rows).normal(size=(rows, len(FEATURES)))
    predicted = ridge().predict(numbers).tolist()
    if app == "ridge":
        return Work(numbers.tolist(), predicted, lambda: ridge().predict(numbers))
    import pandas as pd

    pd.set_option("mode.string_storage", "python")  # the servers have no pyarrow, but this process may have it
    records = [
        {
            "patient": f"P{number:05}",
            "visits": number % 7,
            "smoker": number % 3 == 0,
            **dict(zip(FEATURES, row, strict=True)),
        }
        for number, row in enumerate(numbers.tolist())
    ]
    frame = pd.DataFrame(records)
    return Work(records, predicted, lambda: ridge().predict(frame[FEATURES].to_numpy()))


def same(answer: Any, expected: Any) -> bool:
    """Whether an answer is the expected one; predictions may differ in their last digits."""
    if not isinstance(expected, list):
        return bool(answer == expected)
    if not isinstance(answer, list) or len(answer) != len(expected):
        return False
    return all(abs(one - other) <= 1e-9 * max(1, abs(other)) for one, other in zip(answer, expected, strict=True))
