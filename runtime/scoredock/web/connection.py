"""HTTP/1.1 over one connection: requests one at a time to the gateway, answers out.

This is uvicorn's place for a protocol, so sockets, signals and shutdown are uvicorn's. Going through ASGI
instead costs a request as much as its way through the gateway does: a task, two events, a dictionary for each
message, and for a large body two more copies.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from http import HTTPStatus
from typing import Any, cast

from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from scoredock.web.answers import NO_BODY, Header
from scoredock.web.gateway import Gateway
from scoredock.web.incoming import Incoming
from scoredock.web.request_reader import RequestReader
from scoredock.web.spare import PATIENCE_S, USED_UP, Handler
from scoredock.web.streaming import StreamAborted, StreamedBody
from scoredock.web.watch import Watch

MAX_JOINED = 64 * 1024  # bytes of a body that is copied behind its headers, to be sent by one call
MAX_WAITING = 64  # pipelined requests before no more are read
LINGER_S = 1.0  # for a client to read the last thing that it is sent, and to close its side
ON_ITS_WAY_S = 0.2  # for a request that a client has sent before it could know that the server ends
DRAIN_S = 30.0  # for a client to send the rest of a body that is too large

_STATUS_LINES: dict[int, bytes] = {
    status: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}

logger = logging.getLogger("scoredock.web")


class Connection(asyncio.Protocol):
    """A client's connection, and the ``Client`` of its requests.

    ``state`` is the server's: it knows all connections and the headers that every answer has. A ``Watch`` closes one
    whose client is idle for ``idle_s`` seconds, or too slow. A client that ends its side of the connection has left:
    nobody can tell whether it still reads, and what nobody waits for is not scored.
    """

    def __init__(self, gateway: Gateway, state: ServerState, idle_s: float) -> None:
        self._gateway: Handler = gateway
        self._intake, self._spare = gateway.intake, gateway.spare
        self._state = state
        self._idle_s = idle_s
        self._loop = asyncio.get_running_loop()
        self._reader = RequestReader(self, gateway.intake, gateway.may_call)
        self._transport: asyncio.Transport = None  # type: ignore[assignment] # connection_made comes first
        self._owed: int | None = None  # the number of a request whose client waits for 100 Continue
        self._closing = False  # after the answers that are due
        self._ended = False  # nothing will be sent any more
        self._answering: Incoming | None = None
        self._waiting: deque[Incoming] = deque()
        self._stream: StreamedBody | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self.scheme = "http"
        self.certified = False
        self.certificate = self.who = ""
        self.address: tuple[str, int] | None = None
        self.server: tuple[str, int] | None = None

    # --- asyncio's and uvicorn's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self._transport = cast("asyncio.Transport", transport)
        self._state.connections.add(cast("Any", self))  # uvicorn calls its shutdown()
        self.scheme = "https" if is_ssl(self._transport) else "http"
        self.address = get_remote_addr(self._transport)
        self.who = f" client={self.address[0]}" if self.address is not None else " client=-"
        self.server = cast("tuple[str, int] | None", get_local_addr(self._transport))
        self._watch = Watch(self, self._transport, self._reader, self._intake, self._idle_s)
        self._intake.connections += 1
        if self._intake.connections - len(self._spare) > self._intake.max_connections:
            self._spare.add(self, self._watch.seen, self._intake.max_connections)
            self._gateway, self._reader.max_body = self._spare, 0
            self._loop.call_later(PATIENCE_S, self._refuse_unless_asked)

    def connection_lost(self, error: Exception | None) -> None:
        """The client has left, or the connection was closed."""
        self._state.connections.discard(cast("Any", self))
        self._intake.connections -= 1
        self._spare.discard(self)
        self._watch.end()
        self._reader.drop()
        self._intake.release(one.body for one in self._waiting)
        self._waiting.clear()
        incoming, self._answering = self._answering, None
        if incoming is not None:
            self._intake.release([incoming.body])
            incoming.client = None
            self._gateway.left(incoming)
        if self._stream is not None:
            self._stream.close()
        self._writable.set()

    def pause_writing(self) -> None:
        """The client reads more slowly than answers come: take nothing more from it."""
        self._watch.seen = self._loop.time()
        self._writable.clear()
        self._read_or_pause()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._watch.seen = self._loop.time()
        self._writable.set()
        self._read_or_pause()
        if self._waiting:
            self._loop.call_soon(self._next)

    @property
    def busy(self) -> bool:
        """Whether a request is being answered, or waits for that."""
        return self._answering is not None or bool(self._waiting)

    def shutdown(self) -> None:
        """The server ends: answer what has begun to come, or is on its way, and close."""
        self._closing = True
        if not self._reader.inside and not self.busy:
            self._loop.call_later(ON_ITS_WAY_S, self._hang_up_unless_asked)

    def _hang_up_unless_asked(self) -> None:
        if not self._reader.inside:
            self.hang_up()

    def hang_up(self) -> None:
        """The server waits no longer for what has not come: close, unless an answer is due."""
        self._closing = True
        if not self.busy:
            self._transport.close()

    def cut(self) -> None:
        """Refuse whatever the client wants, at once: it is one too many."""
        if self._closing:  # it was told already
            self._transport.abort()
        else:
            self._reader.give_up(503, USED_UP)
            self._transport.close()

    def _refuse_unless_asked(self) -> None:
        if self._closing:  # it was told already, and may be sending still
            self._transport.close()
        else:
            self._reader.give_up(503, USED_UP)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        self._watch.seen = now = self._loop.time()
        if not self._ended:
            self._reader.feed(data)
            if self._reader.inside:
                self._watch.note(now)

    @property
    def client_may_send(self) -> bool:
        """Whether what the client sends is read, and the client does not wait to be told to go on."""
        return self._reads and self._owed != self._reader.begun

    @property
    def client_waits(self) -> bool:
        """Whether it is the client that waits, for its answer or for more of it."""
        return self._answering is not None and (self._stream is None or self._writable.is_set())

    @property
    def _reads(self) -> bool:
        return self._writable.is_set() and len(self._waiting) < MAX_WAITING

    def _read_or_pause(self) -> None:
        if self._transport.is_closing():
            return
        if self._reads:
            self._watch.restart()
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    # --- what the reader has read

    def received(self, incoming: Incoming) -> None:
        """Hand a request to the gateway, after those before it."""
        if self._answering is None and not self._waiting and self._writable.is_set():
            self._answering = incoming
            self._gateway.handle(incoming)
        elif not self._closing:
            self._waiting.append(incoming)
            self._read_or_pause()
        else:  # it learns from the last answer that this one was not taken
            self._intake.release([incoming.body])

    def _next(self) -> None:
        """Take the next one of the requests that came while another one was answered, and its answer read."""
        if self._answering is None and self._waiting and self._writable.is_set():
            self._answering = self._waiting.popleft()
            self._read_or_pause()
            self._gateway.handle(self._answering)

    def discarded(self) -> None:
        """A body that was too large has come to its end; so has the connection, once that was said."""
        if not self.busy:
            self._transport.close()

    def awaited(self) -> None:
        """Tell the client to send the body, unless an answer to something else comes first."""
        if self.busy:
            self._owed = self._reader.begun
        else:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def refused(self, status: int, message: str) -> None:
        """Say so, unless answers to what came before are due, or this was answered, and close.

        What is refused behind a request that is still being answered gets neither an answer nor a line in the log.
        """
        self._closing = True
        if self.busy or self._transport.is_closing():
            return
        if self._reader.discarding:
            self._transport.close()
            return
        self._answering = self._reader.unfinished()
        self._gateway.refuse(self._answering, status, message)

    # --- answering

    def send(self, incoming: Incoming, status: int, headers: list[Header], body: bytes) -> None:
        """Send the whole answer to a request."""
        close = not incoming.keep_alive or (self._closing and not self._waiting)
        head = self._head(status, headers, close)
        if incoming.method == "HEAD" or status in NO_BODY:
            body = b""
        self._watch.written += len(body)
        if len(body) <= MAX_JOINED:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._transport.write(body)
        self._answered(close)

    def stream(self, incoming: Incoming, status: int, headers: list[Header], body: StreamedBody) -> None:
        """Send an answer whose body is being produced; the gateway is told when it has ended."""
        self._stream = body
        body.on_abort = self._writable.set
        task = self._loop.create_task(self._send_stream(incoming, status, headers, body))
        self._state.tasks.add(task)
        task.add_done_callback(self._state.tasks.discard)

    async def _send_stream(self, incoming: Incoming, status: int, headers: list[Header], body: StreamedBody) -> None:
        close = True
        try:
            length = next((int(value) for name, value in headers if name == b"content-length"), None)
            chunked = length is None and incoming.http_version != "1.0" and status not in NO_BODY
            last = not incoming.keep_alive or (length is None and not chunked) or (self._closing and not self._waiting)
            if chunked:
                headers = [*headers, (b"transfer-encoding", b"chunked")]
            self._transport.write(self._head(status, headers, last))
            if (
                incoming.method == "HEAD"
                or status in NO_BODY
                or await self._send_pieces(incoming, body, chunked, length)
            ):
                close = last or (self._closing and not self._waiting)  # that may have come meanwhile
        except StreamAborted:
            pass  # closed without the last chunk, so that the client sees that something is missing
        except Exception:
            logger.exception("sending the streamed response raised")
        finally:
            self._stream = None
            body.close()
            if self._answering is incoming:
                self._answered(close)
            self._gateway.streamed(incoming, status)

    async def _send_pieces(self, incoming: Incoming, body: StreamedBody, chunked: bool, length: int | None) -> bool:
        """Whether the body went out as announced."""
        sent = 0
        async for piece in body.read():
            await self._writable.wait()
            if self._answering is not incoming or body.given_up:  # the client has left, or nobody waits for it
                return False
            sent += len(piece)
            if length is not None and sent > length:
                logger.error("the streamed response is longer than its Content-Length of %d bytes", length)
                return False
            if piece:
                self._watch.written += len(piece)
                self._transport.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if self._answering is incoming and chunked:
            self._transport.write(b"0\r\n\r\n")
        return length is None or sent == length

    def _head(self, status: int, headers: list[Header], close: bool) -> bytes:
        lines = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status]
        lines += [b"%b: %b\r\n" % pair for pair in self._state.default_headers]
        lines += [b"%b: %b\r\n" % pair for pair in headers]
        lines.append(b"connection: close\r\n\r\n" if close else b"\r\n")
        return b"".join(lines)

    def _answered(self, close: bool) -> None:
        if self._answering is not None:
            self._intake.held -= len(self._answering.body)
        self._answering = None
        self._watch.seen = self._loop.time()
        if not close:
            if self._waiting:
                self._loop.call_soon(self._next)
            elif self._owed is not None and self._owed == self._reader.begun and self._reader.inside:
                self._owed = None
                self._watch.restart()
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        elif self._reader.discarding:  # the client may not read before it has sent all
            self._closing = True
            self._loop.call_later(DRAIN_S, self._transport.close)
        elif self._closing and self._transport.can_write_eof():
            # The process may end with the connection: first let the client have all of it, and close its side.
            self._ended = True
            self._transport.write_eof()
            self._loop.call_later(LINGER_S, self._transport.close)
        else:
            self._transport.close()
