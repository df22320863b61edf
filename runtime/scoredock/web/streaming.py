"""A body that is produced in the scoring thread while it is sent from the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator

WINDOW = 8  # chunks that may wait for a slow client before the producer does

logger = logging.getLogger("scoredock.scoring")


class StreamAborted(Exception):
    """The body cannot be finished: its producer raised or was late, or the client left."""


class StreamedBody:
    """A FollowUp of the engine: iterated over in the scoring thread, read by the gateway.

    The producer waits while WINDOW chunks wait for the client. ``on_abort`` is called when the body is ``given_up``,
    so that whoever waits for the client, and not for a chunk, notices. ``chunks`` may be replaced before the first.
    """

    def __init__(self, chunks: Iterable[bytes], loop: asyncio.AbstractEventLoop) -> None:
        self.chunks = chunks
        self._loop = loop
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(WINDOW)
        self._closed = False
        self._failed = False
        self.given_up = False
        self.on_abort: Callable[[], None] = lambda: None

    def __iter__(self) -> Iterator[None]:
        """Produce: one step a chunk."""
        try:
            for chunk in self.chunks:
                if not asyncio.run_coroutine_threadsafe(self._put(chunk), self._loop).result():
                    break
                yield
        except Exception:
            logger.exception("producing the streamed response raised")
            self._failed = True
        finally:
            close = getattr(self.chunks, "close", None)
            if close is not None:
                close()
            self._loop.call_soon_threadsafe(self._queue.put_nowait, None)

    def abort(self) -> None:
        """Give up: the producer was late. Called on the event loop."""
        logger.error("the streamed response is given up: it took too long, or nobody waits for it")
        self._failed = self.given_up = True
        self.close()
        self.on_abort()

    def close(self) -> None:
        """Take no more chunks: the client left, or the producer was late. Called on the event loop."""
        self._closed = True
        self._room.release()
        self._queue.put_nowait(None)

    async def read(self) -> AsyncIterator[bytes]:
        """The chunks. Raises StreamAborted when the body could not be finished."""
        while True:
            chunk = await self._queue.get()
            if chunk is None:
                break
            self._room.release()
            yield chunk
        if self._failed:
            raise StreamAborted

    async def _put(self, chunk: bytes) -> bool:
        await self._room.acquire()
        if self._closed:
            return False
        self._queue.put_nowait(chunk)
        return True
