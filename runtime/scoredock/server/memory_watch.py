"""Whether a worker that was killed was killed for want of memory."""

from __future__ import annotations

import time
from collections import deque

from scoredock.cgroups import memory_kills, memory_limit

LATELY_S = 3.0


class MemoryWatch:
    """Call ``look`` again and again. The kernel counts its kills by container, not by process: what counts is when."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, int]] = deque()
        self.look()

    def look(self) -> None:
        """Remember how many kills there have been."""
        now = time.monotonic()
        self._looks.append((now, memory_kills()))
        while len(self._looks) > 1 and self._looks[1][0] < now - LATELY_S:
            self._looks.popleft()

    def explain(self, workers: int) -> str | None:
        """Why a process of this container was killed a moment ago; None when it was not for want of memory."""
        if memory_kills() == self._looks[0][1]:
            return None
        limit = memory_limit()
        limited = f"; the container's limit is {limit >> 20} MiB" if limit is not None else ""
        share = ", or start fewer workers (WORKER_COUNT), or preload the model (WORKER_PRELOAD)" if workers > 1 else ""
        return f"the kernel killed it for want of memory{limited}. Give it more{share}"
