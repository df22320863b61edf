"""Bytes to requests. httptools parses heads and chunks; a body of known length goes past it, uncopied.

The parser cannot be stopped in what it is given. So it gets what comes in pieces that end where a request may end, and
whoever reads decides after each request, and after a slice of time, when to go on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

import httptools

from scoredock.errors import ScoredockError, Unauthorised
from scoredock.web.answers import SERVER_FAILED, Header
from scoredock.web.body_pieces import Pieces, keep
from scoredock.web.head_limits import (
    HEAD_TOO_LARGE,
    MAX_HEAD,
    MAX_HEADERS,
    MAX_SHOWN,
    MAX_TARGET,
    NOT_HTTP,
    TARGET_TOO_LONG,
    TOO_MANY_HEADERS,
)
from scoredock.web.head_rules import Refusal, refusal_of, with_host, without_upgrade
from scoredock.web.incoming import Incoming
from scoredock.web.intake import Intake
from scoredock.web.receiver import Receiver
from scoredock.web.states import BETWEEN, BODY, DISCARDED, HEAD, OVER
from scoredock.web.target import decoded, host_in, path_and_query
from scoredock.web.turns import SLICE_S

STRANGERS_BODY = 8 * 1024  # bytes of a body that is read before its sender is known
AT_ONCE = 512  # bytes that are parsed in one go: some 18 requests at most
HEAD_PIECE, BODY_PIECE = 4 * 1024, 16 * 1024  # bytes that the parser gets at once, of heads and of chunked bodies
REQUEST_COST, HEADER_COST = 1024, 256  # bytes of memory that they take beside their own, about

logger = logging.getLogger("scoredock.web")


class RequestReader:
    """Reads the requests of one connection. Bodies are kept as far as ``intake`` lets them, others discarded.

    ``may_call``, if given, says whether a request's headers, and whether its client is certified, let it in; long
    bodies of others are discarded, too.

    ``stage`` is what comes next, and ``begun`` counts the requests that have begun. ``rest`` is what has come and was
    not read yet. ``unfinished`` is what is known of a request that was refused. ``max_body`` is the intake's, until
    somebody changes it for this connection. The methods whose names begin with ``on_`` are called by the parser.
    """

    def __init__(
        self, receiver: Receiver, intake: Intake, may_call: Callable[[Mapping[bytes, bytes], bool], bool] | None = None
    ) -> None:
        self._receiver = receiver
        self._intake = intake
        self.max_body = intake.max_body
        self._may_call = may_call
        self._parser = httptools.HttpRequestParser(self)
        self._version = ""
        self._host = b""  # the last one that was looked at
        self._url = b""
        self._pairs: list[Header] = []
        self._by_name: dict[bytes, bytes] = {}
        self._pieces: Pieces = []
        self._row = 0  # bytes in a row that belong to a request and to no body
        self._fields = 0  # bytes of its headers
        self._head_cost = 0  # bytes that the request takes without its body, about
        self._declared = 0  # bytes of the body by its Content-Length, 0 where it has none
        self._size = 0  # bytes of the body so far
        self._left = 0  # bytes of the body that are to come, past the parser
        self._at = 0  # how far ``rest`` was read
        self._read_one = False  # a request was handed over since this was last set
        self._refusal: Refusal | None = None  # that the receiver has not been told yet
        self.unfinished: Incoming | None = None
        self._held = self._ahead = 0  # of what is not complete, in the intake's account
        self.rest = b""
        self.begun = 0
        self.stage = BETWEEN

    @property
    def inside(self) -> bool:
        """Whether a request has begun and not ended, not even by a refusal."""
        return self.stage in (HEAD, BODY, DISCARDED)

    def feed(self, data: bytes) -> None:
        """Take bytes as they come. Of more than a few, at most one request is read before ``go_on``."""
        if self._left and not self.rest:
            data = self._take_body(data)
        if not data or self.stage is OVER:
            pass
        elif len(data) <= AT_ONCE and not self.rest:
            self._parse(data)
        else:
            self.rest, self._at = (self.rest[self._at :] + data if self.rest else data), 0
            self.go_on()
            return
        if self.stage or self._held:
            self._count()

    def go_on(self) -> None:
        """Read on in ``rest``: to the end of one request at most, and for SLICE_S seconds."""
        data, at = self.rest, self._at
        view, size, until = memoryview(data), len(data), time.perf_counter() + SLICE_S
        self._read_one = False
        while at < size and not self._read_one and self.stage is not OVER:
            at = self._step(data, view, at)
            if time.perf_counter() >= until:
                break
        self.rest, self._at = (data, at) if at < size and self.stage is not OVER else (b"", 0)
        self._count()

    def _step(self, data: bytes, view: memoryview, at: int) -> int:
        """Read one piece, from ``at`` on; returns where the next one begins."""
        if self._left:
            end = min(at + self._left, len(data))
            self._take_body(data[at:end])
            return end
        size = HEAD_PIECE if self.stage < BODY else BODY_PIECE
        found = data.find(b"\r\n\r\n", at, at + size)  # the end of a head, of a chunked body, or of nothing
        end = found + 4 if found >= 0 else min(at + size, len(data))
        self._parse(view[at:end])
        return end

    def _parse(self, data: bytes | memoryview) -> None:
        while True:
            before = (self._pairs, self._size, self._row) if self.stage else None
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data = self._without_upgrade(memoryview(data)[upgrade.args[0] :])
                if data:
                    continue
            except httptools.HttpParserCallbackError:
                logger.exception("the server failed while it read a request")
                self._refuse(500, SERVER_FAILED)
            except httptools.HttpParserError as error:
                logger.debug("not HTTP: %s", error)
                self._refuse(400, NOT_HTTP)
            break
        if self._size < self._declared:
            self._left = self._declared - self._size
        elif self.stage and self.stage is not OVER:  # in a head, or in a chunked body
            if before and before[0] is self._pairs and before[1] == self._size:  # the same one, no byte of its body
                self._row = before[2] + len(data)
            if self.stage is HEAD and len(self._url) > MAX_TARGET:
                self._refuse(414, TARGET_TOO_LONG)
            elif self._row > MAX_HEAD:
                self._refuse(431, HEAD_TOO_LARGE)
        if self._refusal is not None:
            self._tell()

    def _without_upgrade(self, rest: memoryview) -> bytes:
        """A request that asks for another protocol, and what comes behind, as one of this protocol.

        The parser stops at the end of such a request's headers; clients that would like HTTP/2 send a body behind.
        Empty where nothing can be made of it.
        """
        method, version = self._parser.get_method(), self._parser.get_http_version().encode()
        if method == b"CONNECT":
            self._refuse(400, NOT_HTTP)
            return b""
        self._parser = httptools.HttpRequestParser(self)
        return without_upgrade(method, self._url, version, self._pairs) + rest

    def _take_body(self, data: bytes) -> bytes:
        """Take what belongs to the present body; returns the rest."""
        taken, rest = (data, b"") if len(data) <= self._left else (data[: self._left], data[self._left :])
        self._left -= len(taken)
        self._size += len(taken)
        if self.stage is BODY:
            keep(self._pieces, taken)
        if not self._left:
            self._complete()
            self._parser = httptools.HttpRequestParser(self)  # the former one still waits for the body
        return rest

    def give_up(self, status: int, message: str) -> None:
        """Read no more: what came is no request, or not one in time."""
        self._refuse(status, message)
        if self._refusal is not None:
            self._tell()

    def _refuse(self, status: int, message: str) -> None:
        """Read no more, and tell the receiver soon why: it may answer, which nobody does inside the parser."""
        if self.stage is not OVER and self._refusal is None:
            self._refusal = status, message
            self.unfinished = self._unfinished()

    def _tell(self) -> None:
        refusal, self._refusal = self._refusal, None
        if refusal is not None and self.stage is not OVER:
            self._receiver.refused(*refusal)
        self.end()

    def end(self) -> None:
        """Read no more, and forget what has come of a request."""
        self._pieces, self.rest = [], b""
        self.stage = OVER
        self._count()

    def _complete(self) -> None:
        self._declared = self._size = 0
        if self.stage is DISCARDED:
            self.stage = OVER
            self._receiver.discarded()
        elif self.stage is not OVER and self._refusal is None:
            incoming = self._incoming()
            self.stage = BETWEEN if incoming.keep_alive else OVER
            self._read_one = True
            self._receiver.received(incoming)

    def _is_strangers(self) -> bool:
        """Whether a long body, or one whose length nobody knows, comes from somebody who may not call."""
        headers = self._by_name
        if self._declared <= STRANGERS_BODY and not headers.keys() & {b"transfer-encoding", b"expect"}:
            return False  # it costs little, and the connection can be kept
        return self._may_call is not None and not self._may_call(headers, self._receiver.certified)

    def _discard(self, reason: ScoredockError) -> None:
        """Have the request answered before its body is there."""
        self._pieces = []
        incoming = self._incoming()
        self.stage = DISCARDED
        incoming.keep_alive = False
        incoming.refused = reason
        self._read_one = True
        self._receiver.received(incoming)

    def _count(self) -> None:
        """Have the account hold what has come and is no whole request; refuse it where there is no room."""
        stage, ahead = self.stage, 0
        held = len(self.rest)
        if stage is BODY:
            held += self._head_cost + self._size
        else:
            if stage is HEAD:
                held += REQUEST_COST + self._row + self._fields + HEADER_COST * len(self._pairs)
            ahead = held
        intake = self._intake
        intake.ahead += ahead - self._ahead
        intake.held += held - self._held
        self._ahead, self._held = ahead, held
        if stage is BODY and intake.held > intake.max_held and intake.is_full(self._size):
            self._discard(intake.no_room())
            self._count()
        elif ahead and intake.is_far_ahead(ahead):
            self.give_up(429, intake.too_far_ahead())

    def _incoming(self) -> Incoming:
        parser, pieces, self._pieces = self._parser, self._pieces, []
        path = self._raw_path.decode("utf-8", "replace")
        incoming = Incoming(
            parser.get_method().decode("ascii"),
            decoded(path) if "%" in path else path,
            self._query,
            self._pairs,
            self._by_name,
            pieces[0] if len(pieces) == 1 else b"".join(pieces),
            self._raw_path,
            self._version,
            self._version != "1.0" and parser.should_keep_alive(),  # a client of 1.0 would have to be told
            self._started,
            self._receiver,
        )
        incoming.held = self._head_cost + len(incoming.body)
        self._intake.held += incoming.held
        return incoming

    def _unfinished(self) -> Incoming:
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
            started=self._started if self.stage >= BODY else time.perf_counter(),
            client=self._receiver,
        )

    def _follows_rules(self) -> bool:
        """Whether the head is as it should be; else it was refused."""
        by_name = self._by_name
        refusal = refusal_of(self._parser.get_method(), self._url, self._version, by_name)
        if refusal is not None:
            self._refuse(*refusal)
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
        if self.stage is OVER or self._refusal is not None:
            return
        self.stage = HEAD
        self._row = self._fields = 0
        self._url = b""
        self._pairs, self._by_name, self._pieces = [], {}, []
        self._declared = self._size = 0

    def on_url(self, url: bytes) -> None:
        """A part of the request's target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; or a trailer, behind a chunked body, which is none: it could pass for what a proxy has checked."""
        if self.stage is not HEAD:
            return
        pairs, by_name = self._pairs, self._by_name
        self._fields += len(name) + len(value)
        if len(pairs) >= MAX_HEADERS:
            self._refuse(431, TOO_MANY_HEADERS)
            return
        name = name.lower()
        pairs.append((name, value))
        by_name[name] = by_name[name] + b"," + value if name in by_name else value

    def on_headers_complete(self) -> None:
        """The body comes next."""
        self._started = time.perf_counter()
        if self.stage is not HEAD or self._refusal is not None:
            return
        self.stage = BODY
        if self._parser.should_upgrade():
            return
        url, by_name = self._url, self._by_name
        if self._fields > MAX_HEAD:
            self._refuse(431, HEAD_TOO_LARGE)
            return
        self._head_cost = REQUEST_COST + len(url) + self._fields + HEADER_COST * len(self._pairs)
        version = self._parser.get_http_version()
        self._version = version
        if (
            by_name.get(b"host") != self._host
            or version != "1.1"
            or b"transfer-encoding" in by_name
            or (url != b"/score" and (url[:1] != b"/" or b"#" in url))
        ) and not self._follows_rules():
            return
        self._raw_path, self._query = url, b""
        if url != b"/score":
            if len(url) > MAX_TARGET:
                self._refuse(414, TARGET_TOO_LONG)
                return
            self._raw_path, self._query = path_and_query(url)
        if b"content-length" in by_name and b"transfer-encoding" not in by_name:
            self._declared = int(by_name[b"content-length"])
        if self._declared > self.max_body:
            self._discard(self._intake.too_large(f"{self._declared} bytes"))
        elif self._may_call is not None and self._is_strangers():
            self._discard(Unauthorised("This key or token is valid only now. Send the request again."))
        elif self._intake.held + self._declared > self._intake.max_held and self._intake.is_full(
            self._declared, self._declared
        ):
            self._discard(self._intake.no_room())
        elif b"expect" in by_name and by_name[b"expect"].lower() == b"100-continue" and version != "1.0":
            self._receiver.awaited()

    def on_body(self, piece: bytes) -> None:
        """A piece of the body."""
        self._size += len(piece)
        self._row = 0
        if self.stage is not BODY or self._refusal is not None:
            return
        if self._size > self.max_body:
            self._discard(self._intake.too_large(f"more than {self.max_body} bytes"))
        elif self._pieces:
            keep(self._pieces, piece)
        else:  # most often it is all of the body
            self._pieces.append(piece)

    def on_message_complete(self) -> None:
        """The request's end."""
        if not self._parser.should_upgrade():
            self._complete()
