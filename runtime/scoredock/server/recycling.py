"""When a worker is to be replaced because it is old: SCOREDOCK_MAX_REQUESTS and SCOREDOCK_MAX_WORKER_MB.

Memory is what the kernel calls the proportional set size: pages that this process shares with others count by its
share, so that a preloaded model is not held against every worker. To read it costs milliseconds; the resident set,
which is never smaller, costs microseconds and is looked at first.
"""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import Callable

from scoredock.observe.process_memory import proportional_bytes, resident_bytes
from scoredock.settings import Settings

MIB = 1024 * 1024
MEMORY_LOOK_S = 1.0
PROPORTIONAL_LOOK_S = 5.0

logger = logging.getLogger("scoredock.server")


class Recycling:
    """Call ``look`` every now and then, first when the worker is ready; ``ask`` is called once when it is too old.

    ``scored`` counts the requests that the worker has scored. A worker that is above the memory limit as soon as it is
    ready is not replaced for it: its successor would be too.
    """

    def __init__(self, settings: Settings, scored: Callable[[], int], ask: Callable[[], None]) -> None:
        self._max_bytes = settings.max_worker_mb * MIB
        jitter = random.randint(0, settings.max_requests_jitter)  # noqa: S311 - workers draw apart, nobody guesses
        self._max_requests = settings.max_requests + jitter if settings.max_requests else 0
        self._scored = scored
        self._ask = ask
        self._next_memory_look = self._next_proportional_look = 0.0
        self._first = True
        self.wanted = bool(self._max_bytes or self._max_requests)

    def look(self) -> None:
        """Ask for a successor if it is time."""
        if not self.wanted:
            return
        cause = self._too_many_requests() or self._too_much_memory()
        if cause is not None:
            self.wanted = False
            logger.info("Worker %d will be replaced: %s.", os.getpid(), cause)
            self._ask()

    def _too_many_requests(self) -> str | None:
        scored = self._scored()
        if self._max_requests and scored >= self._max_requests:
            return f"it has scored {scored} requests, and SCOREDOCK_MAX_REQUESTS allows it {self._max_requests}"
        return None

    def _too_much_memory(self) -> str | None:
        now = time.monotonic()
        if not self._max_bytes or now < self._next_memory_look:
            return None
        first, self._first = self._first, False
        self._next_memory_look = now + MEMORY_LOOK_S
        if resident_bytes() <= self._max_bytes or now < self._next_proportional_look:
            return None
        self._next_proportional_look = now + PROPORTIONAL_LOOK_S
        size = proportional_bytes()
        if size <= self._max_bytes:
            return None
        sizes = f"{size // MIB} MiB of memory, and SCOREDOCK_MAX_WORKER_MB allows it {self._max_bytes // MIB}"
        if not first:
            return f"it has {sizes}"
        logger.warning(
            "A worker that has just started has %s: no successor would have less, so the limit is ignored. Set it well "
            "above what the script needs.",
            sizes,
        )
        self._max_bytes = 0
        return None
