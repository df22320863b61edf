"""A body that one thread makes and the event loop sends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from scoredock.web.streaming import WINDOW, StreamAborted, StreamedBody
from servers import wait_until

PATIENCE_S = 20


class Chunks:
    """A producer that counts what it made, and knows whether it was closed."""

    def __init__(self, count: int, raises: bool = False) -> None:
        self.made = 0
        self.closed = False
        self._count = count
        self._raises = raises

    def __iter__(self) -> Iterator[bytes]:
        for number in range(self._count):
            self.made += 1
            yield b"%d " % number
        if self._raises:
            raise ValueError("the producer broke")

    def close(self) -> None:
        """Called by the body, once."""
        assert not self.closed
        self.closed = True


def produce(body: StreamedBody) -> threading.Thread:
    """Make the body in a thread, as the scoring thread does."""
    thread = threading.Thread(target=lambda: [None for _ in body])
    thread.start()
    return thread


async def joined(thread: threading.Thread) -> None:
    """Wait for a thread without holding up the event loop that it needs."""
    await asyncio.to_thread(thread.join, PATIENCE_S)
    assert not thread.is_alive()


def test_every_chunk_arrives_in_order_and_the_producer_is_closed() -> None:
    chunks = Chunks(100)

    async def exchange() -> bytes:
        body = StreamedBody(chunks, asyncio.get_running_loop())
        thread = produce(body)
        received = b"".join([chunk async for chunk in body.read()])
        await joined(thread)
        return received

    assert asyncio.run(exchange()).split() == [b"%d" % number for number in range(100)]
    assert chunks.closed


def test_the_producer_waits_for_a_slow_client() -> None:
    chunks = Chunks(1000)

    async def exchange() -> None:
        body = StreamedBody(chunks, asyncio.get_running_loop())
        thread = produce(body)
        await asyncio.to_thread(wait_until, lambda: chunks.made > WINDOW)
        for _ in range(20):  # turns of the loop in which a producer without a window would run on
            await asyncio.sleep(0)
        assert chunks.made == WINDOW + 1
        assert len([chunk async for chunk in body.read()]) == 1000
        await joined(thread)

    asyncio.run(exchange())


def test_a_producer_that_raises_aborts_the_body_after_what_it_made() -> None:
    chunks = Chunks(3, raises=True)
    received: list[bytes] = []

    async def exchange() -> None:
        body = StreamedBody(chunks, asyncio.get_running_loop())
        thread = produce(body)
        with pytest.raises(StreamAborted):
            async for chunk in body.read():
                received.append(chunk)
        await joined(thread)

    asyncio.run(exchange())
    assert len(received) == 3
    assert chunks.closed


@pytest.mark.parametrize("late", [True, False], ids=["aborted", "closed"])
def test_a_producer_whose_client_left_or_that_is_late_is_closed(late: bool) -> None:
    chunks = Chunks(10**9)

    async def exchange() -> None:
        body = StreamedBody(chunks, asyncio.get_running_loop())
        thread = produce(body)
        async for _ in body.read():
            break
        if late:
            body.abort()
            with pytest.raises(StreamAborted):
                _ = [chunk async for chunk in body.read()]
        else:
            body.close()
        await joined(thread)

    asyncio.run(exchange())
    assert chunks.closed
    assert chunks.made < 10**9
