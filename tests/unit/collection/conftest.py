"""Collections that write to a folder of the test, with a clock that the test sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scoredock.collection.collection import Collection
from scoredock.collection.config import CollectionConfig
from scoredock.collection.targets import Target
from scoredock.collection.writer import Writer

NOON = 1_905_249_600.0  # 2030-05-17T12:00:00Z


class Clock:
    """Seconds since the epoch, as the test says."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(tmp_path: Path, clock: Clock) -> Iterator[Callable[..., Collection]]:
    """Open a collection: ``opened(file_format="csv")``; ``writer`` has options of the writer."""
    found: list[Collection] = []

    def open_one(writer: dict[str, Any] | None = None, to: str | Target | None = None, **options: Any) -> Collection:
        target = to if isinstance(to, Target) else Target(to or str(tmp_path / "to"))
        config = CollectionConfig(**{"own": target, "first": target, "second": target, **options})
        limits = {"flush_s": 0.05, "max_bytes": config.max_bytes, "max_records": config.max_records, **(writer or {})}
        found.append(Collection(config, lambda: "request-1", clock, Writer(**limits)))
        return found[-1]

    yield open_one
    for one in found:
        one.close(0.1)  # a test that wants what waits to be written closes by itself
