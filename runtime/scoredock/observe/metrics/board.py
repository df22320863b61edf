"""Numbers of all workers in one piece of memory, which the supervisor makes and all processes see.

Each worker has a slot, which it alone writes. When it has died, the supervisor adds what it counted to its own slot
and gives the slot to another one. A reader therefore sees all workers, those of the past too, whatever process it
is in, and no write needs a lock.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Collection, Iterator
from typing import TypeVar

# Upper bounds of the buckets of times, in ms, and of batches, in requests; behind each comes an endless one.
MS = (0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1e3, 2.5e3, 5e3, 10e3, 30e3, 60e3)
REQUESTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
# What lets requests in.
CREDENTIALS = ("primary_key", "secondary_key", "token", "certificate")

_TRIES = 100  # to read while nothing is being added

T = TypeVar("T")


class Histogram:
    """Where a histogram stands in a slot: a cell for each bucket, the endless one, and the sum."""

    def __init__(self, start: int, bounds: tuple[float, ...]) -> None:
        self.start = start
        self.bounds = bounds
        self.sum = start + len(bounds) + 1
        self.end = self.sum + 1


# The cells of a slot. What is counted is kept when a worker dies, what is measured goes with it. The last two are the
# supervisor's: when the server started, and when its certificate ends, in seconds since 1970.
FIRST_STATUS, LAST_STATUS = 100, 599
STATUSES = 0  # a cell for each status
DURATION = Histogram(LAST_STATUS - FIRST_STATUS + 1, MS)
QUEUE = Histogram(DURATION.end, MS)
RUN = Histogram(QUEUE.end, MS)
BATCH = Histogram(RUN.end, REQUESTS)
ADMITTED = BATCH.end  # a cell for each of CREDENTIALS
ABANDONED, RECEIVED, SENT, BROKEN, DIED, REPLACED, COUNTED = range(
    ADMITTED + len(CREDENTIALS), ADMITTED + len(CREDENTIALS) + 7
)
TAKEN, READY, WAITING, IN_FLIGHT, CONNECTIONS, INIT_S, MEMORY, START, CERTIFICATE_END, CELLS = range(
    COUNTED, COUNTED + 10
)


class Board:
    """``slots`` for workers, and the supervisor's own, which is the first. Made before the first fork."""

    def __init__(self, slots: int) -> None:
        self._memory = mmap.mmap(-1, (1 + (1 + slots) * CELLS) * 8)
        cells = memoryview(self._memory).cast("d")
        self._changes = cells[:1]  # odd while numbers are moved
        self._slots = [cells[1 + n * CELLS : 1 + (n + 1) * CELLS] for n in range(1 + slots)]

    @property
    def supervisor(self) -> memoryview[float]:
        """The supervisor's slot: what it counted, and what dead workers did."""
        return self._slots[0]

    def claim(self) -> tuple[int, memoryview[float]]:
        """A slot for a new worker: its number, from 1, and its cells. In the supervisor.

        When all are taken, the number is 0 and what is written is seen by nobody.
        """
        for number, cells in enumerate(self._slots):
            if number and not cells[TAKEN]:
                cells[TAKEN] = 1
                return number, cells
        return 0, memoryview(bytearray(CELLS * 8)).cast("d")

    def retire(self, number: int, fold: Callable[[], None] = lambda: None) -> None:
        """A worker is dead: keep what it counted and free its slot. In the supervisor.

        ``fold`` does the same for what is kept elsewhere.
        """
        if not number:
            return
        cells, own = self._slots[number], self._slots[0]
        self._changes[0] += 1
        try:
            for place in range(COUNTED):
                own[place] += cells[place]
            cells[:] = memoryview(bytes(CELLS * 8)).cast("d")
            fold()
        finally:
            self._changes[0] += 1

    def free_others(self, numbers: Collection[int]) -> None:
        """Free the slots that workers of none of these numbers have claimed. In the supervisor."""
        for number, cells in self.workers():
            if number not in numbers:
                cells[TAKEN] = 0

    def read(self, look: Callable[[], T]) -> T:
        """What ``look`` returns when nothing was moved while it looked, or after many tries."""
        for _ in range(_TRIES):
            before = self._changes[0]
            try:
                result = look()
            except FileNotFoundError:  # of a process that has died just now
                continue
            if before == self._changes[0] and before % 2 == 0:
                return result
        return look()

    def totals(self) -> list[float]:
        """The counted cells, summed over all slots."""
        return [sum(cells) for cells in zip(*(slot[:COUNTED] for slot in self._in_use()), strict=True)]

    def workers(self) -> Iterator[tuple[int, memoryview[float]]]:
        """Number and cells of each worker's slot that is taken."""
        return ((number, cells) for number, cells in enumerate(self._slots) if number and cells[TAKEN])

    def _in_use(self) -> list[memoryview[float]]:
        return [self._slots[0], *(cells for _, cells in self.workers())]
