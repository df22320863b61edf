"""HTTP/1.1 over one connection: requests one at a time to the gateway, answers out.

This is uvicorn's place for a protocol, so sockets, signals and shutdown are uvicorn's. Going through ASGI
instead costs a request as much as its way through the gateway does: a task, two events, a dictionary for each
message, and for a large body two more copies.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from scoredock.texts import printable
from scoredock.web.answer_head import answer_head
from scoredock.web.answers import NO_BODY, SERVER_FAILED, Header
from scoredock.web.gateway import Gateway
from scoredock.web.incoming import Incoming
from scoredock.web.request_reader import RequestReader
from scoredock.web.spare import PATIENCE_S, USED_UP, Handler
from scoredock.web.states import CLOSING, DISCARDED, OPEN, SAID_ALL
from scoredock.web.stream_sender import Sent, StreamSender
from scoredock.web.streaming import StreamedBody
from scoredock.web.waiting import Waiting
from scoredock.web.watch import Watch

MAX_JOINED = 64 * 1024  # bytes of a body that is copied behind its headers, to be sent by one call
MAX_WAITING = 8  # requests behind the one that is being answered, before no more are read
LINGER_S = 1.0  # for a client to read the last thing that it is sent, and to close its side
ON_ITS_WAY_S = 0.2  # for a request that a client has sent before it could know that the server ends
DRAIN_S = 30.0  # for a client to send the rest of a body that is too large

logger = logging.getLogger("scoredock.web")


class Connection(asyncio.Protocol):
    """A client's connection, and the ``Client`` of its requests.

    ``state`` is the server's: it knows all connections and the headers that every answer has. A ``Watch`` closes one
    whose client is idle for ``idle_s`` seconds, or too slow. A client that ends its side of the connection has left:
    nobody can tell whether it still reads, and what nobody waits for is not scored.

    ``docs/architecture.md`` draws the states: the ``Phase`` of the connection, the ``Stage`` of what is read, and
    whether a request is being answered.
    """

    def __init__(self, gateway: Gateway, state: ServerState, idle_s: float) -> None:
        self._gateway: Handler = gateway
        self._intake, self._spare = gateway.intake, gateway.spare
        self._state = state
        self._idle_s = idle_s
        self._loop = asyncio.get_running_loop()
        self._reader = RequestReader(self, gateway.intake, gateway.may_call)
        self._transport: asyncio.Transport = None  # type: ignore[assignment] # connection_made comes first
        self._phase = OPEN
        self._owed: int | None = None  # the number of a request whose client waits for 100 Continue
        self._refusal: tuple[Incoming, int, str] | None = None  # the last answer, behind those that are due
        self._answering: Incoming | None = None
        self._fresh: Incoming | None = None  # the same, until the parser has returned and the gateway gets it
        self._waiting = Waiting(gateway.intake)
        self._paused = False  # nothing more is taken from the client
        self._stream: StreamedBody | None = None  # the present answer's body, where that is streamed
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
        self._intake.turns.leave(self)
        self._intake.note_unread(self, 0)
        self._watch.end()
        self._reader.end()
        self._waiting.drop(0)
        incoming, self._answering = self._answering, None
        if incoming is not None:
            self._intake.let_go(incoming)
            incoming.client = None
            self._gateway.left(incoming)
        if self._stream is not None:
            self._stream.close()
        self._writable.set()

    def pause_writing(self) -> None:
        """The client reads more slowly than answers come: take nothing more from it."""
        self._watch.seen = self._loop.time()
        self._writable.clear()
        self._note_unread()
        self._read_or_pause()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._watch.seen = self._loop.time()
        self._writable.set()
        self._note_unread()
        self._go_on()

    def _note_unread(self) -> None:
        """Have the account hold what the client has not read, once it is too much for it to take at once."""
        size = 0 if self._writable.is_set() else self._transport.get_write_buffer_size()
        if self._stream is not None:
            size += self._stream.waiting
        self._intake.note_unread(self, size)

    def cut_off(self) -> None:
        """Close at once: others need the memory of what the client has not read."""
        self._transport.abort()

    @property
    def busy(self) -> bool:
        """Whether a request is being answered, or waits for that."""
        return self._answering is not None or bool(self._waiting)

    def shutdown(self) -> None:
        """The server ends: answer what has begun to come, or is on its way, and close."""
        self._close_soon()
        if not self._reader.inside and not self.busy:
            self._loop.call_later(ON_ITS_WAY_S, self._hang_up_unless_asked)

    def _close_soon(self) -> None:
        if self._phase is OPEN:
            self._phase = CLOSING

    def _hang_up_unless_asked(self) -> None:
        if not self._reader.inside:
            self.hang_up()

    def hang_up(self) -> None:
        """The server waits no longer for what has not come: close, unless an answer is due."""
        self._close_soon()
        if not self.busy:
            self._transport.close()

    def cut(self) -> None:
        """Refuse whatever the client wants, at once: it is one too many."""
        if self._phase is not OPEN:  # it was told already
            self._transport.abort()
        else:
            self._reader.give_up(503, USED_UP)
            self._transport.close()

    def _refuse_unless_asked(self) -> None:
        if self._phase is not OPEN:  # it was told already, and may be sending still
            self._transport.close()
        else:
            self._reader.give_up(503, USED_UP)

    # --- reading, and taking one request after another

    def data_received(self, data: bytes) -> None:
        """Bytes have come: the first request in them is taken now, what is behind it when it is this one's turn."""
        self._watch.seen = now = self._loop.time()
        reader = self._reader  # which reads no more once all was said
        reader.feed(data)
        if self._fresh is not None:
            self._hand_over(self._fresh)
        if self._waiting or reader.rest:
            self._go_on()
        if reader.stage:
            self._watch.note(now)

    def take_turn(self) -> None:
        """Read one more request, and answer one more, as far as that can be."""
        if self._transport.is_closing():
            return
        if self._may_read_on:
            self._reader.go_on()
        if self._fresh is None and self._waiting and self._answering is None and self._writable.is_set():
            self._answering = self._fresh = self._waiting.take()
        if self._fresh is not None:
            self._hand_over(self._fresh)
        self._go_on()
        if self._reader.stage:
            self._watch.note(self._loop.time())

    def _go_on(self) -> None:
        """Ask for a turn if there is something to do; and take more from the client, or not."""
        if self._may_read_on or (self._waiting and self._answering is None and self._writable.is_set()):
            self._intake.turns.ask(self)
        self._read_or_pause()

    @property
    def _may_read_on(self) -> bool:
        """Whether something has come that may be looked at: nobody who closes takes more than what is due."""
        if not self._reader.rest or not self._writable.is_set():
            return False
        return len(self._waiting) < MAX_WAITING if self._phase is OPEN else not self.busy

    def _hand_over(self, incoming: Incoming) -> None:
        """Give a request to the gateway; and tell what is wrong with what came behind it, unless it has to wait."""
        self._fresh = None
        try:
            self._gateway.handle(incoming)
        except Exception:
            logger.exception("the server failed while it answered %s %s", incoming.method, printable(incoming.path))
            self._close_soon()
            self._gateway.refuse(incoming, 500, SERVER_FAILED)
        if self._refusal is not None:
            if self._answering is not None:
                self._refusal = None
            elif not self._waiting:
                self._say_refusal()

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
        return self._writable.is_set() and len(self._waiting) < MAX_WAITING and not self._reader.rest

    def _read_or_pause(self) -> None:
        if self._paused is not self._reads or self._transport.is_closing():
            return
        self._paused = not self._paused
        if self._paused:
            self._transport.pause_reading()
        else:
            self._watch.restart()
            self._transport.resume_reading()

    # --- what the reader has read

    def received(self, incoming: Incoming) -> None:
        """Keep a request until it is its turn."""
        if self._answering is None and not self._waiting and self._writable.is_set():
            self._answering = self._fresh = incoming
            return
        if self._phase is not OPEN:  # it learns from the last answer that it was not taken
            self._intake.let_go(incoming)
            return
        if self._intake.is_far_ahead(self._waiting.add(incoming)):
            self._waiting.drop(self._answering is None)
            self._reader.give_up(429, self._intake.too_far_ahead())

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
        """Say so behind the answers that are due, and close.

        What is refused behind a request that has to be waited for gets neither an answer nor a line in the log.
        """
        told = self._phase is not OPEN and self._reader.stage is DISCARDED
        self._close_soon()
        unfinished = self._reader.unfinished
        due = self._answering is not self._fresh or self in self._intake.turns
        if due or self._transport.is_closing() or unfinished is None:
            return
        if told:
            self._transport.close()
            return
        self._refusal = unfinished, status, message
        if self._fresh is None and not self._waiting:
            self._say_refusal()

    def _say_refusal(self) -> None:
        refusal, self._refusal = self._refusal, None
        if refusal is not None:
            self._answering, status, message = refusal
            self._gateway.refuse(self._answering, status, message)

    # --- answering

    def send(self, incoming: Incoming, status: int, headers: list[Header], body: bytes) -> None:
        """Send the whole answer to a request."""
        close = not incoming.keep_alive or (self._phase is not OPEN and self._is_last)
        head = answer_head(status, self._state.default_headers, headers, close)
        if incoming.method == "HEAD" or status in NO_BODY:
            body = b""
        self._watch.written += len(body)
        if len(body) <= MAX_JOINED:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._transport.write(body)
        self._answered(close)

    @property
    def _is_last(self) -> bool:
        """Whether no answer follows the present one."""
        return self._phase is not OPEN and not self._waiting and self._refusal is None

    def stream(self, incoming: Incoming, status: int, headers: list[Header], body: StreamedBody) -> None:
        """Send an answer whose body is being produced; the gateway is told when it has ended."""
        self._stream = body
        body.on_abort, body.on_wait = self._writable.set, self._note_unread
        task = self._loop.create_task(self._send_stream(incoming, status, headers, body))
        self._state.tasks.add(task)
        task.add_done_callback(self._state.tasks.discard)

    async def _send_stream(self, incoming: Incoming, status: int, headers: list[Header], body: StreamedBody) -> None:
        last = not incoming.keep_alive

        def head(more: list[Header], ends: bool) -> bytes:
            nonlocal last
            last = last or ends or self._is_last
            return answer_head(status, self._state.default_headers, [*headers, *more], last)

        sender = StreamSender(self._write_piece, self._writable, lambda: self._answering is incoming, head)
        sent = await sender.send(incoming, status, headers, body)
        self._stream = None
        body.close()
        if self._answering is not incoming:
            self._gateway.streamed(incoming, status, True)
        elif sent is Sent.NOTHING:
            self._gateway.stream_failed(incoming, body.late)
        else:
            self._answered(sent is Sent.BROKEN or last or self._is_last)  # that may have come meanwhile
            self._gateway.streamed(incoming, status, sent is Sent.WHOLE)

    def _write_piece(self, piece: bytes) -> None:
        self._watch.written += len(piece)
        self._transport.write(piece)
        if not self._writable.is_set():
            self._note_unread()

    def _answered(self, close: bool) -> None:
        incoming, self._answering = self._answering, None
        if incoming is not None:
            self._intake.held -= incoming.held
            incoming.held = 0
        self._watch.seen = self._loop.time()
        if self._paused:
            self._note_unread()
        if not close:
            if self._waiting or self._paused:
                self._go_on()
            elif self._owed is not None and self._owed == self._reader.begun and self._reader.inside:
                self._owed = None
                self._watch.restart()
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        elif self._reader.stage is DISCARDED:  # the client may not read before it has sent all
            self._close_soon()
            self._loop.call_later(DRAIN_S, self._transport.close)
        elif self._phase is CLOSING and self._transport.can_write_eof():
            # The process may end with the connection: first let the client have all of it, and close its side.
            self._phase = SAID_ALL
            self._reader.end()
            self._transport.write_eof()
            self._read_or_pause()
            self._loop.call_later(LINGER_S, self._transport.close)
        else:
            self._transport.close()
