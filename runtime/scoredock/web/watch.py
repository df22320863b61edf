"""How long a connection waits for its client, to send and to take what it is sent."""

from __future__ import annotations

import asyncio
from typing import Protocol

from scoredock.web.arrival import ArrivalClock
from scoredock.web.intake import Intake
from scoredock.web.request_reader import RequestReader
from scoredock.web.states import BODY, HEAD

SLOWEST = 1024  # bytes a second of an answer that its client has to take, over the time that it may be idle


class Watched(Protocol):
    """A connection, as far as its client's time depends on it."""

    @property
    def client_may_send(self) -> bool:
        """Whether what the client sends is read, and the client does not wait to be told to go on."""

    @property
    def client_waits(self) -> bool:
        """Whether it is the client that waits, for its answer or for more of it."""


class Watch:
    """Ends a connection on which nothing comes, or is taken, for ``idle_s`` seconds.

    So it does with one whose client takes fewer than ``SLOWEST`` bytes a second of what it is sent, and with one whose
    requests do not come in the time that ``intake`` gives them. ``seen`` is when the client was last heard of, in the
    event loop's seconds; ``written`` counts the bytes of bodies that it was sent.
    """

    def __init__(
        self, connection: Watched, transport: asyncio.Transport, reader: RequestReader, intake: Intake, idle_s: float
    ) -> None:
        self._connection = connection
        self._transport = transport
        self._reader = reader
        self._idle_s = idle_s
        self._loop = asyncio.get_running_loop()
        self.seen = now = self._loop.time()
        self.written = 0
        self._unsent = 0  # bytes that the client had not taken when that was last looked at
        self._taken: tuple[float, int] | None = None  # since when the client is behind, and how much it had got then
        self._arrival = ArrivalClock(reader, intake, now)
        self._set_timer(min(now + idle_s, self._arrival.due))

    def note(self, now: float) -> None:
        """A request is not complete after what came."""
        if self._arrival.note(now) and self._arrival.due < self._timer_at:
            self._timer.cancel()
            self._set_timer(self._arrival.due)

    def restart(self) -> None:
        """Give the client all of its time to send again: it could not."""
        self._arrival.restart(self._loop.time())

    def end(self) -> None:
        """The connection is no more."""
        self._timer.cancel()

    def _set_timer(self, at: float) -> None:
        self._timer_at = at
        self._timer = self._loop.call_at(at, self._check)

    def _check(self) -> None:
        """Close the connection if its client is idle or too slow; else look again when it may be."""
        now = self._loop.time()
        if self._is_late(now):
            self._reader.give_up(408, self._arrival.complaint())
        idle_at = now + self._idle_s - self._idle(now)
        if idle_at <= now:
            if self._unsent or self._transport.is_closing():
                self._transport.abort()
                return
            if self._reader.stage in (HEAD, BODY):
                self._reader.give_up(408, f"Nothing of the rest of the request came for {self._idle_s:g} s.")
            else:
                self._transport.close()
            idle_at = now + self._idle_s
        due = self._arrival.due
        self._set_timer(min(idle_at, due) if due > now and self._arrival.running else idle_at)

    def _is_late(self, now: float) -> bool:
        """Whether something has not come in time that the client could have sent."""
        if not self._connection.client_may_send:
            self._arrival.restart(now)
        return self._arrival.running and self._arrival.due <= now

    def _idle(self, now: float) -> float:
        """For how many seconds nothing has happened that the client should do."""
        unsent = self._transport.get_write_buffer_size()
        if unsent != self._unsent:  # the client reads, however slowly
            self._unsent, self.seen = unsent, now
        taken = self.written - unsent
        if not unsent:
            self._taken = None
        elif self._taken is None:
            self._taken = (now, taken)
        elif now - self._taken[0] >= self._idle_s:
            since, before = self._taken
            if taken - before < SLOWEST * (now - since):
                return self._idle_s
            self._taken = (now, taken)
        return 0 if self._connection.client_waits else now - self.seen
