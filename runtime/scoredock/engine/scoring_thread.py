"""A thread that scores jobs one after another, or several at once, and that can be interrupted or given up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from itertools import chain
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Generic, TypeVar

from scoredock.engine.interrupts import Interrupted, late, raise_at
from scoredock.engine.job import Batching, Job
from scoredock.engine.safe_points import is_import, may_stop, was_stopped_well
from scoredock.signature import AWAITED

T = TypeVar("T")
R = TypeVar("R")

logger = logging.getLogger("scoredock.engine")


class ScoringThread(Generic[T, R]):
    """Takes jobs from ``jobs`` until it takes a None, or is given up; hands each result to ``deliver``.

    ``prepare`` runs first, in this thread, and returns what scores an item; several at once, where it has an
    attribute ``batching`` that is not None. ``deliver`` is called in this thread with the job, its result and
    None, or with the exception that scoring raised. A result with an attribute ``follow_up`` that is not None
    keeps the thread until that FollowUp has ended. ``current`` are the jobs that are being scored by one call,
    or the one whose body is being produced; another object for each call. ``ahead`` are groups of jobs that come
    before those of the queue. ``is_own`` tells which files are the script's, whose code can be interrupted.
    ``doubtful`` says that an interrupt came out of other code.
    """

    def __init__(
        self,
        jobs: SimpleQueue[Job[T, R] | None],
        prepare: Callable[[], Callable[[T], R]],
        prepared: Callable[[Callable[[T], R] | None, BaseException | None], None],
        deliver: Callable[[Job[T, R], R | None, BaseException | None], None],
        is_own: Callable[[str], bool],
        ahead: Iterable[list[Job[T, R]]] = (),
    ) -> None:
        self._jobs = jobs
        self._prepare = prepare
        self._prepared = prepared
        self._deliver = deliver
        self._is_own = is_own
        self._ahead = deque(ahead)
        self._together: deque[Sequence[Job[T, R]]] = deque()  # those of a joint call, until somebody takes them
        self._given_up = False
        self._interrupted = False
        self.doubtful = False
        self.current: Sequence[Job[T, R]] = ()
        self._cancelled: Sequence[Job[T, R]] | None = None
        self._thread = threading.Thread(target=self._main, name="scoring", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def interrupt(self, jobs: Sequence[Job[T, R]]) -> None:
        """Raise Interrupted in the thread, if it still scores these and is where it may be stopped; else try again.

        From now on it also stops by itself where it prints or logs.
        """
        thread_id, frame = self._thread.ident, self.frame
        if thread_id is None or frame is None or self.current is not jobs:
            return
        if self._loop.is_running() and self._cancelled is not jobs:  # an async run() waits where nothing can be raised
            self._cancelled = jobs
            self._loop.call_soon_threadsafe(self._cancel, jobs)
        late[thread_id] = partial(self._may_stop, jobs)
        lasti = frame.f_lasti
        if may_stop(frame, lasti, self._is_own):
            self._interrupted = True
            raise_at(thread_id, frame, lasti, self, jobs)

    def _cancel(self, jobs: Sequence[Job[T, R]]) -> None:
        for task in asyncio.all_tasks(self._loop) if self.current is jobs else ():
            if task.get_name() == AWAITED:
                task.cancel()

    def _may_stop(self, jobs: Sequence[Job[T, R]], frame: FrameType) -> bool:
        return self.current is jobs and may_stop(frame, frame.f_lasti, self._is_own, at_once=True)

    @property
    def frame(self) -> FrameType | None:
        """Where the thread is right now."""
        return sys._current_frames().get(self._thread.ident or 0)

    @property
    def imports(self) -> bool:
        """Whether the thread is importing something right now."""
        return is_import(self.frame)

    def give_up(self) -> list[list[Job[T, R]]]:
        """Let the thread end after its present call, whenever that returns.

        Returns groups of jobs that others have to score: those of a joint call each by itself, and what is ahead.
        """
        self._given_up = True
        groups = []
        with contextlib.suppress(IndexError):  # taking them is one step: nobody else has them then
            for job in self._together.popleft():
                job.wait_again(time.monotonic())
                groups.append([job])
        with contextlib.suppress(IndexError):
            while True:
                groups.append(self._ahead.popleft())
        return groups

    def _main(self) -> None:
        # Scripts that call asyncio.get_event_loop() find a loop, as they do in a main thread.
        self._loop = loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            score = self._prepare()
        except BaseException as error:
            self._prepared(None, error)
        else:
            self._prepared(score, None)
            self._work(score)
        finally:
            late.pop(threading.get_ident(), None)
            loop.close()

    def _work(self, score: Callable[[T], R]) -> None:
        batching: Batching[T, R] | None = getattr(score, "batching", None)
        while not self._given_up:
            if self._ahead:
                self._score_group(score, batching)
                continue
            job = self._jobs.get()
            if job is None:
                return
            if self._given_up:
                self._jobs.put(job)
            elif batching is None:
                self._step(self._score, job, score)
            else:
                self._ahead.extend(self._groups(job, batching))
        for job in chain.from_iterable(self.give_up()):
            self._jobs.put(job)

    def _score_group(self, score: Callable[[T], R], batching: Batching[T, R] | None) -> None:
        try:
            group = self._ahead.popleft()
        except IndexError:  # this thread is being given up
            return
        if self._given_up:
            self._ahead.appendleft(group)
            return
        together = [one for one in group if not one.abandoned]
        if batching is None or len(together) < 2:
            for one in together:
                self._step(self._score, one, score)
        else:
            self._step(self._score_together, together, batching)
            try:
                self._together.popleft()
            except IndexError:  # they were scored; or this thread was given up, and they were handed on
                return
            for one in together:
                if one.started_at is not None:  # it was late
                    one.wait_again(time.monotonic())
            self._ahead.extendleft([one] for one in reversed(together))

    def _step(self, action: Callable[..., None], *arguments: object) -> None:
        """Do one thing that may be interrupted."""
        try:
            action(*arguments)
        except Interrupted as error:
            self._take(error)
        except BaseException:
            logger.exception("an error in the scoring thread, after its result was delivered")

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
        """Score jobs by one call, and take them out of ``_together``; they stay there when that fails or is late."""
        now = time.monotonic()
        for job in jobs:
            job.started_at = now
        self._together.append(jobs)
        self.current = jobs
        try:
            results = batching.score([job.item for job in jobs])
        except Interrupted:
            raise
        except BaseException:
            self._settle()
            for job in jobs:
                job.started_at = None  # it waits again: its client may leave, or it may wait too long
            return
        self._settle()
        try:
            self._together.popleft()
        except IndexError:  # this thread was given up, and they were handed on
            return
        for job, result in zip(jobs, results, strict=True):
            self._deliver(job, result, None)

    def _groups(self, first: Job[T, R], batching: Batching[T, R]) -> list[list[Job[T, R]]]:
        """``first`` and the jobs behind it, grouped by what can be scored together, in order of arrival."""
        groups: dict[Hashable, list[Job[T, R]]] = {}
        for job in self._collect(first, batching):
            try:
                key = None if job.alone else batching.key(job.item)
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

    def _take(self, error: Interrupted) -> None:
        """The interrupt has come. Where it came out of other code than the script's, its worker is in doubt."""
        self._settle()
        if not error.args and not was_stopped_well(error, self._is_own):
            self.doubtful = True

    def _settle(self) -> None:
        """Between jobs: no interrupt that was meant for the last one may reach the next."""
        self.current = ()  # from here on, none is raised
        if self._interrupted:
            self._interrupted = False
            # It was raised already, or is raised at the next jump backwards. Taking it back instead would leave
            # CPython 3.11's interpreter-wide flag for pending exceptions up for good.
            try:
                for _ in range(1000):
                    pass
            except Interrupted:
                pass
        if late:
            late.pop(threading.get_ident(), None)
