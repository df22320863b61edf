"""Bytes through the request reader, and through h11, a second opinion that shares no code with it."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import h11

from scoredock.web.incoming import Incoming
from scoredock.web.intake import Intake
from scoredock.web.request_reader import RequestReader

MAX_BODY = 4096
_SPACES = re.compile(rb"\A(\S+) +(\S+) +HTTP/")
Request = tuple[str, str, bytes]  # method, path, body


@dataclass
class Reading:
    """The requests that bytes were taken for, the body emptied where it was too large, and the status of a refusal."""

    requests: list[Request] = field(default_factory=list)
    refusal: int = 0
    scheme = "http"
    address = server = None
    who = certificate = ""
    certified = False

    def received(self, incoming: Incoming) -> None:
        """A request."""
        assert not self.refusal, "a request after a refusal"
        self.requests.append((incoming.method, incoming.path, b"" if incoming.refused else incoming.body))

    def discarded(self) -> None:
        """The end of a body that was too large."""

    def awaited(self) -> None:
        """The client waits for 100 Continue."""

    def refused(self, status: int, message: str) -> None:
        """The end."""
        assert not self.refusal, "refused twice"
        self.refusal = status


def read(pieces: Iterable[bytes], max_body: int = MAX_BODY) -> Reading:
    """What the request reader makes of bytes that come in pieces."""
    reading = Reading()
    reader = RequestReader(reading, Intake(max_body))  # type: ignore[arg-type] # it sends no answers
    for piece in pieces:
        reader.feed(piece)
        while reader.rest:
            reader.go_on()
    return reading


def second_opinion(data: bytes) -> tuple[list[tuple[str, bytes]], bool]:
    """The requests that h11 makes of bytes, method and body; and whether it refused what came then."""
    requests: list[tuple[str, bytes]] = []
    while True:
        # RFC 9112 allows both, h11 neither: empty lines before a request (section 2.2), more than one space (3).
        data = _SPACES.sub(rb"\1 \2 HTTP/", data.lstrip(b"\r\n"))
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
        connection.receive_data(data)
        method, body = "", b""
        try:
            while not isinstance(event := connection.next_event(), h11.EndOfMessage):
                if isinstance(event, h11.Request):
                    method, ends = event.method.decode(), _ends(event)
                elif isinstance(event, h11.Data):
                    body += bytes(event.data)
                else:
                    return requests, False
        except h11.RemoteProtocolError:
            return requests, True
        requests.append((method, body))
        if ends:
            return requests, False
        data = connection.trailing_data[0]


def _ends(request: h11.Request) -> bool:
    """Whether the connection ends after a request (section 9.3)."""
    words = {
        word.strip().lower() for name, value in request.headers if name == b"connection" for word in value.split(b",")
    }
    return (
        b"close" in words or request.http_version == b"1.0"
    )  # a client of 1.0 would have to be told that it may go on


def cut(data: bytes, random: random.Random) -> list[bytes]:
    """Bytes in pieces, as a network could deliver them."""
    places = sorted(random.sample(range(len(data) + 1), min(len(data), random.choice([1, 2, 3, 8, 40]))))
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True) if start < end]
