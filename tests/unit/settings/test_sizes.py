"""Sizes follow the container's memory, and say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoredock.settings import Sizes, notes_on_sizes, resolve

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("memory_mib", "workers", "body", "held", "parsed"),
    [
        (512, 2, 21, 42, 42),
        (128, 1, 10, 21, 21),
        (1024, 1, 85, 170, 170),
        (4096, 2, 100, 341, 341),
        (65536, 4, 100, 1024, 1024),
        (8, 4, 1, 1, 1),
    ],
)
def test_by_default_they_are_a_share_of_the_memory(
    memory_mib: int, workers: int, body: int, held: int, parsed: int
) -> None:
    settings, _ = resolve({"worker_count": workers}, {}, Path.cwd())
    assert Sizes.of(settings, memory_mib * MIB) == Sizes(body * MIB, held * MIB, parsed * MIB)


def test_without_a_limit_they_are_as_large_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scoredock.settings.sizes.memory_limit", lambda: None)
    settings, _ = resolve({}, {}, Path.cwd())
    assert Sizes.of(settings) == Sizes() == Sizes(100 * MIB, 1024 * MIB, 1024 * MIB)
    assert not list(notes_on_sizes(settings))


def test_what_is_set_is_what_counts_and_any_body_fits() -> None:
    given = {"SCOREDOCK_MAX_BODY_MB": "70", "SCOREDOCK_MAX_QUEUE_MB": "50", "SCOREDOCK_MAX_PARSED_MB": "30"}
    settings, _ = resolve({}, given, Path.cwd())
    assert Sizes.of(settings, 128 * MIB) == Sizes(70 * MIB, 70 * MIB, 30 * MIB)


def test_the_start_says_what_is_lower_than_usual() -> None:
    settings, _ = resolve({"worker_count": 2}, {}, Path.cwd())
    (note,) = notes_on_sizes(settings, 512 * MIB)
    assert all(part in note for part in ("21 MiB", "not 100", "256 MiB", "SCOREDOCK_MAX_BODY_MB"))


def test_the_start_says_what_does_not_fit() -> None:
    settings, _ = resolve({}, {"SCOREDOCK_MAX_BODY_MB": "100"}, Path.cwd())
    (note,) = notes_on_sizes(settings, 128 * MIB)
    assert all(part in note for part in ("121 MiB", "128 MiB", "SCOREDOCK_MAX_QUEUE_MB", "WORKER_COUNT"))
