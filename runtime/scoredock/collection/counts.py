"""What was stored and what was dropped: metrics, and at most one line a minute in the log."""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections import Counter
from typing import Any

LOG_EVERY_S = 60.0

logger = logging.getLogger("scoredock.collection")
_MAKING = threading.Lock()


def _metrics() -> tuple[Any, Any]:
    """prometheus_client is imported when the first record is counted."""
    with _MAKING:  # two threads that come first at the same time would register the names twice
        return _made()


@functools.cache
def _made() -> tuple[Any, Any]:
    from prometheus_client import Counter as Metric

    return (
        Metric("scoredock_collected_records", "Calls of collect(), and payloads, that were stored.", ["collection"]),
        Metric(
            "scoredock_collected_dropped",
            "Calls of collect(), and payloads, that were dropped.",
            ["collection", "reason"],
        ),
    )


class Counts:
    """One process's. ``dropped`` may be called by any thread, the others by the writer's alone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._unsaid: Counter[tuple[str, str]] = Counter()
        self._causes: dict[tuple[str, str], str] = {}
        self._said_at = -LOG_EVERY_S
        self._failed_at = -LOG_EVERY_S

    def stored(self, collection: str, number: int) -> None:
        """So many were written."""
        _metrics()[0].labels(collection).inc(number)

    def dropped(self, collection: str, reason: str, cause: str) -> None:
        """One is lost: ``reason`` is a word for the metric, ``cause`` tells a person more."""
        _metrics()[1].labels(collection, reason).inc()
        with self._lock:
            self._unsaid[collection, reason] += 1
            self._causes[collection, reason] = cause

    def failing(self, location: str, cause: str) -> None:
        """Writing failed, and will be tried again."""
        now = time.monotonic()
        if now - self._failed_at >= LOG_EVERY_S:
            self._failed_at = now
            logger.warning("Collected data cannot be written to %s; it is tried again: %s", location, cause)

    def say(self, whatever: bool = False) -> None:
        """Log what was dropped since the last time, if that is a minute ago or ``whatever`` it is."""
        now = time.monotonic()
        if not self._unsaid or (now - self._said_at < LOG_EVERY_S and not whatever):
            return
        self._said_at = now
        with self._lock:
            unsaid, self._unsaid = self._unsaid, Counter()
        for (collection, reason), number in unsaid.items():
            logger.error(
                "%d records of collection %s were dropped (%s): %s",
                number, collection, reason, self._causes[collection, reason],
            )  # fmt: skip
