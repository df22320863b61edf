"""How much one worker takes in and holds, in bytes: as set, or by default a share of the container's memory.

What is divided is a worker's share: the container's limit by the number of workers. Of it a twelfth is the largest
body, a sixth are the bodies that wait, and a sixth are the values that bodies are read into; the rest is for the
process itself, its script and model, copies, and results.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scoredock.cgroups import memory_limit
from scoredock.settings.table import Settings

MIB = 1024 * 1024
MOST_BODY_MIB, MOST_HELD_MIB, MOST_PARSED_MIB = 100, 1024, 1024  # by default, where there is memory enough


@dataclass(frozen=True)
class Sizes:
    """``body``: the largest body. ``held``: bodies together. ``parsed``: what bodies are read into, together."""

    body: int = MOST_BODY_MIB * MIB
    held: int = MOST_HELD_MIB * MIB
    parsed: int = MOST_PARSED_MIB * MIB

    @classmethod
    def of(cls, settings: Settings, memory: int | None = None) -> Sizes:
        """The sizes of one worker. ``memory`` is the container's; by default that of its control groups."""
        share = worker_share(settings, memory)
        body = _size(settings.max_body_mb, share, 12, MOST_BODY_MIB)
        held = _size(settings.max_queue_mb, share, 6, MOST_HELD_MIB)
        parsed = _size(settings.max_parsed_mb, share, 6, MOST_PARSED_MIB)
        return cls(body, max(held, body), parsed)  # any body that may come has to fit


def notes_on_sizes(settings: Settings, memory: int | None = None) -> Iterator[str]:
    """What to say at the start: defaults that are lower than usual, sizes that the memory has no room for."""
    share = worker_share(settings, memory)
    if share is None:
        return
    sizes = Sizes.of(settings, memory)
    if not settings.max_body_mb and sizes.body < MOST_BODY_MIB * MIB:
        yield (
            f"Bodies of up to {sizes.body // MIB} MiB are taken, not {MOST_BODY_MIB}: each worker's share of the "
            f"container's memory is {share // MIB} MiB. The setting is SCOREDOCK_MAX_BODY_MB."
        )
    together = sizes.held + sizes.parsed
    if together > share * 3 // 4:
        yield (
            f"What requests may take, {together // MIB} MiB in each worker (SCOREDOCK_MAX_QUEUE_MB and "
            f"SCOREDOCK_MAX_PARSED_MB), does not fit beside the script into its {share // MIB} MiB of the container's "
            "memory: the kernel may kill workers. Lower these settings, SCOREDOCK_MAX_BODY_MB or WORKER_COUNT, or give "
            "the container more memory."
        )


def worker_share(settings: Settings, memory: int | None = None) -> int | None:
    """A worker's share of the container's memory, in bytes; None where that has no limit."""
    if memory is None:
        memory = memory_limit()
    return None if memory is None else memory // settings.worker_count


def _size(given_mib: int, share: int | None, part: int, most_mib: int) -> int:
    """In bytes: what was given, else a part of the share in whole MiB, at least one and at most ``most_mib``."""
    if given_mib or share is None:
        return (given_mib or most_mib) * MIB
    return min(max(share // part // MIB, 1), most_mib) * MIB
