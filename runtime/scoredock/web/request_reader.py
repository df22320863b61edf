"""Bytes to requests. httptools parses heads and chunks; a body of known length goes past it, uncopied."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import unquote

import httptools

from scoredock.errors import ScoredockError, Unauthorised
from scoredock.web.answers import SERVER_FAILED, Header
from scoredock.web.head_rules import host_in, refusal_of, with_host
from scoredock.web.incoming import Client, Incoming
from scoredock.web.intake import Intake

MAX_HEAD = 64 * 1024  # bytes of a request's line and headers, about; and in a row of a chunked body's frame
STRANGERS_BODY = 8 * 1024  # bytes of a body that is read before its sender is known
MAX_HEADERS = 100
MAX_TARGET = 32 * 1024  # bytes of a request's target: path and query
MAX_SHOWN = 200  # bytes of the target of a request that is refused
SMALL_PIECE = 4096  # bytes of a body's piece below which it costs too much to be kept by itself
NOT_HTTP = "Invalid HTTP request received."
HEAD_TOO_LARGE = f"The request's line and headers, or the trailers behind its body, have more than {MAX_HEAD} bytes."
TOO_MANY_HEADERS = f"The request has more than {MAX_HEADERS} headers."
TARGET_TOO_LONG = f"The request's target, its path and query, has more than {MAX_TARGET} bytes. Send data in a body."

logger = logging.getLogger("scoredock.web")


class Receiver(Client, Protocol):
    """Who reads requests: it is their client's representative, too."""

    def received(self, incoming: Incoming) -> None:
        """A request is complete; or its body is too large, and will not be kept."""

    def discarded(self) -> None:
        """All of a body has come that was too large."""

    def awaited(self) -> None:
        """The client waits for ``100 Continue`` before it sends the body."""

    def refused(self, status: int, message: str) -> None:
        """What came is no request, or did not come in time; ``unfinished`` tells what is known of it."""


class RequestReader:
    """Reads the requests of one connection. Bodies are kept as far as ``intake`` lets them, others discarded.

    ``may_call``, if given, says whether a request's headers, and whether its client is certified, let it in; long
    bodies of others are discarded, too.

    ``begun`` counts the requests that have begun; ``inside`` says whether the last of them has not ended, ``in_head``
    whether its headers have not, and ``discarding`` whether what comes is the rest of a body that is not taken.
    ``max_body`` is the intake's, until somebody changes it for this connection. The methods beside ``feed`` and
    ``give_up`` are called by the parser.
    """

    def __init__(
        self, receiver: Receiver, intake: Intake, may_call: Callable[[Mapping[bytes, bytes], bool], bool] | None = None
    ) -> None:
        self._receiver = receiver
        self._intake = intake
        self.max_body = intake.max_body
        self._may_call = may_call
        self._parser = httptools.HttpRequestParser(self)
        self._ended = False  # what comes is not HTTP, comes too late, or behind the last request
        self._version = ""
        self._host = b""  # the last one that was looked at
        self._url = b""
        self._pairs: list[Header] = []
        self._by_name: dict[bytes, bytes] = {}
        self._pieces: list[Any] = []  # bytes, or bytearrays of joined small ones, of which none comes first
        self._head_size = 0  # bytes in a row that belong to a request and to no body
        self._declared = 0  # bytes of the body by its Content-Length, 0 where it has none
        self._size = 0  # bytes of the body so far
        self._left = 0  # bytes of the body that are to come, past the parser
        self.begun = 0
        self.inside = self.in_head = False
        self.discarding = False

    def feed(self, data: bytes) -> None:
        """Take bytes as they come."""
        if self._left:
            data = self._take_body(data)
        if data and not self._ended:
            self._parse(data)

    def _parse(self, data: bytes) -> None:
        while True:
            before = (self._pairs, self._size, self._head_size) if self.inside else None
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data = self._without_upgrade(memoryview(data)[upgrade.args[0] :])
                if data:
                    continue
            except httptools.HttpParserCallbackError:
                logger.exception("the server failed while it read a request")
                self.give_up(500, SERVER_FAILED)
            except httptools.HttpParserError as error:
                logger.debug("not HTTP: %s", error)
                self.give_up(400, NOT_HTTP)
            break
        if self._size < self._declared:
            self._left = self._declared - self._size
        elif self.inside:  # in a head, or in a chunked body
            if before and before[0] is self._pairs and before[1] == self._size:  # the same one, no byte of its body
                self._head_size = before[2] + len(data)
            if self.in_head and len(self._url) > MAX_TARGET:
                self.give_up(414, TARGET_TOO_LONG)
            elif self._head_size > MAX_HEAD:
                self.give_up(431, HEAD_TOO_LARGE)

    def _without_upgrade(self, rest: memoryview) -> bytes:
        """A request that asks for another protocol, and what comes behind, as one of this protocol.

        The parser stops at the end of such a request's headers; clients that would like HTTP/2 send a body behind.
        Empty where nothing can be made of it.
        """
        method, version = self._parser.get_method(), self._parser.get_http_version().encode()
        if method == b"CONNECT":
            self.give_up(400, NOT_HTTP)
            return b""
        self._parser = httptools.HttpRequestParser(self)
        lines = [b"%b %b HTTP/%b" % (method, self._url, version)]
        lines += [b"%b: %b" % pair for pair in self._pairs if pair[0] not in (b"upgrade", b"http2-settings")]
        return b"\r\n".join([*lines, b"", rest])

    def _take_body(self, data: bytes) -> bytes:
        """Take what belongs to the present body; returns the rest."""
        taken, rest = (data, b"") if len(data) <= self._left else (data[: self._left], data[self._left :])
        self._left -= len(taken)
        self._size += len(taken)
        if not self.discarding and not self._ended:
            self._keep(taken)
            self._intake.held += len(taken)
            self._check_room()
        if not self._left:
            self._complete()
            self._parser = httptools.HttpRequestParser(self)  # the former one still waits for the body
        return rest

    def _keep(self, piece: bytes) -> None:
        """Keep a piece of the body. Small ones are joined: an object of its own costs more than what is in it."""
        pieces = self._pieces
        if not pieces or len(piece) >= SMALL_PIECE:
            pieces.append(piece)
        elif isinstance(last := pieces[-1], bytearray):
            last += piece
        else:
            pieces.append(bytearray(piece))

    def give_up(self, status: int, message: str) -> None:
        """Read no more: what came is no request, or not one in time."""
        if not self._ended:
            self._ended = True
            self.drop()
            self._receiver.refused(status, message)

    def drop(self) -> None:
        """Forget what has come of a body."""
        self._intake.release(self._pieces)
        self._pieces = []

    def _complete(self) -> None:
        self._declared = self._size = 0
        self.inside = False
        if self.discarding:
            self.discarding, self._ended = False, True
            self._receiver.discarded()
        elif not self._ended:
            incoming = self._incoming()
            self._ended = not incoming.keep_alive
            self._receiver.received(incoming)

    def _is_strangers(self) -> bool:
        """Whether a long body, or one whose length nobody knows, comes from somebody who may not call."""
        headers = self._by_name
        if self._declared <= STRANGERS_BODY and not headers.keys() & {b"transfer-encoding", b"expect"}:
            return False  # it costs little, and the connection can be kept
        return self._may_call is not None and not self._may_call(headers, self._receiver.certified)

    def _discard(self, reason: ScoredockError) -> None:
        """Have the request answered before its body is there."""
        self.drop()
        self.discarding = True
        incoming = self._incoming()
        incoming.keep_alive = False
        incoming.refused = reason
        self._receiver.received(incoming)

    def _check_room(self) -> None:
        if self._intake.is_full(self._size):
            self._discard(self._intake.no_room())

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
            self._version,
            parser.should_keep_alive(),
            self._started,
            self._receiver,
        )

    def unfinished(self) -> Incoming:
        """What is known of the request that will not be read to its end. Its path is empty where none has begun."""
        target = self._url[:MAX_SHOWN] if self.inside else b""
        path, _, query = target.partition(b"?")
        return Incoming(
            self._parser.get_method().decode("ascii") if target else "-",
            path.decode("ascii", "backslashreplace") or ("-" if self.begun else ""),
            query,
            [],
            self._by_name if self.inside else {},
            b"",
            keep_alive=False,
            started=time.perf_counter() if self.in_head or not self.inside else self._started,
            client=self._receiver,
        )

    def _follows_rules(self) -> bool:
        """Whether the head is as it should be; else it was refused."""
        by_name = self._by_name
        refusal = refusal_of(self._parser.get_method(), self._url, self._version, by_name)
        if refusal is not None:
            self.give_up(*refusal)
            return False
        self._host = by_name.get(b"host", b"")
        host = host_in(self._url)
        if host is not None:
            by_name[b"host"] = host
            self._pairs = with_host(self._pairs, host)
        return True

    # --- called by the parser

    def on_message_begin(self) -> None:
        """A request begins."""
        self.begun += 1
        self.inside = self.in_head = True
        self._head_size = 0
        self._url = b""
        self._pairs, self._by_name, self._pieces = [], {}, []
        self._declared = self._size = 0

    def on_url(self, url: bytes) -> None:
        """A part of the request's target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; or a trailer, behind a chunked body, which is none: it could pass for what a proxy has checked."""
        self._head_size += len(name) + len(value)
        if not self.in_head:
            return
        if len(self._pairs) >= MAX_HEADERS:
            self.give_up(431, TOO_MANY_HEADERS)
            return
        name = name.lower()
        self._pairs.append((name, value))
        by_name = self._by_name
        by_name[name] = by_name[name] + b"," + value if name in by_name else value

    def on_headers_complete(self) -> None:
        """The body comes next."""
        self.in_head = False
        self._started = time.perf_counter()
        if self._ended or self._parser.should_upgrade():
            return
        if self._head_size > MAX_HEAD:
            self.give_up(431, HEAD_TOO_LARGE)
        if self._ended:
            return
        url, by_name, version = self._url, self._by_name, self._parser.get_http_version()
        self._version = version
        if (
            by_name.get(b"host") != self._host
            or version != "1.1"
            or b"transfer-encoding" in by_name
            or (url != b"/score" and (url[:1] != b"/" or b"#" in url))
        ) and not self._follows_rules():
            return
        self._raw_path, self._query = self._url, b""
        if self._url != b"/score":
            if len(self._url) > MAX_TARGET:
                self.give_up(414, TARGET_TOO_LONG)
                return
            parsed = httptools.parse_url(self._url)
            self._raw_path, self._query = parsed.path or b"/", parsed.query or b""
        if b"content-length" in by_name and b"transfer-encoding" not in by_name:
            self._declared = int(by_name[b"content-length"])
        if self._declared > self.max_body:
            self._discard(self._intake.too_large(f"{self._declared} bytes"))
        elif self._may_call is not None and self._is_strangers():
            self._discard(Unauthorised("This key or token is valid only now. Send the request again."))
        elif (
            self._declared
            and self._intake.held + self._declared > self._intake.max_held
            and self._intake.is_full(self._declared, self._declared)
        ):
            self._discard(self._intake.no_room())
        elif b"expect" in by_name and by_name[b"expect"].lower() == b"100-continue" and version != "1.0":
            self._receiver.awaited()

    def on_body(self, piece: bytes) -> None:
        """A piece of the body."""
        self._size += len(piece)
        self._head_size = 0
        if self.discarding or self._ended:
            return
        if self._size > self.max_body:
            self._discard(self._intake.too_large(f"more than {self.max_body} bytes"))
            return
        if self._pieces:
            self._keep(piece)
        else:  # most often it is all of the body
            self._pieces.append(piece)
        intake = self._intake
        intake.held += len(piece)
        if intake.held > intake.max_held:
            self._check_room()

    def on_message_complete(self) -> None:
        """The request's end."""
        if not self._parser.should_upgrade():
            self._complete()
