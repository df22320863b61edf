"""The engine: a bounded queue, scoring threads, and a watchdog that keeps every promise about time.

All methods are called on the event loop. Results come back from the scoring threads in batches: while jobs wait
and each takes less than a millisecond, the loop is woken for several results at once. It would compete with the
scoring threads for the interpreter lock otherwise, at the price of two changes of thread for every result.
"""

from __future__ import annotations

import asyncio
import logging
import math
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from itertools import chain
from queue import Empty, SimpleQueue
from traceback import StackSummary, walk_stack
from typing import Generic, TypeVar

from scoredock.engine.job import Job
from scoredock.engine.scoring_thread import ScoringThread
from scoredock.errors import Abandoned, DeadlineExceeded, NotReady, QueueFull

T = TypeVar("T")
R = TypeVar("R")

TICK_S = 0.05
GRACE_S = 0.25  # for a late run() to come back before its thread counts as stuck
IMPORT_S = 30.0  # the same for one that imports: whoever comes next would wait for the same module, or begin again
LOOK_S = 0.001  # between two looks at whether it can be interrupted
SWITCH_S = 0.0001  # for a look to get the interpreter lock from a thread that computes; else Python's 5 ms
MAX_SKIPPED = 1000  # jobs in the queue that nobody waits for, and as many more as there are others
MAX_STUCK_THREADS = 8
SWEEP_S = 0.004  # a result that waits for company waits no longer
QUICK_S = 0.001  # a job that took longer has its result delivered at once
MAX_HELD = 16
SHUTTING_DOWN = "The server is shutting down."

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
    """Scores items in order of arrival, in ``threads`` threads of its own.

    A job over its deadline is answered on time whatever its thread does; those of a late batch are scored once more,
    each by itself. A thread that cannot be interrupted is given up and a fresh one takes the queue over; ``on_stuck``
    is told, so that the process can be replaced. ``on_late`` gets the items of a call that is over its deadline, and
    the stack of its thread. ``is_own`` tells which files are the script's: no other code is interrupted.
    """

    def __init__(
        self,
        limits: Limits,
        on_stuck: Callable[[], None] = lambda: None,
        on_late: Callable[[Sequence[T], StackSummary], None] = lambda items, stack: None,
        threads: int = 1,
        is_own: Callable[[str], bool] = lambda filename: True,
    ) -> None:
        self._limits = limits
        self._on_stuck = on_stuck
        self._on_late = on_late
        self._wanted_threads = threads
        self._is_own = is_own
        self._jobs: SimpleQueue[Job[T, R] | None] = SimpleQueue()
        self._outstanding: dict[Job[T, R], None] = {}
        self._finished: deque[tuple[Job[T, R], R | None, BaseException | None]] = deque()
        self._delivery_due = False
        self._sweep_due = False
        self._watching = False
        self._late: dict[ScoringThread[T, R], tuple[float, float, Sequence[Job[T, R]]]] = {}
        self._lost: dict[ScoringThread[T, R], Sequence[Job[T, R]]] = {}
        self._switch_s = 0.0  # Python's, while looks are frequent
        self._score: Callable[[T], R] | None = None
        self._threads: list[ScoringThread[T, R]] = []
        self.stuck_threads = 0
        self.scored = 0  # jobs that came back from a scoring thread
        self.draining = False
        self._closed = False

    async def start(self, prepare: Callable[[], Callable[[T], R]]) -> None:
        """Start the scoring threads: the first one runs ``prepare``, and all score with what this returns.

        Returns when ``prepare`` has returned; raises what it raised.
        """
        self._loop = asyncio.get_running_loop()
        self._context = copy_context()  # of the loop: a scoring thread's own one belongs to the request it scores
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

        first = ScoringThread(self._jobs, prepare, prepared, self._deliver, self._is_own)
        first.start()
        self._score = await ready
        self._threads.append(first)
        for _ in range(1, self._wanted_threads):
            self._add_thread(self._score)

    @property
    def waiting(self) -> int:
        """Jobs in the queue, those that are being scored not counted."""
        return sum(job.started_at is None for job in self._outstanding)

    @property
    def unfinished(self) -> int:
        """Jobs in the queue and those that are being scored."""
        return len(self._outstanding)

    @property
    def scoring(self) -> bool:
        """Whether there is a thread that takes jobs."""
        return bool(self._threads)

    def submit(self, item: T, done: Callable[[T, R | None, BaseException | None], None]) -> Job[T, R]:
        """Queue an item. ``done`` is called on the event loop with the item and its result, once.

        Instead of a result it may get what scoring raised, DeadlineExceeded, QueueFull (waited too long),
        NotReady (shut down) or Abandoned. Raises QueueFull, or NotReady when there is no scoring thread.
        """
        if not self._threads:
            raise NotReady("No scoring thread is available; the worker is being replaced.")
        if self._closed:  # it was decompressed until now, or pipelined behind another one
            raise NotReady(SHUTTING_DOWN)
        room = self._limits.max_queue - len(self._outstanding)
        if room <= 0 and room + self._being_scored() <= 0:
            raise QueueFull(f"The queue is full: {self._limits.max_queue} requests wait (SCOREDOCK_MAX_QUEUE).")
        job: Job[T, R] = Job(item, done, time.monotonic())
        self._outstanding[job] = None
        self._jobs.put(job)
        if not self._sweep_due:
            self._sweep_due = True
            self._loop.call_later(SWEEP_S, self._sweep)
        if not self._watching:
            self._watching = True
            self._loop.call_later(self._next_check_s(job.queued_at), self._watch)
        return job

    def _being_scored(self) -> int:
        """Jobs that do not count as waiting; an idle thread is about to take one."""
        return sum(len(thread.current) or 1 for thread in self._threads)

    def abandon(self, job: Job[T, R]) -> None:
        """The client left: a job that is not being scored yet never will be."""
        if job.started_at is None:
            job.abandoned = True
            self._fail(job, Abandoned("the client left"))

    async def drain(self, timeout_s: float) -> None:
        """Wait until every job is done, at most ``timeout_s`` seconds; then fail the rest with NotReady.

        What is submitted afterwards is refused.
        """
        self.draining = True
        deadline = time.monotonic() + timeout_s
        while self._outstanding and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        self._closed = True
        for job in list(self._outstanding):
            job.abandoned = True
            self._fail(job, NotReady(SHUTTING_DOWN))

    def stop(self) -> None:
        """End the scoring threads after their present jobs."""
        self._hurry(False)
        for _ in self._threads:
            self._jobs.put(None)

    def _deliver(self, job: Job[T, R], result: R | None, error: BaseException | None) -> None:
        """Called in a scoring thread. Wakes the loop, unless a sweep is coming and there are more quick jobs."""
        self._finished.append((job, result, error))
        if self._delivery_due:
            return
        held = self._sweep_due and len(self._finished) < MAX_HELD and not self._jobs.empty()
        if held and time.monotonic() - (job.started_at or 0) < QUICK_S:
            return
        self._delivery_due = True
        self._loop.call_soon_threadsafe(self._deliver_all, context=self._context)

    def _sweep(self) -> None:
        """Deliver what no wake-up has delivered."""
        self._sweep_due = False
        if self._finished:
            self._deliver_all()

    def _deliver_all(self) -> None:
        self._delivery_due = False
        while self._finished:
            job, result, error = self._finished.popleft()
            self._outstanding.pop(job, None)
            self.scored += 1
            if job.settled:
                if job.follow_up is not None:  # nobody will read it
                    job.follow_up.abort()
            else:
                self._settle(job, result, error)

    def _settle(self, job: Job[T, R], result: R | None, error: BaseException | None) -> None:
        job.settled = True
        done = job.done
        del job.done  # it may refer to the job: a circle would keep both until a collection
        try:
            done(job.item, result, error)
        except Exception:
            logger.exception("an answer could not be sent")

    def _fail(self, job: Job[T, R], error: Exception) -> None:
        self._outstanding.pop(job, None)
        if not job.settled:
            self._settle(job, None, error)
        if job.started_at is None:
            del job.item  # it stays in the queue until a thread skips it; its body need not
            if self._jobs.qsize() > 2 * len(self._outstanding) + MAX_SKIPPED:
                self._sweep_queue()

    def _sweep_queue(self) -> None:
        """Take out what will be skipped: while run() is busy, others would come and leave without end.

        The rest keeps its order, unless a thread takes a job meanwhile.
        """
        for _ in range(self._jobs.qsize()):
            try:
                job = self._jobs.get_nowait()
            except Empty:
                return
            if job is None or not job.settled:
                self._jobs.put(job)

    def _next_check_s(self, now: float) -> float:
        """Seconds until something may be due: a deadline, or the next look at the queue."""
        if self._late:
            return LOOK_S
        due = now + min(TICK_S, self._limits.timeout_s)
        for thread in self._threads:
            for job in thread.current[:1]:
                due = min(due, (job.started_at or now) + self._limits.timeout_s)
        return max(due - now, 0.001)

    def _watch(self) -> None:
        now = time.monotonic()
        try:
            for thread in list(self._threads):
                self._check_deadline(thread, now)
            self._check_late(now)
            self._check_queue(now)
        finally:
            busy = any(thread.current for thread in self._threads)
            self._hurry(bool(self._late))
            self._watching = bool(self._outstanding or self._late or self._lost or busy)
            if self._watching:
                self._loop.call_later(self._next_check_s(now), self._watch)

    def _check_deadline(self, thread: ScoringThread[T, R], now: float) -> None:
        jobs = thread.current
        if not jobs or thread in self._late or now - (jobs[0].started_at or now) < self._limits.timeout_s:
            return
        self._late[thread] = now, now + GRACE_S, jobs
        if len(jobs) == 1:
            self._fail(jobs[0], DeadlineExceeded(self._limits.timeout_ms))
            if jobs[0].follow_up is not None:
                jobs[0].follow_up.abort()
        frame = thread.frame
        stack = StackSummary.extract(walk_stack(frame) if frame is not None else (), lookup_lines=False)
        stack.reverse()
        thread.interrupt(jobs)
        try:
            self._on_late([job.item for job in jobs], stack)
        except Exception:
            logger.exception("what is to be said of a late request could not be")

    def _check_late(self, now: float) -> None:
        """A late thread that came back is as good as new; one that did not makes room for a fresh one."""
        for thread, (since, until, jobs) in list(self._late.items()):
            if thread.current is not jobs or (jobs[0].started_at or 0) > since:
                del self._late[thread]
                self._look_after(thread)
            elif now >= until and now - since < IMPORT_S and thread.imports:
                self._late[thread] = since, now + GRACE_S, jobs
            elif now >= until:
                del self._late[thread]
                self._lost[thread] = jobs
                self._replace(thread, since)
            else:
                thread.interrupt(jobs)
        for thread, jobs in list(self._lost.items()):
            if thread.current is not jobs:
                del self._lost[thread]
            else:  # it may compute for ever, in Python
                thread.interrupt(jobs)

    def _hurry(self, wanted: bool) -> None:
        """Have a thread that computes stop at any of its instructions, and often, while looks at one are due."""
        if wanted and not self._switch_s:
            self._switch_s = sys.getswitchinterval()
            sys.setswitchinterval(SWITCH_S)
        elif not wanted and self._switch_s:
            sys.setswitchinterval(self._switch_s)
            self._switch_s = 0.0

    def _look_after(self, thread: ScoringThread[T, R]) -> None:
        if thread.doubtful:
            thread.doubtful = False
            logger.error(
                "run() was interrupted after its deadline while native code called other code than the script's, which "
                "may have left something half done; the worker will be replaced."
            )
            self._on_stuck()

    def _replace(self, thread: ScoringThread[T, R], since: float) -> None:
        groups = thread.give_up()
        self._threads.remove(thread)
        self.stuck_threads += 1
        logger.error(
            "run() could not be interrupted %s ms after its deadline; its thread is given up and the worker "
            "will be replaced.",
            int((time.monotonic() - since) * 1000),
        )
        if self._score is not None and self.stuck_threads < MAX_STUCK_THREADS:
            self._add_thread(self._score, groups)
        else:
            for job in chain.from_iterable(groups):
                self._jobs.put(job)
        if not self._threads:
            for job in list(self._outstanding):
                job.abandoned = True
                self._fail(job, NotReady("No scoring thread is available; the worker is being replaced."))
        self._on_stuck()

    def _add_thread(self, score: Callable[[T], R], ahead: Iterable[list[Job[T, R]]] = ()) -> None:
        thread = ScoringThread(self._jobs, lambda: score, lambda *_: None, self._deliver, self._is_own, ahead)
        self._threads.append(thread)
        thread.start()

    def _check_queue(self, now: float) -> None:
        max_wait_s = self._limits.max_wait_ms / 1000
        if not max_wait_s:
            return
        message = f"Waited {self._limits.max_wait_ms} ms for scoring (SCOREDOCK_MAX_QUEUE_WAIT_MS)."
        for job in list(self._outstanding):
            if job.started_at is None and now - job.queued_at >= max_wait_s:
                job.abandoned = True
                self._fail(job, QueueFull(message))
