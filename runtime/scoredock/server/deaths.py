"""Why workers end, in words, and when the next one may start."""

from __future__ import annotations

import signal

from scoredock.server.memory_watch import MemoryWatch
from scoredock.server.status import WorkerStatus

MAX_IN_A_ROW = 5
STEADY_S = 60.0
LONGEST_BACKOFF_S = 30.0


class Deaths:
    """Counts the workers that died one after another, with none in between that lived a minute."""

    def __init__(self) -> None:
        self.in_a_row = 0
        self._memory = MemoryWatch()

    def look(self) -> None:
        """To be called again and again: kills for want of memory are told by when they happened."""
        self._memory.look()

    @property
    def too_many(self) -> bool:
        """Whether it makes no sense to go on."""
        return self.in_a_row >= MAX_IN_A_ROW

    @property
    def backoff_s(self) -> float:
        """Seconds until another worker starts: none after the first death, then 1, 2, 4, …"""
        return 0.0 if self.in_a_row <= 1 else min(2.0 ** (self.in_a_row - 2), LONGEST_BACKOFF_S)

    def count(self, lived_s: float) -> None:
        """A worker has died after so many seconds in its last phase."""
        self.in_a_row = 1 if lived_s >= STEADY_S else self.in_a_row + 1

    def forget(self) -> None:
        """Those to come have another cause."""
        self.in_a_row = 0

    def cause(self, pid: int, status: WorkerStatus, code: int, workers: int) -> str:
        """Why one of so many workers is gone: what it said itself, or what it did when a signal or an exit ended it."""
        if status.phase == "failed":
            return status.message
        return f"worker {pid} died while {_doing(status.phase)}: {self.how(code, workers)}"

    def how(self, code: int, workers: int) -> str:
        """What ended one of so many workers, from its exit code; negative for a signal."""
        if code >= 0:
            return f"exit code {code}"
        if code != -signal.SIGKILL:
            return signal.Signals(-code).name
        return self._memory.explain(workers) or "SIGKILL, perhaps out of memory"


def _doing(phase: str) -> str:
    if phase == "warm-up":
        return "in phase warm-up: run() with the schema's sample; SCOREDOCK_WARMUP=false leaves it out"
    return "it served" if phase == "ready" else f"in phase {phase}"
