"""The thread that stores what was collected, and the queue before it. Whoever collects never waits."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from scoredock.collection.counts import Counts
from scoredock.collection.files import File, Files, Item
from scoredock.collection.stores import Store, cause, open_store
from scoredock.collection.targets import Target

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
GIVE_UP_S = 300.0  # after which a store's failure costs what waits for it
MAX_FILES = 100

logger = logging.getLogger("scoredock.collection")


class Writer:
    """Takes items from any thread and writes them within ``flush_s`` seconds.

    ``max_bytes`` and ``max_records`` bound what it holds: what waits to be encoded and what waits to be written. The
    thread begins with the first item.
    """

    def __init__(
        self,
        flush_s: float,
        max_bytes: int,
        max_records: int,
        give_up_s: float = GIVE_UP_S,
        opens: Callable[[Target], Store] = open_store,
    ) -> None:
        self._flush_s = flush_s
        self._max_bytes = max_bytes
        self._max_records = max_records
        self._give_up_s = give_up_s
        self._opens = opens
        self.counts = Counts()
        self._lock = threading.Lock()
        self._queue: deque[Item] = deque()
        self._held_bytes = self._held = 0
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._files = Files()
        self._stores: dict[Target, Store] = {}
        self._failing: dict[Target, _Failure] = {}

    def put(self, item: Item) -> None:
        """Take an item, or drop it where there is no room."""
        with self._lock:
            room = self._held_bytes + item.size <= self._max_bytes and self._held < self._max_records
            if room and not self._closing:
                self._held_bytes += item.size
                self._held += 1
                self._queue.append(item)
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name="scoredock-collection", daemon=True)
                    self._thread.start()
            half_full = self._held_bytes * 2 > self._max_bytes or self._held * 2 > self._max_records
        if self._closing:
            self.counts.dropped(item.stream.collection, "shutdown", "the worker ends")
        elif not room:
            self.counts.dropped(item.stream.collection, "queue full", "it comes faster than it can be written")
        if half_full and not self._failing:
            self._wake.set()

    def end(self) -> None:
        """Take nothing more, and write what waits."""
        with self._lock:
            self._closing = True
        self._wake.set()

    def close(self, timeout_s: float) -> None:
        """``end``, and wait for that, for at most ``timeout_s`` seconds; what is not written is dropped and counted."""
        self.end()
        if self._thread is not None:
            self._thread.join(timeout_s)
        # The thread may be at work still, in a storage that hangs: what it has in its hand is in no list for a moment.
        left = [*self._queue, *(item for file in self._files.waiting() for item, _ in list(file.waiting))]
        for item in left:
            self.counts.dropped(item.stream.collection, "shutdown", "the storage did not take it in time")
        self.counts.say(whatever=True)

    def _work(self) -> None:
        while not self._closing:
            self._wake.wait(self._flush_s)
            self._wake.clear()
            self._flush_safely()
        self._failing.clear()
        self._flush_safely()

    def _flush_safely(self) -> None:
        """An error that nobody thought of, as of a metrics folder on a full disk, must not end the thread."""
        try:
            self._flush()
        except Exception:
            logger.exception("Collected data could not be written")

    def _flush(self) -> None:
        for _ in range(len(self._queue)):  # one by one: what is not taken yet when the process ends can be counted
            item = self._queue.popleft()
            try:
                self._files.add(item)
            except Exception as error:
                self._drop([item], "invalid", cause(error))
        for file in self._files.waiting():
            self._write(file)
        self._files.forget(MAX_FILES)
        self.counts.say()

    def _write(self, file: File) -> None:
        target = file.place.target
        failure = self._failing.get(target)
        if failure is not None and time.monotonic() < failure.again_at and not self._closing:
            return
        try:
            store = self._stores.get(target)
            if store is None:
                store = self._stores[target] = self._opens(target)
            done = file.write(store)
        except Exception as error:
            failure = failure or _Failure(time.monotonic())
            self._failing[target] = failure
            failure.pause()
            self.counts.failing(target.url, cause(error))
            if time.monotonic() - failure.since > self._give_up_s:
                failure.since = time.monotonic()
                self._give_up(target, cause(error))
            return
        self._failing.pop(target, None)
        self._release(done)
        for collection in {item.stream.collection for item in done}:
            self.counts.stored(collection, sum(item.stream.collection == collection for item in done))

    def _give_up(self, target: Target, why: str) -> None:
        for file in self._files.waiting():
            if file.place.target == target:
                self._drop([item for item, _ in file.waiting], "storage", why)
                file.waiting.clear()

    def _drop(self, items: list[Item], reason: str, why: str) -> None:
        self._release(items)
        for item in items:
            self.counts.dropped(item.stream.collection, reason, why)

    def _release(self, items: list[Item]) -> None:
        with self._lock:
            self._held_bytes -= sum(item.size for item in items)
            self._held -= len(items)


class _Failure:
    """A storage that fails: since when, and when it is tried again (``time.monotonic()``)."""

    def __init__(self, now: float) -> None:
        self.since = now
        self.again_at = now
        self._pause_s = FIRST_PAUSE_S

    def pause(self) -> None:
        """Wait twice as long as the last time."""
        self.again_at = time.monotonic() + self._pause_s
        self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)
