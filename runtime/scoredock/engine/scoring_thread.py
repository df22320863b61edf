"""A thread that scores jobs one after another, and that can be interrupted or given up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from types import FrameType
from typing import Generic, TypeVar

from scoredock.engine.job import Job

T = TypeVar("T")
R = TypeVar("R")

logger = logging.getLogger("scoredock.engine")


class Interrupted(BaseException):
    """Raised inside run() when its deadline has passed. A BaseException, so that scripts do not catch it."""


class ScoringThread(Generic[T, R]):
    """Takes jobs from ``jobs`` until it takes a None, or is given up; hands each result to ``deliver``.

    ``prepare`` runs first, in this thread, and returns the function that scores an item. ``deliver`` is
    called in this thread with the job, its result and None, or with the exception that scoring raised. A
    result with an attribute ``follow_up`` that is not None keeps the thread until that FollowUp has ended.
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
        self._interrupted: Job[T, R] | None = None
        self.current: Job[T, R] | None = None
        self._thread = threading.Thread(target=self._main, name="scoring", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def interrupt(self, job: Job[T, R]) -> None:
        """Raise Interrupted in the thread, at its next Python instruction, if it still scores ``job``."""
        with self._lock:
            if self.current is job:
                self._interrupted = job
                _raise_in(self._thread.ident, Interrupted)

    @property
    def frame(self) -> FrameType | None:
        """Where the thread is right now."""
        return sys._current_frames().get(self._thread.ident or 0)

    @property
    def busy(self) -> bool:
        """Whether a job is being scored, or its body produced."""
        return self.current is not None

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
        while not self._given_up:
            try:
                job = self._jobs.get()
                if job is None:
                    return
                if not job.abandoned:
                    self._score(job, score)
            except Interrupted:
                self._settle()
            except BaseException:
                logger.exception("an error in the scoring thread, after its result was delivered")

    def _score(self, job: Job[T, R], score: Callable[[T], R]) -> None:
        result: R | None = None
        error: BaseException | None = None
        job.started_at = time.monotonic()
        self.current = job
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

    def _settle(self) -> None:
        """Between jobs: no interrupt that was meant for the last one may reach the next."""
        with self._lock:
            due = self._interrupted is not None
            self._interrupted = None
            self.current = None
        if due:
            # It was raised already, or is raised at the next jump backwards. Taking it back instead would leave
            # CPython 3.11's interpreter-wide flag for pending exceptions up for good.
            with contextlib.suppress(Interrupted):
                for _ in range(1000):
                    pass


def _raise_in(thread_id: int | None, exception: type[BaseException]) -> None:
    """Have ``exception`` raised in a thread, at its next Python instruction."""
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id or 0), ctypes.py_object(exception))
