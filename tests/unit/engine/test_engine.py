"""The engine alone: order, bounds, deadlines, abandoned work, draining."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time

import pytest

from scoredock.engine import Engine, Limits
from scoredock.errors import Abandoned, DeadlineExceeded, NotReady, QueueFull


def run_with(engine, score, scenario):
    """Start ``engine`` with a scoring function and run the coroutine function ``scenario`` in its loop."""

    async def main():
        await engine.start(lambda: score)
        try:
            return await scenario()
        finally:
            engine.stop()

    return asyncio.run(main())


class Submitted:
    """A job, and a future of what it is done with."""

    def __init__(self, engine, item):
        self.future = asyncio.get_running_loop().create_future()
        self.job = engine.submit(item, self._done)

    def _done(self, item, result, error):
        if error is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(error)


submit = Submitted


def limits(timeout_ms=60_000, max_queue=100, max_wait_ms=0):
    return Limits(timeout_ms, max_queue, max_wait_ms)


def test_items_are_scored_in_order_in_the_thread_that_prepared():
    seen, threads = [], set()

    def prepare():
        threads.add(threading.get_ident())

        def score(item):
            threads.add(threading.get_ident())
            seen.append(item)
            return item * 2

        return score

    async def main():
        engine = Engine(limits())
        await engine.start(prepare)
        jobs = [submit(engine, number) for number in range(50)]
        results = [await job.future for job in jobs]
        engine.stop()
        return results

    assert asyncio.run(main()) == [number * 2 for number in range(50)]
    assert seen == list(range(50))
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_what_prepare_raises_comes_out_of_start():
    def prepare():
        raise ValueError("no model")

    with pytest.raises(ValueError, match="no model"):
        asyncio.run(Engine(limits()).start(prepare))


def test_what_scoring_raises_comes_out_of_the_future():
    engine = Engine(limits())

    async def scenario():
        with pytest.raises(ZeroDivisionError):
            await submit(engine, 0).future
        return await submit(engine, 2).future

    assert run_with(engine, lambda item: 1 / item, scenario) == 0.5


def test_a_full_queue_refuses():
    engine, gate = Engine(limits(max_queue=2)), threading.Event()

    async def scenario():
        jobs = [submit(engine, number) for number in range(3)]  # one is scored, two wait
        with pytest.raises(QueueFull, match="SCOREDOCK_MAX_QUEUE"):
            submit(engine, 3)
        assert engine.waiting >= 2
        gate.set()
        return [await job.future for job in jobs]

    assert run_with(engine, lambda item: gate.wait() and item, scenario) == [0, 1, 2]


def test_a_job_that_waits_too_long_is_refused_and_never_scored():
    engine, gate, scored = Engine(limits(max_wait_ms=100)), threading.Event(), []

    def score(item):
        gate.wait()
        scored.append(item)
        return item

    async def scenario():
        first, second = submit(engine, "first"), submit(engine, "second")
        with pytest.raises(QueueFull, match="100 ms"):
            await second.future
        gate.set()
        assert await first.future == "first"
        return await submit(engine, "third").future

    assert run_with(engine, score, scenario) == "third"
    assert scored == ["first", "third"]


def test_abandoned_jobs_are_not_scored_and_leave_the_queue():
    engine, gate, scored = Engine(limits(max_queue=2)), threading.Event(), []

    def score(item):
        gate.wait()
        scored.append(item)
        return item

    async def scenario():
        first, second, _ = submit(engine, 1), submit(engine, 2), submit(engine, 3)
        while first.job.started_at is None:
            await asyncio.sleep(0.001)
        engine.abandon(second.job)
        with pytest.raises(Abandoned):
            await second.future
        last = submit(engine, 4)  # there is room again
        gate.set()
        return await last.future

    assert run_with(engine, score, scenario) == 4
    assert scored == [1, 3, 4]


def test_a_late_job_fails_on_time_and_its_thread_goes_on():
    engine = Engine(limits(timeout_ms=100))
    threads = []

    def score(item):
        threads.append(threading.get_ident())
        while item == "endless":
            pass
        return item

    async def scenario():
        started = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            await submit(engine, "endless").future
        assert time.monotonic() - started < 0.3
        return await submit(engine, "next").future

    assert run_with(engine, score, scenario) == "next"
    assert len(set(threads)) == 1
    assert engine.stuck_threads == 0


def test_a_stuck_thread_is_given_up_and_reported():
    stuck = []
    engine, gate = Engine(limits(timeout_ms=50), on_stuck=lambda: stuck.append(1)), threading.Event()

    def score(item):
        if item == "stuck":
            gate.wait()
        return item

    async def scenario():
        late, queued = submit(engine, "stuck"), submit(engine, "queued")
        with pytest.raises(DeadlineExceeded):
            await late.future
        assert await queued.future == "queued"
        gate.set()

    run_with(engine, score, scenario)
    assert stuck == [1]
    assert engine.stuck_threads == 1


def test_many_interrupts_never_reach_the_next_job():
    """The interrupt races with the end of the job it is meant for; whoever wins, the next job is whole."""
    engine = Engine(limits(timeout_ms=20))

    def score(item):
        end = time.perf_counter() + item
        while time.perf_counter() < end:
            pass
        return sum(range(1000))

    async def scenario():
        for _ in range(40):
            racing = submit(engine, 0.0199)
            following = submit(engine, 0.0)
            with contextlib.suppress(DeadlineExceeded):
                assert await racing.future == 499500
            assert await following.future == 499500

    run_with(engine, score, scenario)
    assert engine.stuck_threads == 0


def test_draining_waits_for_the_work_and_fails_what_is_not_done():
    engine, gate = Engine(limits()), threading.Event()

    async def scenario():
        job = submit(engine, "slow")
        await engine.drain(0.1)
        with pytest.raises(NotReady):
            await job.future
        gate.set()

    run_with(engine, lambda item: gate.wait(), scenario)


def test_a_follow_up_keeps_the_thread_and_each_step_has_the_whole_deadline():
    order, aborted = [], []

    class Result:
        def __init__(self, steps):
            self.follow_up = self
            self.steps = steps

        def __iter__(self):
            for number in range(self.steps):
                time.sleep(0.06)
                order.append(number)
                yield

        def abort(self):
            aborted.append(1)

    engine = Engine(limits(timeout_ms=150))

    async def scenario():
        result = await submit(engine, 4).future  # delivered before its follow-up has ended
        assert result.steps == 4
        assert len(order) < 4
        await submit(engine, 0).future
        assert order[:4] == [0, 1, 2, 3]

    run_with(engine, Result, scenario)
    assert aborted == []


def test_a_late_step_of_a_follow_up_is_aborted():
    aborted = threading.Event()

    class Result:
        def __init__(self, item):
            self.follow_up = self if item == "endless" else None

        def __iter__(self):
            while True:
                pass
            yield

        def abort(self):
            aborted.set()

    engine = Engine(limits(timeout_ms=50))

    async def scenario():
        await submit(engine, "endless").future
        await submit(engine, "next").future
        assert aborted.is_set()

    run_with(engine, Result, scenario)


def test_a_follow_up_that_nobody_waits_for_any_more_is_aborted():
    aborted, gate = threading.Event(), threading.Event()

    class Result:
        def __init__(self, item):
            gate.wait()
            self.follow_up = self

        def __iter__(self):
            aborted.wait(10)
            yield

        def abort(self):
            aborted.set()

    engine = Engine(limits())

    async def scenario():
        left = submit(engine, "x")
        while left.job.started_at is None:
            await asyncio.sleep(0.001)
        await engine.drain(0)
        with pytest.raises(NotReady):
            await left.future
        gate.set()
        while not aborted.is_set():
            await asyncio.sleep(0.01)

    run_with(engine, Result, scenario)
