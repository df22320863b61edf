"""A thread that scores jobs one after another, or several at once, and that can be interrupted or given up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Generic, TypeVar

from scoredock.engine.job import Batching, Job

T = TypeVar("T")
R = TypeVar("R")

logger = logging.getLogger("scoredock.engine")


class Interrupted(BaseException):
    """Raised inside run() when its deadline has passed. A BaseException, so that scripts do not catch it."""


class ScoringThread(Generic[T, R]):
    """Takes jobs from ``jobs`` until it takes a None, or is given up; hands each result to ``deliver``.

    ``prepare`` runs first, in this thread, and returns what scores an item; several at once, where it has an
    attribute ``batching`` that is not None. ``deliver`` is called in this thread with the job, its result and
    None, or with the exception that scoring raised. A result with an attribute ``follow_up`` that is not None
    keeps the thread until that FollowUp has ended. ``current`` are the jobs that are being scored by one call,
    or the one whose body is being produced.
    """

    def __init__(
        self,
        jobs: SimpleQueue[Job[T, R] | None],
        prepare: Callable[[], Callable[[T], R]],
        prepared: Callable[[Callable[[T], R] | None, BaseException | None], None],
        deliver: Callable[[Job[T, R], R | None, BaseException | None], None],
    ) -> None:
        self._jobs = jobs
        self._prepare = prepare
        self._prepared = prepared
        self._deliver = deliver
        self._lock = threading.Lock()
        self._given_up = False
        self._interrupted = False
        self.current: Sequence[Job[T, R]] = ()
        self._thread = threading.Thread(target=self._main, name="scoring", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def interrupt(self, jobs: Sequence[Job[T, R]]) -> None:
        """Raise Interrupted in the thread, at its next Python instruction, if it still scores these."""
        with self._lock:
            if self.current is jobs:
                self._interrupted = True
                _raise_in(self._thread.ident, Interrupted)

    @property
    def frame(self) -> FrameType | None:
        """Where the thread is right now."""
        return sys._current_frames().get(self._thread.ident or 0)

    def give_up(self) -> None:
        """Let the thread end after its present job, whenever that returns."""
        self._given_up = True

    def _main(self) -> None:
        # Scripts that call asyncio.get_event_loop() find a loop, as they do in a main thread.
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            score = self._prepare()
        except BaseException as error:
            self._prepared(None, error)
        else:
            self._prepared(score, None)
            self._work(score)
        finally:
            loop.close()

    def _work(self, score: Callable[[T], R]) -> None:
        batching: Batching[T, R] | None = getattr(score, "batching", None)
        while not self._given_up:
            job = self._jobs.get()
            if job is None:
                return
            if batching is None:
                self._step(self._score, job, score)
                continue
            for group in self._groups(job, batching):
                together = [one for one in group if not one.abandoned]
                if len(together) < 2 or not self._step(self._score_together, together, batching):
                    for one in together:
                        self._step(self._score, one, score)

    def _step(self, action: Callable[..., None], *arguments: object) -> bool:
        """Do one thing that may be interrupted; whether nothing is left to be done."""
        try:
            action(*arguments)
        except Interrupted:
            self._settle()
        except _ScoreAlone:
            return False
        except BaseException:
            logger.exception("an error in the scoring thread, after its result was delivered")
        return True

    def _score(self, job: Job[T, R], score: Callable[[T], R]) -> None:
        if job.abandoned or job.settled:
            return
        result: R | None = None
        error: BaseException | None = None
        job.started_at = time.monotonic()
        self.current = (job,)
        try:
            result = score(job.item)
        except Interrupted:
            raise
        except BaseException as raised:
            error = raised
        follow_up = job.follow_up = getattr(result, "follow_up", None)
        if follow_up is None:
            self._settle()
            self._deliver(job, result, error)
            return
        self._deliver(job, result, error)
        try:
            for _ in follow_up:
                job.started_at = time.monotonic()
        finally:
            self._settle()

    def _score_together(self, jobs: Sequence[Job[T, R]], batching: Batching[T, R]) -> None:
        """Score jobs by one call. Raises _ScoreAlone when that fails."""
        now = time.monotonic()
        for job in jobs:
            job.started_at = now
        self.current = jobs
        try:
            results = batching.score([job.item for job in jobs])
        except Interrupted:
            raise
        except BaseException:
            self._settle()
            for job in jobs:
                job.started_at = None  # it waits again: its client may leave, or it may wait too long
            raise _ScoreAlone from None
        self._settle()
        for job, result in zip(jobs, results, strict=True):
            self._deliver(job, result, None)

    def _groups(self, first: Job[T, R], batching: Batching[T, R]) -> list[list[Job[T, R]]]:
        """``first`` and the jobs behind it, grouped by what can be scored together, in order of arrival."""
        groups: dict[Hashable, list[Job[T, R]]] = {}
        for job in self._collect(first, batching):
            try:
                key = batching.key(job.item)
                group = groups.setdefault(job if key is None else key, [])
            except BaseException:  # its client left this very moment, or it will fail by itself; or no key can be that
                group = groups.setdefault(job, [])
            group.append(job)
        return list(groups.values())

    def _collect(self, first: Job[T, R], batching: Batching[T, R]) -> list[Job[T, R]]:
        jobs = [] if first.abandoned else [first]
        until = time.monotonic() + batching.wait_s
        while len(jobs) < batching.max_size:
            wait_s = until - time.monotonic() if batching.wait_s else 0
            try:
                job = self._jobs.get(timeout=wait_s) if wait_s > 0 else self._jobs.get_nowait()
            except Empty:
                break
            if job is None:
                self._jobs.put(None)  # the end comes after these
                break
            if not job.abandoned:
                jobs.append(job)
        return jobs

    def _settle(self) -> None:
        """Between jobs: no interrupt that was meant for the last one may reach the next."""
        with self._lock:
            due, self._interrupted = self._interrupted, False
            self.current = ()
        if due:
            # It was raised already, or is raised at the next jump backwards. Taking it back instead would leave
            # CPython 3.11's interpreter-wide flag for pending exceptions up for good.
            with contextlib.suppress(Interrupted):
                for _ in range(1000):
                    pass


class _ScoreAlone(Exception):
    """Jobs could not be scored together."""


def _raise_in(thread_id: int | None, exception: type[BaseException]) -> None:
    """Have ``exception`` raised in a thread, at its next Python instruction."""
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id or 0), ctypes.py_object(exception))
