"""Why workers end, in words, and when the next one may start."""

from __future__ import annotations

import signal

from scoredock.server.memory_watch import MemoryWatch
from scoredock.server.status import WorkerStatus

MAX_IN_A_ROW = 5
STEADY_S = 60.0
LONGEST_BACKOFF_S = 30.0
LONGEST_BACKOFF_SERVING_S = 4.0


class Deaths:
    """Counts the workers that died one after another, with none in between that lived a minute.

    One that died while it had clients, or scored, may have died of a request: who sends many of them must not be able
    to end the server. Only the others count towards that.
    """

    def __init__(self) -> None:
        self.in_a_row = 0
        self.unprovoked = 0
        self._longest_s = LONGEST_BACKOFF_S
        self._memory = MemoryWatch()

    def look(self) -> None:
        """To be called again and again: kills for want of memory are told by when they happened."""
        self._memory.look()

    @property
    def too_many(self) -> bool:
        """Whether it makes no sense to go on."""
        return self.unprovoked >= MAX_IN_A_ROW

    @property
    def backoff_s(self) -> float:
        """Seconds until another worker starts: none after the first death, then 1, 2, 4, …"""
        return 0.0 if self.in_a_row <= 1 else min(2.0 ** min(self.in_a_row - 2, 8), self._longest_s)

    def count(self, lived_s: float, provoked: bool) -> None:
        """A worker has died after so many seconds in its last phase; ``provoked`` when a request may be the cause."""
        if lived_s >= STEADY_S:
            self.forget()
        self.in_a_row += 1
        self.unprovoked += not provoked
        self._longest_s = LONGEST_BACKOFF_SERVING_S if provoked else LONGEST_BACKOFF_S

    def forget(self) -> None:
        """Those to come have another cause."""
        self.in_a_row = self.unprovoked = 0

    def cause(self, pid: int, status: WorkerStatus, code: int, workers: int) -> str:
        """Why one of so many workers is gone: what it said itself, or what it did when a signal or an exit ended it."""
        if status.phase == "failed":
            return f"worker {pid} could not start: {status.message}"
        return f"worker {pid} died while {_doing(status)}: {self.how(code, workers)}"

    def how(self, code: int, workers: int) -> str:
        """What ended one of so many workers, from its exit code; negative for a signal."""
        if code >= 0:
            return f"exit code {code}"
        if code != -signal.SIGKILL:
            return _signal_name(-code)
        return self._memory.explain(workers) or "SIGKILL, perhaps out of memory"


def provoked(status: WorkerStatus) -> bool:
    """Whether a request may be the cause of a worker's death: it served, and had clients or something to score."""
    return status.phase in ("ready", "draining") and status.called_for


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # of real-time signals only the first and the last have names
        return f"signal {number}"


def _doing(status: WorkerStatus) -> str:
    if status.phase == "warm-up":
        return "in phase warm-up: run() with the schema's sample; SCOREDOCK_WARMUP=false leaves it out"
    if status.phase != "ready":
        return f"in phase {status.phase}"
    return "it served" if status.called_for else "it was idle, with no client"
