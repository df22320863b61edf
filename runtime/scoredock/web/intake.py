"""What one worker takes in from its clients: how much, for how long, from how many; and what it holds of it now."""

from __future__ import annotations

import resource
from collections.abc import Iterable
from dataclasses import dataclass, field

from scoredock.errors import QueueFull, RequestProblem
from scoredock.settings import Settings, Sizes

MIB = 1024 * 1024
SMALL_BODY = 64 * 1024  # bytes; bodies up to this are still taken when larger ones have used up their share
SPARE = 32  # connections beyond the limit that are answered, about health alone
OTHER_FILES = 128  # descriptors for everything but clients: the script's files, logs, sockets of its own


@dataclass
class Intake:
    """Limits in bytes and seconds, and what they limit. Used on the event loop alone.

    ``held`` counts the bytes of bodies from their coming to their answer, also of those that are not complete yet: a
    client that sends all but one byte of many bodies costs as much as one whose requests wait. ``max_held`` bounds it,
    for bodies of up to ``SMALL_BODY`` bytes an eighth later, so that large ones do not keep them out. ``connections``
    counts those that are open, without the ones that have not finished a TLS handshake.
    """

    max_body: int = Sizes.body
    max_held: int = Sizes.held
    max_connections: int = 16_384
    header_timeout_s: float = 20
    body_timeout_s: float = 300
    max_gzip_ratio: int = 100
    held: int = field(default=0, init=False)
    connections: int = field(default=0, init=False)

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

    def is_full(self, size: int, coming: int = 0) -> bool:
        """Whether a body of ``size`` bytes, so far, cannot stay, or ``coming`` more of it not come."""
        return self.held + coming > (self.max_held if size > SMALL_BODY else self.max_held + self.max_held // 8)

    def too_large(self, got: str) -> RequestProblem:
        """What to say of a body that has more than ``max_body`` bytes."""
        return RequestProblem(
            413,
            f"The body has {got}; at most {self.max_body // MIB} MiB are accepted. The setting is "
            "SCOREDOCK_MAX_BODY_MB.",
        )

    def no_room(self) -> QueueFull:
        """What to say of a body that ``is_full`` does not let in."""
        return QueueFull(
            f"The bodies of the requests that wait have {self.held // MIB} MiB, at most {self.max_held // MIB} MiB are "
            "held (SCOREDOCK_MAX_QUEUE_MB)."
        )

    def release(self, bodies: Iterable[bytes | bytearray]) -> None:
        """These are held no longer."""
        self.held -= sum(map(len, bodies))


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
