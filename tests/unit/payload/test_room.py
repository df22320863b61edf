"""The room for values: what is taken is given back, whatever happens."""

from __future__ import annotations

import gc

import pytest

from scoredock.errors import NotReady, RequestProblem
from scoredock.payload.room import MIB, Room


def test_what_never_fits_is_413_and_names_the_setting() -> None:
    with pytest.raises(RequestProblem, match=r"about 11 MiB .* at most 10 MiB .* SCOREDOCK_MAX_PARSED_MB") as caught:
        Room(10 * MIB).take(11 * MIB)
    assert caught.value.status == 413


def test_what_does_not_fit_now_is_503_until_others_are_done() -> None:
    room = Room(10 * MIB)
    first = room.take(6 * MIB)
    with pytest.raises(NotReady, match="6 of 10 MiB"):
        room.take(5 * MIB)
    room.take(4 * MIB)  # nobody keeps it
    first.release()
    first.release()
    whole = room.take(10 * MIB)
    del whole
    assert room.take(10 * MIB).size == 10 * MIB


def test_what_nobody_refers_to_is_given_back_at_once() -> None:
    room = Room(MIB)
    gc.disable()
    try:
        for _ in range(3):
            assert room.take(MIB).size == MIB
    finally:
        gc.enable()


def test_more_threads_share_what_is_not_counted() -> None:
    assert Room.shared_by(1, 1024 * MIB).small == MIB
    assert Room.shared_by(4, 1024 * MIB).small == MIB // 4
    assert Room.shared_by(64, 1024 * MIB).small == 64 * 1024
    assert Room.shared_by(1, 32 * MIB).small == MIB // 8
