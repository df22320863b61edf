"""What one worker takes in from its clients: how much, for how long, from how many; and what it holds of it now."""

from __future__ import annotations

import logging
import resource
import time
from dataclasses import dataclass, field
from typing import Protocol

from scoredock.errors import QueueFull, RequestProblem
from scoredock.settings import Settings, Sizes
from scoredock.web.turns import Turns
from scoredock.web.unread import SlowReader, Unread

MIB = 1024 * 1024
SMALL_BODY = 64 * 1024  # bytes; bodies up to this are still taken when larger ones have used up their share
SMALL_AHEAD = 16 * 1024  # bytes that are ahead of their turn: a head with a token, and what that takes in memory
SPARE = 32  # connections beyond the limit that are answered, about health alone
OTHER_FILES = 128  # descriptors for everything but clients: the script's files, logs, sockets of its own
MOST_AHEAD = 32 * MIB  # of what comes ahead of its turn, if an eighth of all that is held is not less
WARN_EVERY_S = 60.0

logger = logging.getLogger("scoredock.web")


class Held(Protocol):
    """A request, with the bytes that are counted for it."""

    held: int


@dataclass
class Intake:
    """Limits in bytes and seconds, and what they limit. Used on the event loop alone.

    ``held`` is the one account of what clients have this worker keep, in bytes: of requests, with what a request costs
    beside its bytes, from their coming to their answer, also of those that are not complete yet, since a client that
    sends all but one byte of many bodies costs as much as one whose requests wait; and of answers that are ``unread``.
    ``max_held`` bounds it, with a sixteenth more for what comes with bodies, and, for requests with bodies of up to
    ``SMALL_BODY`` bytes, an eighth, so that large ones do not keep them out. ``ahead`` is the part that is out of turn:
    heads that are not complete, requests behind another one of their connection, and what is not read of them. It takes
    no key to make it, so it has a bound of its own, ``max_ahead``, and as much again for those that have up to
    ``SMALL_AHEAD`` bytes of it, so that whoever has much does not keep them out. ``turns`` gives whoever sends ahead a
    share of the event loop's time. ``connections`` counts those that are open, without the ones that have not finished
    a TLS handshake.
    """

    max_body: int = Sizes.body
    max_held: int = Sizes.held
    max_connections: int = 16_384
    header_timeout_s: float = 20
    body_timeout_s: float = 300
    max_gzip_ratio: int = 100
    held: int = field(default=0, init=False)
    ahead: int = field(default=0, init=False)
    connections: int = field(default=0, init=False)
    turns: Turns = field(default_factory=Turns, init=False)
    unread: Unread = field(default_factory=Unread, init=False)
    _warned_at: float = field(default=-WARN_EVERY_S, init=False)

    @classmethod
    def of(cls, settings: Settings) -> Intake:
        """The limits of one worker."""
        sizes = Sizes.of(settings)
        return cls(
            sizes.body,
            sizes.held,
            connections_allowed(settings.max_connections),
            settings.header_timeout_s,
            settings.body_timeout_s,
            settings.max_gzip_ratio,
        )

    @property
    def max_ahead(self) -> int:
        """The bytes that may be held ahead of their turn."""
        return min(self.max_held // 8, MOST_AHEAD)

    def is_far_ahead(self, size: int) -> bool:
        """Whether ``size`` bytes of one connection, counted already, cannot stay ahead of their turn."""
        return self.ahead > self.max_ahead * (2 if size <= SMALL_AHEAD else 1)

    def is_full(self, size: int, coming: int = 0) -> bool:
        """Whether a request with a body of ``size`` bytes, so far, cannot stay, or ``coming`` more of it not come."""
        room = self.max_held + self.max_held // (16 if size > SMALL_BODY else 8) - coming
        while self.held > room and self.unread.size > self.max_held // 2 and self._cut_slowest(False):
            pass
        return self.held > room

    def let_go(self, incoming: Held) -> None:
        """A request is held no longer."""
        self.held -= incoming.held
        incoming.held = 0

    def note_unread(self, reader: SlowReader, size: int) -> None:
        """So many bytes of its answers has a client not read yet; 0 when it has caught up."""
        self.held += self.unread.note(reader, size)
        while self.held > self.max_held + self.max_held // 8 and self.unread.size > self.max_held // 2:
            if not self._cut_slowest(True):
                break

    def _cut_slowest(self, at_once: bool) -> int:
        freed = self.unread.cut_slowest(at_once)
        self.held -= freed
        if freed and time.monotonic() - self._warned_at >= WARN_EVERY_S:
            self._warned_at = time.monotonic()
            logger.warning(
                "Answers that clients have not read fill the memory for requests (SCOREDOCK_MAX_QUEUE_MB, %d MiB); who "
                "has been reading longest is cut off.",
                self.max_held // MIB,
            )
        return freed

    def too_large(self, got: str) -> RequestProblem:
        """What to say of a body that has more than ``max_body`` bytes."""
        return RequestProblem(
            413,
            f"The body has {got}; at most {self.max_body // MIB} MiB are accepted. The setting is "
            "SCOREDOCK_MAX_BODY_MB.",
        )

    def no_room(self) -> QueueFull:
        """What to say of a request that ``is_full`` does not let in."""
        return QueueFull(
            f"The requests that wait, and answers that are not read, have {self.held // MIB} MiB; at most "
            f"{self.max_held // MIB} MiB are held (SCOREDOCK_MAX_QUEUE_MB)."
        )

    def too_far_ahead(self) -> str:
        """What to say of what comes ahead of its turn when ``max_ahead`` is used up."""
        return (
            f"Requests that are not complete, or wait behind others of their connection, have {self.ahead // MIB} MiB; "
            f"at most {self.max_ahead // MIB} MiB are held, a part of SCOREDOCK_MAX_QUEUE_MB. Send it again."
        )


def connections_allowed(wanted: int) -> int:
    """As many of ``wanted`` connections as this process may have files for."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, soft - SPARE - OTHER_FILES))


def allow_files(wanted: int) -> int:
    """Let this process, and those that it starts, open files for ``wanted`` connections, as far as it may.

    Returns for how many it may.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + SPARE + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return connections_allowed(wanted)
