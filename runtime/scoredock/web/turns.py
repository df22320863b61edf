"""Whose turn it is: what clients send ahead of its turn gets a share of the event loop's time, all of them together."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

SLICE_S = 0.0005  # for one connection, before the next one's turn
WINDOW_S = 0.005
BUDGET_S = 0.001  # of each window, for all connections that have more than one request waiting to be read


class Eager(Protocol):
    """A connection that has more to do than one turn allows."""

    def take_turn(self) -> None:
        """Go on for about SLICE_S seconds; ask again if that was not all."""


class Turns:
    """Connections that have sent more than one request at once, each in its turn.

    The first request that comes over a connection is answered when it comes, whatever others have sent. What is behind
    it waits here: a client that sends a million small requests in one go has them answered with a fifth of the loop's
    time, and so have a hundred such clients together.
    """

    def __init__(self) -> None:
        self._waiting: dict[Eager, None] = {}
        self._due = False
        self._window_ends = 0.0  # of time.perf_counter(), in seconds
        self._left_s = 0.0

    def ask(self, connection: Eager) -> None:
        """Give it a turn, behind those that wait. Called on the event loop."""
        self._waiting[connection] = None
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._run)

    def __contains__(self, connection: Eager) -> bool:
        """Whether it waits for its turn."""
        return connection in self._waiting

    def leave(self, connection: Eager) -> None:
        """It is gone."""
        self._waiting.pop(connection, None)

    def _run(self) -> None:
        self._due = False
        now = time.perf_counter()
        if now >= self._window_ends:
            self._window_ends, self._left_s = now + WINDOW_S, BUDGET_S
        while self._waiting and self._left_s > 0:
            connection = next(iter(self._waiting))
            del self._waiting[connection]
            connection.take_turn()
            before, now = now, time.perf_counter()
            self._left_s -= now - before
        if self._waiting and not self._due:
            self._due = True
            asyncio.get_running_loop().call_later(max(self._window_ends - now, 0.001), self._run)
