"""What a page that is being looked at needs of the metrics: few numbers, often."""

from __future__ import annotations

import time
from typing import Any

import orjson

from scoredock.observe.metrics import board
from scoredock.observe.metrics.board import Board

BOUNDS_S = tuple(bound / 1000 for bound in board.MS)


class Live:
    """Reads the board. Any thread of any process of the server may call this."""

    def __init__(self, shared: Board) -> None:
        self._board = shared

    def page(self) -> bytes:
        """Counts since the server's start, over all workers, and what is the case as of the last second; as JSON.

        ``duration`` counts answered requests by their time: ``counts[i]`` of them took at most ``bounds_s[i]`` seconds
        and more than the bound before; the last count is of those beyond all bounds.
        """
        return orjson.dumps({"time": time.time(), **self._board.read(self._numbers)})

    def workers_ready(self) -> int:
        """How many workers take requests."""
        return self._board.read(lambda: self._sum(board.READY))

    def _numbers(self) -> dict[str, Any]:
        totals = self._board.totals()
        statuses = enumerate(totals[board.STATUSES : board.DURATION.start], board.FIRST_STATUS)
        return {
            "requests": {str(status): int(count) for status, count in statuses if count},
            "abandoned": int(totals[board.ABANDONED]),
            "duration": {
                "bounds_s": BOUNDS_S,
                "counts": [int(count) for count in totals[board.DURATION.start : board.DURATION.sum]],
            },
            "queue_depth": self._sum(board.WAITING),
            "in_flight": self._sum(board.IN_FLIGHT),
            "workers_ready": self._sum(board.READY),
        }

    def _sum(self, cell: int) -> int:
        return int(sum(cells[cell] for _, cells in self._board.workers()))
