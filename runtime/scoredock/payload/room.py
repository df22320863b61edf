"""How much memory the values that bodies are read into may take together, in one worker."""

from __future__ import annotations

import threading
from typing import Protocol

from scoredock.errors import NotReady, RequestProblem

MIB = 1024 * 1024
_NAME = "SCOREDOCK_MAX_PARSED_MB"


class Taken:
    """A part of a room, as long as this object lives or until ``release``."""

    __slots__ = ("_room", "size")

    def __init__(self, room: Room, size: int) -> None:
        self._room = room
        self.size = size

    def release(self) -> None:
        """Give it back; no more than once counts."""
        size, self.size = self.size, 0
        self._room._add(-size)

    def __del__(self) -> None:
        if self.size:
            self.release()


class Keeper(Protocol):
    """Who has the part of a room that a request's values take."""

    taken: Taken | None


class Room:
    """``most`` bytes for values. Scoring threads take parts of it before they parse, and give them back afterwards.

    Bodies of fewer than ``small`` bytes take none: so much more may be in memory for each scoring thread, times what
    values take at most.
    """

    def __init__(self, most: int, small: int = MIB) -> None:
        self.most = most
        self.small = small
        self._used = 0
        self._lock = threading.Lock()

    @classmethod
    def shared_by(cls, threads: int, most: int) -> Room:
        """A room for so many scoring threads: what they do not count is little, all together."""
        return cls(most, max(min(MIB // threads, most // 256), 64 * 1024))

    def take(self, size: int, what: str = "The body") -> Taken:
        """Take ``size`` bytes for ``what``.

        Raises RequestProblem (413) for more than there is at all, NotReady (503) for more than others have left.
        """
        if size > self.most:
            raise RequestProblem(
                413,
                f"{what} would take about {size // MIB} MiB of memory once it is read; at most {self.most // MIB} MiB "
                f"are given. The setting is {_NAME}. Send fewer rows at once, or the binary formats, which take less.",
            )
        if not self._add(size):
            raise NotReady(
                f"{what} would take about {size // MIB} MiB of memory once it is read; other requests have "
                f"{self._used // MIB} of {self.most // MIB} MiB ({_NAME})."
            )
        return Taken(self, size)

    def _add(self, size: int) -> bool:
        with self._lock:
            if size > 0 and self._used + size > self.most:
                return False
            self._used += size
        return True


UNSHARED = Room(1 << 62)
