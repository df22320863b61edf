"""Requests that came over a connection behind the one that is being answered."""

from __future__ import annotations

from collections import deque

from scoredock.web.incoming import Incoming
from scoredock.web.intake import Intake


class Waiting(deque[Incoming]):
    """In their order. Their heads count as what came ahead of its turn; their bodies were let in for themselves."""

    def __init__(self, intake: Intake) -> None:
        super().__init__()
        self._intake = intake

    def add(self, incoming: Incoming) -> int:
        """One more; the bytes that this counts."""
        size = incoming.held - len(incoming.body)
        self.append(incoming)
        self._intake.ahead += size
        return size

    def take(self) -> Incoming:
        """The first: it is its turn."""
        incoming = self.popleft()
        self._intake.ahead -= incoming.held - len(incoming.body)
        return incoming

    def drop(self, but: int) -> None:
        """Forget all but the first few."""
        while len(self) > but:
            incoming = self.pop()
            self._intake.ahead -= incoming.held - len(incoming.body)
            self._intake.let_go(incoming)
