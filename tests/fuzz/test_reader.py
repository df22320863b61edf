"""Valid requests, mutated: the reader takes them for what another implementation does, however they are cut."""

from __future__ import annotations

import random
import time

import pytest

from . import SECONDS, SEEDS, mutations, reading


@pytest.mark.parametrize("seed", SEEDS)
def test_a_mutated_request_is_read_as_h11_reads_it_or_refused(seed: int) -> None:
    chance, until = random.Random(seed), time.monotonic() + SECONDS / 2
    accepted = refused = 0
    while time.monotonic() < until:
        data = mutations.mutated(chance)
        ours = reading.read([data])
        theirs, theirs_refused = reading.second_opinion(data)
        mine = [(method, body) for method, _, body in ours.requests]
        # too large a body is told when its head is there, and kept by h11
        expected = [(method, body if len(body) <= reading.MAX_BODY else b"") for method, body in theirs]
        assert mine[: len(expected)] == expected[: len(mine)], (seed, data)
        if theirs_refused:
            assert len(mine) <= len(expected), (seed, data)
        accepted, refused = accepted + len(mine), refused + bool(ours.refusal)
    assert accepted and refused, "the mutations show nothing"


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_read_does_not_depend_on_packets(seed: int) -> None:
    chance, until = random.Random(seed), time.monotonic() + SECONDS / 2
    while time.monotonic() < until:
        data = mutations.mutated(chance)
        whole = reading.read([data])
        for pieces in (reading.cut(data, chance), [data[place : place + 1] for place in range(len(data))]):
            assert reading.read(pieces) == whole, (seed, pieces)
