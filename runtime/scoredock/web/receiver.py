"""Who reads requests off a connection."""

from __future__ import annotations

from typing import Protocol

from scoredock.web.incoming import Client, Incoming


class Receiver(Client, Protocol):
    """What a reader tells; it is the client's representative, too. Requests are not to be answered inside the calls."""

    def received(self, incoming: Incoming) -> None:
        """A request is complete; or its body is too large, and will not be kept."""

    def discarded(self) -> None:
        """All of a body has come that was too large."""

    def awaited(self) -> None:
        """The client waits for ``100 Continue`` before it sends the body."""

    def refused(self, status: int, message: str) -> None:
        """What came is no request, or did not come in time; ``unfinished`` tells what is known of it."""
