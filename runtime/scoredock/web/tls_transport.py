"""TLS between a socket's transport and a Connection.

The event loop's own TLS does not do here, measured with uvloop 0.23: its ``get_write_buffer_size()`` leaves out what
waits in the socket's transport, so that a client that reads slowly cannot be told from one that has stopped; and its
``close()`` waits for the client's goodbye, up to 30 seconds, which idle clients do not send (a server's end would take
so long) and after which a slow reader loses the rest of its answer. This one keeps nothing back: what is written is
encrypted at once and lies in the socket's transport, whose size, pauses, half-close and close are those of plain TCP.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from uvicorn.server import ServerState

from scoredock.web.client_certificate import is_valid_now, name_of
from scoredock.web.intake import SPARE, Intake

if TYPE_CHECKING:
    from scoredock.web.connection import Connection

RECORD = 16 * 1024  # bytes of plaintext that a record has at most (RFC 8446, 5.1)
WRITE_AT_ONCE = 16 * RECORD
LINGER_S = 1.0  # for a client to read why it is refused; and to finish its handshake when the server ends

_PLAIN_HTTP = b"This port speaks HTTPS alone; the request came as plain HTTP. Use https:// in the URL.\n"
_PLAIN_ANSWER = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n"
    b"connection: close\r\n\r\n%b" % (len(_PLAIN_HTTP), _PLAIN_HTTP)
)

logger = logging.getLogger("scoredock.web")


class Handshakes:
    """What all connections of one server share.

    A handshake has the time of ``intake`` for a request's head. As many are under way as connections may still come,
    and always a few, so that those that stall take no file that connections, or probes, need. One more ends the oldest,
    since those that are meant to end take milliseconds.
    """

    def __init__(self, context: ssl.SSLContext, intake: Intake) -> None:
        self.context = context
        self.time_s = intake.header_timeout_s
        self._intake = intake
        self._under_way: dict[TlsTransport, None] = {}

    def begin(self, transport: TlsTransport) -> None:
        """One more."""
        self._under_way[transport] = None
        intake = self._intake
        while len(self._under_way) > max(SPARE, intake.max_connections - intake.connections):
            oldest = next(iter(self._under_way))
            self.end(oldest)
            oldest.abort()

    def end(self, transport: TlsTransport) -> None:
        """It is done, or given up."""
        self._under_way.pop(transport, None)


class TlsTransport(asyncio.Transport, asyncio.Protocol):
    """The protocol of a socket's transport, and the transport of the Connection that ``connect`` makes.

    The Connection begins when the handshake is done; until then this object stands in its place among the
    connections of ``state``.
    """

    def __init__(self, handshakes: Handshakes, state: ServerState, connect: Callable[[], Connection]) -> None:
        super().__init__()
        self._handshakes = handshakes
        self._state = state
        self._connect = connect
        self._loop = asyncio.get_running_loop()
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None  # made of the first bytes: it takes some 50 KB
        self._connection: Connection | None = None
        self._transport: asyncio.Transport = None  # type: ignore[assignment] # connection_made comes first
        self._ended = False  # nothing is encrypted or decrypted any more
        self._server_ends = False

    # --- the socket's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected: it begins the handshake."""
        self._transport = cast("asyncio.Transport", transport)
        self._state.connections.add(cast("Any", self))  # uvicorn calls its shutdown()
        self._timer = self._loop.call_later(self._handshakes.time_s, self.abort)
        self._handshakes.begin(self)

    def connection_lost(self, error: Exception | None) -> None:
        """The client has left, or the connection was closed."""
        self._ended = True
        self._timer.cancel()
        self._handshakes.end(self)
        self._state.connections.discard(cast("Any", self))
        if self._connection is not None:
            self._connection.connection_lost(error)

    def pause_writing(self) -> None:
        """The client reads more slowly than answers come."""
        if self._connection is not None:
            self._connection.pause_writing()

    def resume_writing(self) -> None:
        """The client has caught up."""
        if self._connection is not None:
            self._connection.resume_writing()

    def data_received(self, data: bytes) -> None:
        """Encrypted bytes have come."""
        if self._ended:
            return
        if self._tls is None:
            self._tls = self._handshakes.context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._incoming.write(data)
        try:
            if self._connection is None:
                self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return
        except ssl.SSLError as error:
            self._refuse(error)
            return
        self._flush()
        if self._connection is None:
            self._open(self._tls)
        self._read(self._tls)

    def _open(self, tls: ssl.SSLObject) -> None:
        """The handshake is done: the Connection begins."""
        self._timer.cancel()
        self._handshakes.end(self)
        self._connection = self._connect()
        certificate = tls.getpeercert()
        if certificate and is_valid_now(certificate):
            self._connection.certified = True
            self._connection.certificate = name_of(certificate)
        self._connection.connection_made(self)
        self._state.connections.discard(cast("Any", self))
        if self._server_ends:
            self._connection.shutdown()

    def _read(self, tls: ssl.SSLObject) -> None:
        """Decrypt all that has come, and hand it over in one piece."""
        pieces, left, refused = [], False, None
        try:
            while self._incoming.pending or tls.pending():
                piece = tls.read(RECORD)
                if not piece:
                    left = True
                    break
                pieces.append(piece)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            refused = error
        self._flush()  # what TLS itself answers: a change of keys
        if pieces and self._connection is not None:
            self._connection.data_received(pieces[0] if len(pieces) == 1 else b"".join(pieces))
        if refused is not None:
            self._refuse(refused)
        if left:  # the client has said that it sends no more: it has left, as with plain TCP
            self.close()

    def _refuse(self, error: Exception) -> None:
        """What came is no TLS, or not ours: let the client read TLS's word on it, and close."""
        reason = getattr(error, "reason", None) or str(error)
        logger.debug("TLS with %s failed: %s", self._transport.get_extra_info("peername"), reason)
        self._flush()
        self._ended = True
        if self._transport.is_closing():
            return
        if reason == "HTTP_REQUEST":
            self._transport.write(_PLAIN_ANSWER)
        if self._connection is not None:
            self._transport.close()
            return
        self._timer.cancel()
        self._handshakes.end(self)
        self._transport.write_eof()
        self._timer = self._loop.call_later(LINGER_S, self.abort)

    def _flush(self) -> None:
        if self._outgoing.pending and not self._transport.is_closing():
            self._transport.write(self._outgoing.read())

    # --- uvicorn's side, until there is a Connection

    def shutdown(self) -> None:
        """The server ends: who is about to finish the handshake may still send a request."""
        self._server_ends = True
        self._timer.cancel()
        self._timer = self._loop.call_later(LINGER_S, self.abort)

    def hang_up(self) -> None:
        """The server waits no longer."""
        self.abort()

    # --- the Connection's side

    def write(self, data: Any) -> None:
        """Encrypt and send."""
        if self._ended or self._tls is None or not data:
            return
        size = len(data)
        try:
            sent = self._tls.write(data)
            if sent < size:  # OpenSSL writes a record a call
                view = memoryview(data)
                while sent < size:
                    sent += self._tls.write(view[sent:])
                    if self._outgoing.pending >= WRITE_AT_ONCE:
                        self._flush()
            self._flush()
        except ssl.SSLError as error:
            logger.debug("TLS with %s failed: %s", self._transport.get_extra_info("peername"), error.reason)
            self.abort()

    def can_write_eof(self) -> bool:
        """Yes: TLS has a word for it."""
        return True

    def write_eof(self) -> None:
        """Say that nothing more is sent, once what is written has gone; what the client still sends is dropped."""
        if not self._ended:
            self._say_goodbye()
            self._transport.write_eof()

    def _say_goodbye(self) -> None:
        self._ended = True
        try:
            if self._tls is not None:
                self._tls.unwrap()
        except (ssl.SSLError, ValueError):
            pass  # the client's own goodbye has not come, and is not waited for (RFC 8446, 6.1)
        self._flush()

    def close(self) -> None:
        """Send what is written, and close."""
        if not self._ended:
            self._say_goodbye()
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._ended = True
        self._transport.abort()

    def is_closing(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._transport.is_closing()

    def is_reading(self) -> bool:
        """Whether more is taken from the client."""
        return self._transport.is_reading()

    def pause_reading(self) -> None:
        """Take nothing more from the client."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Go on."""
        self._transport.resume_reading()

    def get_write_buffer_size(self) -> int:
        """Bytes, encrypted, that the client has not taken."""
        return self._transport.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """The socket's, and ``sslcontext`` and ``ssl_object``."""
        if name == "sslcontext":
            return self._handshakes.context
        if name == "ssl_object":
            return self._tls
        return self._transport.get_extra_info(name, default)
