"""What one worker counts."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from scoredock.observe.metrics import board
from scoredock.observe.process_memory import resident_bytes
from scoredock.observe.request_log import BROKEN, LEFT, Entry

_FIRST, _LAST = board.FIRST_STATUS, board.LAST_STATUS
_ABANDONED, _RECEIVED, _SENT, _BROKEN = board.ABANDONED, board.RECEIVED, board.SENT, board.BROKEN
_DURATION, _DURATION_SUM = board.DURATION.start, board.DURATION.sum
_QUEUE, _QUEUE_SUM = board.QUEUE.start, board.QUEUE.sum
_ADMITTED = {name: board.ADMITTED + place for place, name in enumerate(board.CREDENTIALS)}
_RUN, _RUN_SUM = board.RUN.start, board.RUN.sum


class Counting:
    """Writes a worker's slot. ``count`` is called with the requests that were answered, on the event loop."""

    def __init__(self, number: int, cells: memoryview[float]) -> None:
        self.number = number
        self.cells = cells

    def count(self, entries: Sequence[Entry]) -> None:
        """Count requests to /score. No call is made that can be spared: this is the request path."""
        cells, bucket, ms = self.cells, bisect_left, board.MS
        for _, _, target, status, elapsed_ms, queue_ms, run_ms, received, sent, batch, _, _ in entries:
            if target != "/score" and not target.startswith("/score?"):
                continue
            if sent == LEFT:
                cells[_ABANDONED] += 1
                continue
            cells[status - _FIRST if _FIRST <= status <= _LAST else 0] += 1
            cells[_DURATION + (elapsed_ms > 0.5 and bucket(ms, elapsed_ms))] += 1
            cells[_DURATION_SUM] += elapsed_ms
            if queue_ms >= 0:
                cells[_QUEUE + (queue_ms > 0.5 and bucket(ms, queue_ms))] += 1
                cells[_QUEUE_SUM] += queue_ms
            if run_ms >= 0:
                cells[_RUN + (run_ms > 0.5 and bucket(ms, run_ms))] += 1
                cells[_RUN_SUM] += run_ms
            if batch:
                cells[board.BATCH.start + bucket(board.REQUESTS, batch)] += 1
                cells[board.BATCH.sum] += batch
            cells[_RECEIVED] += received
            if sent > 0:
                cells[_SENT] += sent
            elif sent == BROKEN:
                cells[_BROKEN] += 1

    def admitted(self, by: str) -> None:
        """A request was admitted, by one of ``board.CREDENTIALS``."""
        self.cells[_ADMITTED[by]] += 1

    def ready(self, init_s: float) -> None:
        """The worker takes requests; import, init() and warm-up took ``init_s`` seconds."""
        self.cells[board.INIT_S] = init_s
        self.cells[board.READY] = 1

    def draining(self) -> None:
        """The worker takes no more requests."""
        self.cells[board.READY] = 0

    def measure(self, waiting: int, in_flight: int, connections: int) -> None:
        """What is the case right now; to be called again and again."""
        cells = self.cells
        cells[board.WAITING], cells[board.IN_FLIGHT], cells[board.CONNECTIONS] = waiting, in_flight, connections
        cells[board.MEMORY] = resident_bytes()
