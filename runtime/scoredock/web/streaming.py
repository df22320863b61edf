"""A body that is produced in the scoring thread while it is sent from the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator

WINDOW = 8  # chunks that may wait for a slow client before the producer does
WINDOW_BYTES = 1024 * 1024  # that they may have; one may have more
PATIENCE_S = 20.0  # that the producer waits in all for a client of a stream,
TAKEN_A_SECOND = 1024 * 1024  # and a second more for every so many bytes that it takes

logger = logging.getLogger("scoredock.scoring")


class StreamAborted(Exception):
    """The body cannot be finished: its producer raised or was late, or the client left or reads too slowly."""


class StreamedBody:
    """A FollowUp of the engine: iterated over in the scoring thread, read by the gateway.

    The producer waits while WINDOW chunks, or WINDOW_BYTES, wait for the client, but not for as long as the client
    likes: it keeps the scoring thread. ``on_wait`` is called when it begins to; ``waiting`` are the bytes that wait.
    ``on_abort`` is called when the body is ``given_up``, so that whoever waits for the client, and not for a chunk,
    notices. ``late`` says that it was the producer that took too long. ``chunks`` may be replaced before the first. All
    but the iteration belongs to the event loop.
    """

    def __init__(self, chunks: Iterable[bytes], loop: asyncio.AbstractEventLoop) -> None:
        self.chunks = chunks
        self._loop = loop
        self._queue: deque[bytes] = deque()
        self._changed = asyncio.Event()  # for the reader
        self._room = asyncio.Event()  # for the producer
        self._closed = False  # nobody takes chunks any more
        self._produced = False  # there will be no more of them
        self._failed = False
        self._taken = 0
        self._waited_s = 0.0
        self.waiting = 0
        self.given_up = self.late = False
        self.on_abort: Callable[[], None] = lambda: None
        self.on_wait: Callable[[], None] = lambda: None

    def __iter__(self) -> Iterator[None]:
        """Produce: one step a chunk."""
        failed = False
        try:
            for chunk in self.chunks:
                # Closed: also by a deadline that this thread has outlived, and maybe the loop with it.
                if self._closed or not asyncio.run_coroutine_threadsafe(self._put(chunk), self._loop).result():
                    break
                yield
        except Exception:
            logger.exception("producing the streamed response raised")
            failed = True
        finally:
            close = getattr(self.chunks, "close", None)
            if close is not None:
                close()
            self._loop.call_soon_threadsafe(self._end, failed)

    def abort(self) -> None:
        """Give up: the producer was late. Called on the event loop."""
        logger.error("the streamed response is given up: it took too long, or nobody waits for it")
        self.late = True
        self._give_up()

    def close(self) -> None:
        """Take no more chunks: the client left, or the producer was late. Called on the event loop."""
        self._closed = True
        self._room.set()
        self._changed.set()

    async def begin(self) -> bool:
        """Wait for the first bytes, or the end; whether there is something to be sent, be it an empty body.

        Until then nothing has to be said of the answer: as in WSGI (PEP 3333), its head goes out with its first bytes.
        """
        while not self.waiting and not self._closed and not self._produced:
            self._queue.clear()  # empty ones
            self._room.set()
            self._changed.clear()
            await self._changed.wait()
        return not self._failed or (bool(self.waiting) and not self.given_up)

    async def read(self) -> AsyncIterator[bytes]:
        """The chunks. Raises StreamAborted when the body could not be finished."""
        while True:
            while self._queue and not self.given_up:
                chunk = self._queue.popleft()
                self.waiting -= len(chunk)
                self._taken += len(chunk)
                self._room.set()
                yield chunk
            if self._closed or self._produced:
                break
            self._changed.clear()
            await self._changed.wait()
        if self._failed:
            raise StreamAborted

    async def _put(self, chunk: bytes) -> bool:
        while self._is_full(len(chunk)) and not self._closed:
            self.on_wait()
            self._room.clear()
            patience_s = PATIENCE_S + self._taken / TAKEN_A_SECOND - self._waited_s
            began = self._loop.time()
            try:
                await asyncio.wait_for(self._room.wait(), max(patience_s, 0))
            except (TimeoutError, asyncio.TimeoutError):  # two classes before Python 3.11
                logger.error(
                    "the streamed response is given up: its client takes it too slowly, and the scoring thread has "
                    "waited %.0f s for it",
                    self._waited_s + patience_s,
                )
                self._give_up()
            self._waited_s += self._loop.time() - began
        if self._closed:
            return False
        self._queue.append(chunk)
        self.waiting += len(chunk)
        self._changed.set()
        return True

    def _is_full(self, size: int) -> bool:
        return bool(self._queue) and (len(self._queue) >= WINDOW or self.waiting + size > WINDOW_BYTES)

    def _give_up(self) -> None:
        self._failed = self.given_up = True
        self.close()
        self.on_abort()

    def _end(self, failed: bool) -> None:
        self._failed = self._failed or failed
        self._produced = True
        self._changed.set()
