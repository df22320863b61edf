"""HTTP/1.1 over one connection: requests in, one at a time to the gateway, answers out.

httptools parses. This is uvicorn's place for a protocol, so sockets, TLS, signals and shutdown are uvicorn's.
Going through ASGI instead costs a request as much as its way through the gateway does: a task, two events, two
dictionaries, and for a large body two more copies.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import unquote

import httptools
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from scoredock.web.answers import NO_BODY, Header
from scoredock.web.gateway import Gateway
from scoredock.web.incoming import Incoming
from scoredock.web.streaming import StreamAborted, StreamedBody

MAX_HEAD = 64 * 1024  # bytes of a request's line and headers, about
MAX_JOINED = 64 * 1024  # bytes of a body that is copied behind its headers, to be sent by one call
MAX_WAITING = 64  # pipelined requests before no more are read
LINGER_S = 1.0  # for a client to read why its bytes are no request
DRAIN_S = 30.0  # for a client to send the rest of a body that is too large

_STATUS_LINES: dict[int, bytes] = {
    status: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}

logger = logging.getLogger("scoredock.web")


class Connection(asyncio.Protocol):
    """A client's connection. It is the ``Client`` of its requests.

    ``state`` is the server's: it knows all connections and the headers that every answer has. A connection on
    which nothing has come for ``idle_s`` seconds, while nothing is being answered, is closed.
    """

    def __init__(self, gateway: Gateway, state: ServerState, idle_s: float) -> None:
        self._gateway = gateway
        self._state = state
        self._idle_s = idle_s
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport = None  # type: ignore[assignment] # connection_made comes first
        self._last_seen = 0.0
        self._closing = False  # after the answer that is due
        self._deaf = False  # to all that still comes
        # The request that is being read
        self._in_head = False
        self._head_size = 0
        self._declared = 0
        self._size = 0
        self._left = 0  # bytes of the body that are to come, and need no parser
        self._refused = False  # and answered; its body is thrown away
        # Requests that were read
        self._answering: Incoming | None = None
        self._waiting: deque[Incoming] = deque()
        self._stream: StreamedBody | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self.scheme = "http"
        self.address: tuple[str, int] | None = None
        self.server: tuple[str, int] | None = None

    # --- asyncio's and uvicorn's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self._transport = cast("asyncio.Transport", transport)
        self._state.connections.add(cast("Any", self))  # uvicorn calls its shutdown()
        self.scheme = "https" if is_ssl(self._transport) else "http"
        self.address = get_remote_addr(self._transport)
        self.server = cast("tuple[str, int] | None", get_local_addr(self._transport))
        self._last_seen = self._loop.time()
        self._timer = self._loop.call_later(self._idle_s, self._check_idle)

    def connection_lost(self, error: Exception | None) -> None:
        """The client has left, or the connection was closed."""
        self._state.connections.discard(cast("Any", self))
        self._timer.cancel()
        self._deaf = True
        self._waiting.clear()
        incoming, self._answering = self._answering, None
        if incoming is not None:
            incoming.client = None
            self._gateway.left(incoming)
        if self._stream is not None:
            self._stream.close()
        self._writable.set()

    def pause_writing(self) -> None:
        """The client reads more slowly than answers come: take nothing more from it."""
        self._writable.clear()
        self._read_or_pause()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._writable.set()
        self._read_or_pause()

    def shutdown(self) -> None:
        """The server ends: answer what is being answered, and close."""
        self._closing = True
        if self._answering is None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        self._last_seen = self._loop.time()
        if self._left:
            data = self._take_body(data)
        if data and not self._deaf:
            self._parse(data)

    def _check_idle(self) -> None:
        idle_s = self._loop.time() - self._last_seen
        if self._answering is not None:
            idle_s = 0
        elif idle_s >= self._idle_s:
            self._transport.close()
            return
        self._timer = self._loop.call_later(self._idle_s - idle_s, self._check_idle)

    def _read_or_pause(self) -> None:
        if self._transport.is_closing():
            return
        if self._writable.is_set() and len(self._waiting) < MAX_WAITING:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    # --- reading

    def _parse(self, data: bytes) -> None:
        in_head, head_size = self._in_head, self._head_size
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:  # it asks for another protocol, and is answered in this one
            self._deaf = True
        except httptools.HttpParserError as error:
            logger.debug("not HTTP: %s", error)
            self._refuse(400, b"Invalid HTTP request received.")
        if self._in_head:
            if in_head:  # all of it belongs to this head
                self._head_size = head_size + len(data)
            if self._head_size > MAX_HEAD:
                self._refuse(431, b"The headers have more than %d bytes." % MAX_HEAD)
        elif self._size < self._declared and not self._deaf:
            self._left = self._declared - self._size

    def _take_body(self, data: bytes) -> bytes:
        """Take what belongs to the present body; returns the rest. A parser would only copy it."""
        taken, rest = (data, b"") if len(data) <= self._left else (data[: self._left], data[self._left :])
        self._left -= len(taken)
        self._pieces.append(taken)
        self._size += len(taken)
        if self._refused:
            self._pieces.clear()
        if not self._left:
            self.on_message_complete()
            self._parser = httptools.HttpRequestParser(self)  # the former one still waits for the body
        return rest

    def on_message_begin(self) -> None:
        """The parser has found a request."""
        self._in_head, self._head_size = True, 0
        self._url = b""
        self._pairs: list[Header] = []
        self._by_name: dict[bytes, bytes] = {}
        self._pieces: list[bytes] = []
        self._declared = self._size = 0
        self._refused = False

    def on_url(self, url: bytes) -> None:
        """The parser has a part of the request's target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser has a header."""
        name = name.lower()
        self._pairs.append((name, value))
        self._head_size += len(name) + len(value)
        by_name = self._by_name
        by_name[name] = by_name[name] + b"," + value if name in by_name else value

    def on_headers_complete(self) -> None:
        """The parser has all headers."""
        self._in_head = False
        self._started = time.perf_counter()
        if self._head_size > MAX_HEAD:
            self._refuse(431, b"The headers have more than %d bytes." % MAX_HEAD)
            return
        self._raw_path, self._query = self._url, b""
        if self._url != b"/score":
            parsed = httptools.parse_url(self._url)
            self._raw_path, self._query = parsed.path or b"", parsed.query or b""
        by_name = self._by_name
        if b"content-length" in by_name and b"transfer-encoding" not in by_name:
            self._declared = int(by_name[b"content-length"])
            if self._declared > self._gateway.max_body:
                self._too_large(f"{self._declared} bytes")
                return
        if by_name.get(b"expect", b"").lower() == b"100-continue" and self._answering is None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, piece: bytes) -> None:
        """The parser has a piece of the body."""
        self._size += len(piece)
        if self._refused:
            return
        if self._size > self._gateway.max_body:
            self._too_large(f"more than {self._gateway.max_body} bytes")
        else:
            self._pieces.append(piece)

    def on_message_complete(self) -> None:
        """A request is complete."""
        self._declared = self._size = 0
        if self._deaf:
            return
        if not self._refused:
            self._take(self._incoming())
        elif self._answering is None:
            self._transport.close()
        self._refused = False

    def _take(self, incoming: Incoming) -> None:
        if self._answering is None and not self._waiting:
            self._answering = incoming
            self._gateway.handle(incoming)
        else:
            self._waiting.append(incoming)
            self._read_or_pause()

    def _next(self) -> None:
        """Take the next one of the requests that came while another one was answered."""
        if self._answering is None and self._waiting:
            self._answering = self._waiting.popleft()
            self._read_or_pause()
            self._gateway.handle(self._answering)

    def _incoming(self) -> Incoming:
        parser, pieces, self._pieces = self._parser, self._pieces, []
        path = self._raw_path.decode("utf-8", "replace")
        return Incoming(
            parser.get_method().decode("ascii"),
            unquote(path) if "%" in path else path,
            self._query,
            self._pairs,
            self._by_name,
            pieces[0] if len(pieces) == 1 else b"".join(pieces),
            self._raw_path,
            parser.get_http_version(),
            parser.should_keep_alive(),
            self._started,
            self,
        )

    # --- refusing

    def _too_large(self, got: str) -> None:
        """Answer before the body is there; what still comes of it is thrown away, then the connection is closed."""
        self._pieces.clear()
        self._refused = True
        incoming = self._incoming()
        incoming.keep_alive = False
        incoming.too_large = got
        self._take(incoming)

    def _refuse(self, status: int, message: bytes) -> None:
        """Answer what is no request, unless another answer is on its way, and close."""
        self._deaf = self._closing = True
        if self._answering is not None or self._transport.is_closing():
            return
        length = b"%d" % len(message)
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", length)]
        self._transport.write(self._head(status, headers, close=True) + message)
        if self._transport.can_write_eof():
            self._transport.write_eof()
            self._loop.call_later(LINGER_S, self._transport.close)
        else:
            self._transport.close()

    # --- answering

    def send(self, incoming: Incoming, status: int, headers: list[Header], body: bytes) -> None:
        """Send the whole answer to a request."""
        close = self._closing or not incoming.keep_alive
        head = self._head(status, headers, close)
        if incoming.method == "HEAD" or status in NO_BODY:
            body = b""
        if len(body) <= MAX_JOINED:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._transport.write(body)
        self._answered(close)

    def stream(self, incoming: Incoming, status: int, headers: list[Header], body: StreamedBody) -> None:
        """Send an answer whose body is being produced; the gateway is told when it has ended."""
        task = self._loop.create_task(self._send_stream(incoming, status, headers, body))
        self._state.tasks.add(task)
        task.add_done_callback(self._state.tasks.discard)

    async def _send_stream(self, incoming: Incoming, status: int, headers: list[Header], body: StreamedBody) -> None:
        length = next((int(value) for name, value in headers if name == b"content-length"), None)
        chunked = length is None and incoming.http_version != "1.0" and status not in NO_BODY
        close = self._closing or not incoming.keep_alive or (length is None and not chunked)
        if chunked:
            headers = [*headers, (b"transfer-encoding", b"chunked")]
        self._stream = body
        try:
            self._transport.write(self._head(status, headers, close))
            if incoming.method != "HEAD" and status not in NO_BODY:
                close = not await self._send_pieces(incoming, body, chunked, length) or close
        except StreamAborted:
            close = True  # without the last chunk, so that the client sees that something is missing
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
            if self._answering is not incoming:  # the client has left
                return False
            sent += len(piece)
            if length is not None and sent > length:
                logger.error("the streamed response is longer than its Content-Length of %d bytes", length)
                return False
            if piece:
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
        self._answering = None
        self._last_seen = self._loop.time()
        if not close:
            if self._waiting:
                self._loop.call_soon(self._next)
        elif self._refused:  # the client may not read before it has sent all
            self._closing = True
            self._loop.call_later(DRAIN_S, self._transport.close)
        else:
            self._transport.close()
