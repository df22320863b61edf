"""Answers that were written, and that their clients have not read yet."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

PATIENCE_S = 5.0  # for a client to read an answer, whoever else wants the room


class SlowReader(Protocol):
    """A connection whose client reads more slowly than answers come."""

    def cut_off(self) -> None:
        """Close it at once: what its client has not read is let go."""


@dataclass
class _Answer:
    size: int
    since: float


class Unread:
    """``size`` is how many bytes they have, those in the event loop's buffers and those of streams that wait.

    Where there is no room for others, whoever has been at it longest is cut off.
    """

    def __init__(self) -> None:
        self.size = 0
        self._answers: dict[SlowReader, _Answer] = {}

    def note(self, reader: SlowReader, size: int) -> int:
        """It has ``size`` bytes to read, 0 when it has caught up. Returns by how many that has changed."""
        before = self._answers.get(reader)
        change = size - (before.size if before is not None else 0)
        self.size += change
        if not size:
            self._answers.pop(reader, None)
        elif before is not None:
            before.size = size
        else:
            self._answers[reader] = _Answer(size, time.monotonic())
        return change

    def cut_slowest(self, at_once: bool) -> int:
        """Cut off who has been at it longest, more than PATIENCE_S seconds unless ``at_once``; the bytes that frees.

        The only one is spared: any answer that may come has to fit.
        """
        if len(self._answers) < 2:
            return 0
        slowest, answer = next(iter(self._answers.items()))
        if not at_once and time.monotonic() - answer.since < PATIENCE_S:
            return 0
        del self._answers[slowest]
        self.size -= answer.size
        slowest.cut_off()
        return answer.size
