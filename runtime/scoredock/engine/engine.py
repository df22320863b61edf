"""The engine: a bounded queue, scoring threads, and a watchdog that keeps every promise about time.

All methods are called on the event loop. Results come back from the scoring threads in batches: one wake-up
of the loop delivers all that are ready.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from types import FrameType
from typing import Generic, TypeVar

from scoredock.engine.job import Job
from scoredock.engine.scoring_thread import ScoringThread
from scoredock.errors import Abandoned, DeadlineExceeded, NotReady, QueueFull

T = TypeVar("T")
R = TypeVar("R")

TICK_S = 0.05
GRACE_S = 0.25  # for an interrupted run() to come back before its thread counts as stuck
MAX_STUCK_THREADS = 8

logger = logging.getLogger("scoredock.engine")


@dataclass(frozen=True)
class Limits:
    """``timeout_ms`` for scoring; ``max_queue`` waiting jobs; ``max_wait_ms`` in the queue. 0 ms is no limit."""

    timeout_ms: int
    max_queue: int
    max_wait_ms: int = 0

    @property
    def timeout_s(self) -> float:
        """The deadline of scoring in seconds."""
        return self.timeout_ms / 1000 or math.inf


class Engine(Generic[T, R]):
    """Scores items in order of arrival, in a thread of its own.

    A job over its deadline is answered on time whatever its thread does. A thread that cannot be interrupted
    is given up and a fresh one takes the queue over; ``on_stuck`` is told, so that the process can be
    replaced. ``on_late`` gets each item that is over its deadline, and the frame that its thread is in.
    """

    def __init__(
        self,
        limits: Limits,
        on_stuck: Callable[[], None] = lambda: None,
        on_late: Callable[[T, FrameType | None], None] = lambda item, frame: None,
    ) -> None:
        self._limits = limits
        self._on_stuck = on_stuck
        self._on_late = on_late
        self._jobs: SimpleQueue[Job[T, R] | None] = SimpleQueue()
        self._outstanding: dict[Job[T, R], None] = {}
        self._finished: deque[tuple[Job[T, R], R | None, BaseException | None]] = deque()
        self._delivery_due = False
        self._watching = False
        self._late: dict[ScoringThread[T, R], float] = {}
        self._score: Callable[[T], R] | None = None
        self._thread: ScoringThread[T, R] | None = None
        self.stuck_threads = 0
        self.draining = False

    async def start(self, prepare: Callable[[], Callable[[T], R]]) -> None:
        """Start the scoring thread: it runs ``prepare`` and scores with the function that this returns.

        Returns when ``prepare`` has returned; raises what it raised.
        """
        self._loop = asyncio.get_running_loop()
        ready: asyncio.Future[Callable[[T], R]] = self._loop.create_future()

        def prepared(score: Callable[[T], R] | None, error: BaseException | None) -> None:
            def settle() -> None:
                if ready.done():
                    return
                if score is not None:
                    ready.set_result(score)
                else:
                    ready.set_exception(error or RuntimeError("no scoring function"))

            self._loop.call_soon_threadsafe(settle)

        self._thread = ScoringThread(self._jobs, prepare, prepared, self._deliver)
        self._thread.start()
        self._score = await ready

    @property
    def waiting(self) -> int:
        """Jobs in the queue, the one that is being scored not counted."""
        return sum(job.started_at is None for job in self._outstanding)

    @property
    def scoring(self) -> bool:
        """Whether there is a thread that takes jobs."""
        return self._thread is not None and self._score is not None

    def submit(self, item: T) -> Job[T, R]:
        """Queue an item. The job's future brings the result.

        Raises QueueFull, or NotReady when there is no scoring thread. The future may end in what scoring
        raised, in DeadlineExceeded, QueueFull (waited too long), NotReady (shut down) or Abandoned.
        """
        if not self.scoring:
            raise NotReady("No scoring thread is available; the worker is being replaced.")
        if len(self._outstanding) > self._limits.max_queue:  # one of them is being scored
            raise QueueFull(f"The queue is full: {self._limits.max_queue} requests wait (SCOREDOCK_MAX_QUEUE).")
        job: Job[T, R] = Job(item, self._loop.create_future(), time.monotonic())
        self._outstanding[job] = None
        self._jobs.put(job)
        if not self._watching:
            self._watching = True
            self._loop.call_later(self._next_check_s(job.queued_at), self._watch)
        return job

    def abandon(self, job: Job[T, R]) -> None:
        """The client left: a job that is not being scored yet never will be."""
        if job.started_at is None:
            job.abandoned = True
            self._fail(job, Abandoned("the client left"))

    async def drain(self, timeout_s: float) -> None:
        """Wait until every job is done, at most ``timeout_s`` seconds; then fail the rest with NotReady."""
        self.draining = True
        deadline = time.monotonic() + timeout_s
        while self._outstanding and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        for job in list(self._outstanding):
            job.abandoned = True
            self._fail(job, NotReady("The server is shutting down."))

    def stop(self) -> None:
        """End the scoring thread after its present job."""
        self._jobs.put(None)

    def _deliver(self, job: Job[T, R], result: R | None, error: BaseException | None) -> None:
        """Called in a scoring thread."""
        self._finished.append((job, result, error))
        if not self._delivery_due:
            self._delivery_due = True
            self._loop.call_soon_threadsafe(self._deliver_all)

    def _deliver_all(self) -> None:
        self._delivery_due = False
        while self._finished:
            job, result, error = self._finished.popleft()
            self._outstanding.pop(job, None)
            if job.future.done():
                if job.follow_up is not None:  # nobody will read it
                    job.follow_up.abort()
                continue
            if error is not None:
                job.future.set_exception(error)
            else:
                job.future.set_result(result)  # type: ignore[arg-type] # no error: it is a result

    def _fail(self, job: Job[T, R], error: Exception) -> None:
        self._outstanding.pop(job, None)
        if job.started_at is None:
            del job.item  # it stays in the queue until the thread skips it; its body need not
        if not job.future.done():
            job.future.set_exception(error)

    def _next_check_s(self, now: float) -> float:
        """Seconds until something may be due: a deadline, or the next look at the queue."""
        due = now + TICK_S
        job = self._thread.current if self._thread is not None else None
        if job is not None and job.started_at is not None:
            due = min(due, job.started_at + self._limits.timeout_s)
        else:
            due = min(due, now + self._limits.timeout_s)
        return max(due - now, 0.001)

    def _watch(self) -> None:
        now = time.monotonic()
        self._check_deadline(now)
        self._check_stuck(now)
        self._check_queue(now)
        busy = self._thread is not None and self._thread.busy
        self._watching = bool(self._outstanding or self._late or busy)
        if self._watching:
            self._loop.call_later(self._next_check_s(now), self._watch)

    def _check_deadline(self, now: float) -> None:
        thread = self._thread
        job = thread.current if thread is not None else None
        if thread is None or job is None or job.started_at is None or thread in self._late:
            return
        if now - job.started_at >= self._limits.timeout_s:
            self._fail(job, DeadlineExceeded(self._limits.timeout_ms))
            if job.follow_up is not None:
                job.follow_up.abort()
            self._late[thread] = now
            self._on_late(job.item, thread.frame)
            thread.interrupt(job)

    def _check_stuck(self, now: float) -> None:
        """A late thread that came back is as good as new; one that did not makes room for a fresh one."""
        for thread, since in list(self._late.items()):
            job = thread.current
            if job is None or (job.started_at or 0) > since:
                del self._late[thread]
            elif now - since >= GRACE_S:
                del self._late[thread]
                self._replace(thread)

    def _replace(self, thread: ScoringThread[T, R]) -> None:
        thread.give_up()
        self.stuck_threads += 1
        logger.error(
            "run() could not be interrupted %s ms after its deadline; its thread is given up and the worker "
            "will be replaced.",
            int(GRACE_S * 1000),
        )
        score = self._score
        if score is not None and self.stuck_threads < MAX_STUCK_THREADS:
            self._thread = ScoringThread(self._jobs, lambda: score, lambda *_: None, self._deliver)
            self._thread.start()
        else:
            self._thread = None
            for job in list(self._outstanding):
                job.abandoned = True
                self._fail(job, NotReady("No scoring thread is available; the worker is being replaced."))
        self._on_stuck()

    def _check_queue(self, now: float) -> None:
        max_wait_s = self._limits.max_wait_ms / 1000
        for job in list(self._outstanding):
            if job.started_at is not None:
                continue
            waited = now - job.queued_at
            if max_wait_s and waited >= max_wait_s:
                job.abandoned = True
                self._fail(
                    job,
                    QueueFull(f"Waited {self._limits.max_wait_ms} ms for scoring (SCOREDOCK_MAX_QUEUE_WAIT_MS)."),
                )
            elif job.on_wait is not None and waited >= TICK_S / 2:
                job.on_wait()
                job.on_wait = None
