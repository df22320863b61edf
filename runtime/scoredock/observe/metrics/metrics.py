"""A server's metrics: what the supervisor makes and keeps, and hands to each worker."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from scoredock.observe.metrics import board, script_metrics
from scoredock.observe.metrics.board import Board
from scoredock.observe.metrics.counting import Counting
from scoredock.observe.metrics.exposition import Exposition
from scoredock.observe.metrics.live import Live

SLOTS_A_WORKER = 4  # one that serves, one that ends, one that begins, and one to spare
LEAST_SLOTS = 64


class Metrics:
    """A server's metrics; made by the supervisor before its first fork. ``info`` are labels of ``scoredock_info``."""

    def __init__(self, workers: int, info: Mapping[str, str]) -> None:
        self._board = Board(max(LEAST_SLOTS, workers * SLOTS_A_WORKER))
        self._board.supervisor[board.START] = _started_at()
        self._folder = script_metrics.Folder()
        self.page = Exposition(self._board, info, self._folder.path).page
        self.live = Live(self._board)

    def worker(self) -> Counting:
        """What a worker that is about to be forked counts with."""
        return Counting(*self._board.claim())

    def only(self, workers: Iterable[Counting]) -> None:
        """There are these workers and no others: one that was about to be forked could not be."""
        self._board.free_others({one.number for one in workers})

    def ended(self, worker: Counting, pid: int, how: str) -> None:
        """A worker has ended: it ``died``, was ``replaced``, or was ``stopped`` with the server."""
        if how in _RESTARTS:
            self._board.supervisor[_RESTARTS[how]] += 1
        self._board.retire(worker.number, lambda: script_metrics.fold(self._folder.path, pid))

    def certificate_ends(self, at: float) -> None:
        """The serving port's certificate is valid until then, in seconds since 1970."""
        self._board.supervisor[board.CERTIFICATE_END] = at

    def close(self) -> None:
        """The server has ended."""
        self._folder.close()


def _started_at() -> float:
    """When this process was started, in seconds since 1970, by the kernel (proc(5): btime, and starttime in ticks)."""
    booted = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime "))
    ticks = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    return int(booted.split()[1]) + int(ticks) / os.sysconf("SC_CLK_TCK")


_RESTARTS = {"died": board.DIED, "replaced": board.REPLACED}
