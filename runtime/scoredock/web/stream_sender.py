"""A streamed answer's way out, piece by piece, as its client takes them."""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Callable

from scoredock.web.answers import NO_BODY, Header
from scoredock.web.incoming import Incoming
from scoredock.web.streaming import StreamAborted, StreamedBody

logger = logging.getLogger("scoredock.web")


class Sent(enum.Enum):
    """How a streamed answer has ended."""

    WHOLE = enum.auto()
    BROKEN = enum.auto()  # after its head, by its producer, its length or a client that is too slow
    NOTHING = enum.auto()  # it failed before there was anything to be sent


class StreamSender:
    """Sends one streamed answer by ``write``, whenever ``writable`` is set, for as long as ``wanted()``.

    ``head`` makes the answer's head of headers to add, and of whether the connection has to end with the body: where
    nothing else tells the client where that ends.
    """

    def __init__(
        self,
        write: Callable[[bytes], None],
        writable: asyncio.Event,
        wanted: Callable[[], bool],
        head: Callable[[list[Header], bool], bytes],
    ) -> None:
        self._write = write
        self._writable = writable
        self._wanted = wanted
        self._head = head

    async def send(self, incoming: Incoming, status: int, headers: list[Header], body: StreamedBody) -> Sent:
        """Send the answer. Its head waits for the first bytes of its body."""
        try:
            length = next((int(value) for name, value in headers if name == b"content-length"), None)
            has_body = incoming.method != "HEAD" and status not in NO_BODY
            chunked = length is None and incoming.http_version != "1.0" and status not in NO_BODY
            if has_body and not await body.begin():
                return Sent.NOTHING
            if not self._wanted():
                return Sent.BROKEN
            self._write(
                self._head([(b"transfer-encoding", b"chunked")] if chunked else [], length is None and not chunked)
            )
            if not has_body or await self._send_pieces(body, chunked, length):
                return Sent.WHOLE
        except StreamAborted:
            pass  # without the last chunk, so that the client sees that something is missing
        except Exception:
            logger.exception("sending the streamed response raised")
        return Sent.BROKEN

    async def _send_pieces(self, body: StreamedBody, chunked: bool, length: int | None) -> bool:
        """Whether the body went out as announced."""
        sent = 0
        async for piece in body.read():
            await self._writable.wait()
            if not self._wanted() or body.given_up:  # the client has left, or nobody waits for it
                return False
            sent += len(piece)
            if length is not None and sent > length:
                logger.error("the streamed response is longer than its Content-Length of %d bytes", length)
                return False
            if piece:
                self._write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if self._wanted() and chunked:
            self._write(b"0\r\n\r\n")
        if length is not None and sent < length and self._wanted():
            logger.error("the streamed response has %d bytes of its Content-Length of %d", sent, length)
        return length is None or sent == length
