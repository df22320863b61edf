"""Standard output that stops nobody."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import TextIO

import pytest

from scoredock.observe.output import SteadyOutput

LINE = "x" * 99 + "\n"


def _pipe() -> tuple[int, int]:
    return os.pipe()


def _socket() -> tuple[int, int]:
    """What systemd gives a service as its standard output."""
    ours, theirs = socket.socketpair()
    return theirs.detach(), ours.detach()


@pytest.fixture(params=[_pipe, _socket])
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[int, TextIO]]:
    """Where to read, and the stream to write to."""
    make: Callable[[], tuple[int, int]] = request.param
    read, write = make()
    with os.fdopen(write, "w") as stream, os.fdopen(read, "rb") as reader:
        yield reader.fileno(), stream


def test_nobody_reads_and_nobody_waits_for_long(ends: tuple[int, TextIO]) -> None:
    read, stream = ends
    output = SteadyOutput(stream)
    started = time.monotonic()
    for _ in range(10_000):
        output.write(LINE)
    assert time.monotonic() - started < 5
    assert output.dropped > 0

    got = bytearray()
    reading = threading.Thread(
        target=lambda: [got.extend(os.read(read, 65536)) for _ in iter(lambda: b"!" in got, True)]
    )
    reading.start()
    written = 10_000
    while output.dropped:
        output.write("again\n")
        written += 1
    output.write("!")
    reading.join(10)
    *lines, end = got.decode().split("\n")
    lost = sum(int(line[1:].split()[0]) for line in lines if line.startswith("("))
    arrived = [line for line in lines if not line.startswith("(")]
    assert end == "!"
    assert set(arrived) <= {LINE.rstrip(), "again"}  # none is cut
    assert len(arrived) + lost == written
