"""What telemetry waits in until it is sent: bounded, sent by a thread of its own, counted where it is lost."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

REPORT_S = 60.0  # between two log lines about what was lost
MAX_CAUSE = 500  # characters

logger = logging.getLogger("scoredock.telemetry")


class LastWords(logging.Handler):
    """Keeps the last message of an exporter, which would log every failed attempt; ``text`` is empty before."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        with contextlib.suppress(Exception):
            self.keep(record.getMessage())

    def keep(self, text: str) -> None:
        """Keep a text in one line of at most MAX_CAUSE characters."""
        line = " ".join(text.split())
        self.text = line if len(line) <= MAX_CAUSE else f"{line[: MAX_CAUSE - 1]}…"


def listen(*loggers: str) -> LastWords:
    """The last words of these loggers, whose messages go nowhere else from now on."""
    words = LastWords()
    for name in loggers:
        one = logging.getLogger(name)
        one.handlers[:], one.propagate = [words], False
    return words


class Outbox(Generic[T]):
    """Sends items in batches of at most ``batch_size``, after ``delay_s`` seconds or when so many wait.

    ``send`` is called in the outbox's thread and returns whether the batch has arrived; it may be slow, and may raise.
    More than ``queue_size`` items do not wait: further ones are lost. What is lost is counted, and told in a log line
    at most once a minute. ``words`` has the cause; ``what`` are the items, and where they go, in words. ``finish`` is
    called in the outbox's thread when it has sent the last one.
    """

    def __init__(
        self,
        send: Callable[[list[T]], bool],
        what: str,
        queue_size: int,
        batch_size: int,
        delay_s: float,
        words: LastWords | None = None,
        around: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext,
        finish: Callable[[], None] = lambda: None,
    ) -> None:
        self._send = send
        self._what = what
        self._queue_size = queue_size
        self._batch_size = min(batch_size, queue_size)
        self._delay_s = delay_s
        self._words = words
        self._around = around
        self._finish = finish
        self._queue: deque[T] = deque()
        self._wake = threading.Event()
        self._lock = threading.Lock()  # around what has been lost, and what is on its way
        self._sending = 0  # items of the batch that is on its way
        self._flushing = self._stopping = self._given_up = False
        self._reported_at = float("-inf")
        self._unreported = 0
        self.lost = 0
        self._thread = threading.Thread(target=self._work, name="telemetry", daemon=True)
        self._thread.start()

    def put(self, item: T) -> None:
        """Have an item sent, or lose it where too many wait. Never waits."""
        waiting = len(self._queue)
        if waiting >= self._queue_size or self._stopping:
            with self._lock:
                self._lose(1)
            return
        self._queue.append(item)
        if waiting + 1 >= self._batch_size and not self._wake.is_set():
            self._wake.set()

    def flush(self, timeout_s: float) -> bool:
        """Send what waits, for at most ``timeout_s`` seconds; whether all of it has been tried."""
        deadline = time.monotonic() + timeout_s
        self._flushing = True
        self._wake.set()
        while (self._queue or self._sending) and self._thread.is_alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)
        return not self._queue

    def end(self) -> None:
        """Take nothing more, and send what waits."""
        self._stopping = True
        self._wake.set()

    def stop(self, timeout_s: float) -> None:
        """``end``, and wait for that, for at most ``timeout_s`` seconds; the rest is lost."""
        self.end()
        self._thread.join(timeout_s)
        with self._lock:
            if self._thread.is_alive():
                self._given_up = True
                self._lose(len(self._queue) + self._sending)
        self._report(at_once=True)

    def _work(self) -> None:
        with self._around():
            while not self._stopping:
                woken = self._wake.wait(self._delay_s)
                self._wake.clear()
                all_of_it, self._flushing = self._flushing or self._stopping or not woken, False
                for batch in self._batches(all_of_it):
                    self._send_one(batch)
                self._report()
            for batch in self._batches(True):
                self._send_one(batch)
            self._finish()

    def _batches(self, all_of_it: bool) -> Iterator[list[T]]:
        """What is to be sent now; single items wait for company unless ``all_of_it`` is wanted."""
        remaining = len(self._queue)
        while remaining >= (1 if all_of_it else self._batch_size):
            count = min(remaining, self._batch_size)
            with self._lock:
                self._sending = count
                batch = [self._queue.popleft() for _ in range(count)]
            yield batch
            remaining = remaining - count if all_of_it else len(self._queue)

    def _send_one(self, batch: list[T]) -> None:
        try:
            arrived = self._send(batch)
        except Exception as error:
            arrived = False
            if self._words is not None:
                self._words.keep(f"{type(error).__name__}: {error}")
        with self._lock:
            self._sending = 0
            if not arrived and not self._given_up:  # then it is counted already
                self._lose(len(batch))
        self._report()

    def _lose(self, count: int) -> None:
        self.lost += count
        self._unreported += count

    def _report(self, at_once: bool = False) -> None:
        now = time.monotonic()
        with self._lock:
            if not self._unreported or (now - self._reported_at < REPORT_S and not at_once):
                return
            count, self._unreported = self._unreported, 0
            self._reported_at = now
        said = self._words.text if self._words is not None else ""
        cause = said or ("no answer in time" if self._given_up else "none")
        logger.warning("%d %s were lost. Requests are not held up. Last cause: %s", count, self._what, cause)
