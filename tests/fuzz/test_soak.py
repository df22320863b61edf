"""A short soak: what leaks descriptors, or much memory, or logs a fault under mixed load, shows at once."""

from __future__ import annotations

from .soak import soak


def test_mixed_load_leaves_nothing_behind() -> None:
    assert soak(12) == []
