"""Connections beyond the limit of a worker: a few, that are answered about health alone.

A probe that is refused a connection ends the container, just when it is busiest. So a connection too many is asked what
it wants. It gets a second for that; when there are too many of them, the oldest makes room.
"""

from __future__ import annotations

import logging
from typing import Protocol

from scoredock.errors import NotReady
from scoredock.web.answers import problem_answer
from scoredock.web.door import OPEN
from scoredock.web.ids import IdReader
from scoredock.web.incoming import Incoming
from scoredock.web.intake import SPARE

USED_UP = "All connections of the server are in use (SCOREDOCK_MAX_CONNECTIONS)."
PATIENCE_S = 1.0  # for a request that may be one for health
WARN_EVERY_S = 60.0

logger = logging.getLogger("scoredock.web")


class Handler(Protocol):
    """What a connection gives its requests to: the gateway."""

    def handle(self, incoming: Incoming) -> None:
        """Answer a request, now or when it is scored."""

    def refuse(self, incoming: Incoming, status: int, message: str) -> None:
        """Answer what is no request, or did not come in time."""

    def left(self, incoming: Incoming) -> None:
        """The client has left before its answer was complete."""

    def streamed(self, incoming: Incoming, status: int, whole: bool) -> None:
        """A streamed answer has ended; ``whole`` unless it broke on this side."""

    def stream_failed(self, incoming: Incoming, late: bool) -> None:
        """Answer a request whose streamed answer failed before anything was sent; ``late``: by its deadline."""


class Spare(Protocol):
    """A connection too many."""

    def cut(self) -> None:
        """Refuse whatever it wants, at once."""


class SpareConnections:
    """Takes the gateway's place for connections that are too many."""

    def __init__(self, gateway: Handler, ids: IdReader) -> None:
        self._gateway = gateway
        self._ids = ids
        self._open: dict[Spare, None] = {}
        self._warned_at: float | None = None
        self.left = gateway.left
        self.streamed = gateway.streamed
        self.stream_failed = gateway.stream_failed

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: Spare, now: float, limit: int) -> None:
        """Take a connection, beyond ``limit`` others, at ``now`` seconds."""
        if self._warned_at is None or now - self._warned_at >= WARN_EVERY_S:
            self._warned_at = now
            logger.warning("All %d connections are in use (SCOREDOCK_MAX_CONNECTIONS); further ones get 503.", limit)
        if len(self._open) >= SPARE:
            oldest = next(iter(self._open))
            del self._open[oldest]
            oldest.cut()
        self._open[connection] = None

    def discard(self, connection: Spare) -> None:
        """It is gone."""
        self._open.pop(connection, None)

    def handle(self, incoming: Incoming) -> None:
        """Answer a request for health, refuse any other one."""
        incoming.keep_alive = False
        if incoming.path in OPEN and incoming.method in ("GET", "HEAD"):
            self._gateway.handle(incoming)
        else:
            self.refuse(incoming)

    def refuse(self, incoming: Incoming, *_: object) -> None:
        """Say that it is one too many, whatever else may be said of it."""
        if incoming.client is not None:
            answer = problem_answer(NotReady(USED_UP))
            ids = self._ids.read(incoming.by_name).headers
            headers = [*answer.headers, *ids, (b"content-length", b"%d" % len(answer.body))]
            incoming.client.send(incoming, answer.status, headers, answer.body)
