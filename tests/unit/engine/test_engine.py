"""The engine alone: order, bounds, deadlines, abandoned work, draining."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
import time

import pytest

from scoredock.engine import Engine, Limits, scoring_thread
from scoredock.engine.interrupts import checking
from scoredock.errors import Abandoned, DeadlineExceeded, NotReady, QueueFull


def run_with(engine, score, scenario):
    """Start ``engine`` with a scoring function and run the coroutine function ``scenario`` in its loop."""

    async def main():
        await engine.start(lambda: score)
        try:
            return await asyncio.wait_for(scenario(), 30)
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


def test_an_import_is_waited_for_and_neither_interrupted_nor_given_up(tmp_path, monkeypatch):
    (tmp_path / "slow_to_import.py").write_text("import time\nwhole = False\ntime.sleep(0.6)\nwhole = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    engine = Engine(limits(timeout_ms=50))

    def score(item):
        if item == "next":
            return sys.modules["slow_to_import"].whole
        import slow_to_import

        while slow_to_import.whole:
            pass
        return "half a module"

    async def scenario():
        started = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            await submit(engine, "late").future
        assert time.monotonic() - started < 0.5
        return await submit(engine, "next").future

    assert run_with(engine, score, scenario) is True
    assert engine.stuck_threads == 0


def test_what_clients_have_left_behind_does_not_fill_the_queue():
    engine, gate, scored = Engine(limits(max_queue=10)), threading.Event(), []

    def score(item):
        gate.wait(20)
        scored.append(item)
        return item

    async def scenario():
        first = submit(engine, "first")
        while first.job.started_at is None:
            await asyncio.sleep(0.001)
        kept = [submit(engine, number) for number in range(3)]
        for _ in range(5000):
            left = submit(engine, "left")
            engine.abandon(left.job)
            left.future.exception()
        assert engine._jobs.qsize() < 1500
        gate.set()
        return [await one.future for one in [first, *kept]]

    assert run_with(engine, score, scenario) == ["first", 0, 1, 2]
    assert scored == ["first", 0, 1, 2]


def test_a_late_thread_that_logs_stops_there_and_one_that_does_so_in_a_library_does_not():
    """What logs all the time is hardly ever seen in its own code; so it stops by itself."""
    engine = Engine(limits(timeout_ms=50))
    log = logging.getLogger("test.engine")
    factory = logging.getLogRecordFactory()
    library = compile("def chat(log):\n    log.error('x')\n    return 1\n", "<library>", "exec")
    space = {}
    exec(library, space)
    said = []

    def score(item):
        if item == "next":
            return item
        time.sleep(0.1)  # late from here on: no loop, so that nothing else is seen
        said.append(space["chat"](log))
        log.error("x")
        said.append("beyond")
        return item

    async def scenario():
        with pytest.raises(DeadlineExceeded):
            await submit(engine, "late").future
        return await submit(engine, "next").future

    logging.setLogRecordFactory(checking(factory))
    try:
        may_stop, scoring_thread.may_stop = scoring_thread.may_stop, only_at_once(scoring_thread.may_stop)
        assert run_with(engine, score, scenario) == "next"
    finally:
        scoring_thread.may_stop = may_stop
        logging.setLogRecordFactory(factory)
    assert said == [1]
    assert engine.stuck_threads == 0


def only_at_once(may_stop):
    """As if the thread were never seen in a place where it can be stopped from outside."""
    return lambda *arguments, at_once=False: at_once and may_stop(*arguments, at_once=True)


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


def test_several_threads_score_at_the_same_time():
    engine, barrier = Engine(limits(), threads=3), threading.Barrier(3, timeout=10)

    def score(item):
        barrier.wait()  # passes only when all three are here
        return item, threading.get_ident()

    async def scenario():
        return [await one.future for one in [submit(engine, number) for number in range(9)]]

    results = run_with(engine, score, scenario)
    assert [item for item, _ in results] == list(range(9))
    assert len({thread for _, thread in results}) == 3


def test_a_late_job_in_one_thread_does_not_touch_the_others():
    engine, gate = Engine(limits(timeout_ms=150), threads=2), threading.Event()

    def score(item):
        while item == "endless":
            pass
        return item

    async def scenario():
        late = submit(engine, "endless")
        others = [submit(engine, number) for number in range(20)]
        assert [await one.future for one in others] == list(range(20))
        with pytest.raises(DeadlineExceeded):
            await late.future
        return await submit(engine, "next").future

    assert run_with(engine, score, scenario) == "next"
    gate.set()


def test_a_quick_result_does_not_wait_for_a_slow_job_behind_it():
    engine, gate = Engine(limits()), threading.Event()

    def score(item):
        if item == "slow":
            gate.wait(10)
        return item

    async def scenario():
        quick, slow, last = (submit(engine, item) for item in ("quick", "slow", "last"))
        started = time.monotonic()
        assert await quick.future == "quick"
        assert time.monotonic() - started < 1
        gate.set()
        return await slow.future, await last.future

    assert run_with(engine, score, scenario) == ("slow", "last")


class Doubling:
    """Scores numbers, odd and even ones in batches of their own; fails for batches that hold a 13."""

    def __init__(self, max_size=64, wait_s=0.0):
        self.batching = self
        self.max_size, self.wait_s = max_size, wait_s
        self.gate, self.entered = threading.Event(), threading.Event()
        self.batches, self.alone = [], []

    def __call__(self, item):
        self.alone.append(item)
        if item == "gate":
            self.entered.set()
            self.gate.wait(10)
        if item == 13:
            raise ValueError(item)
        return item * 2

    def key(self, item):
        if item == "unreadable":
            raise ValueError(item)
        return None if isinstance(item, str) else item % 2

    def score(self, items):
        self.batches.append(list(items))
        if 13 in items:
            raise ValueError(13)
        return [item * 2 for item in items]

    def run(self, items, **more):
        """What becomes of ``items``, all of which wait while another item is scored."""
        engine = Engine(limits(**more))

        async def scenario():
            submit(engine, "gate")
            while not self.entered.is_set():
                await asyncio.sleep(0.001)
            submitted = [submit(engine, item) for item in items]
            self.gate.set()
            return await asyncio.gather(*(one.future for one in submitted), return_exceptions=True)

        return run_with(engine, self, scenario)


def test_jobs_that_wait_are_scored_together_with_those_of_the_same_key():
    scorer = Doubling()
    assert scorer.run([1, 2, 3, 4, 5]) == [2, 4, 6, 8, 10]
    assert scorer.batches == [[1, 3, 5], [2, 4]]


def test_a_batch_is_not_larger_than_it_may_be():
    scorer = Doubling(max_size=3)
    assert scorer.run([1, 3, 5, 7, 9, 11, 15, 17]) == [2, 6, 10, 14, 18, 22, 30, 34]
    assert [len(batch) for batch in scorer.batches] == [3, 3, 2]


def test_a_job_without_a_key_is_scored_alone():
    scorer = Doubling()
    assert scorer.run(["a", 1, "unreadable", 3]) == ["aa", 2, "unreadable" * 2, 6]
    assert scorer.batches == [[1, 3]]


def test_when_a_batch_fails_each_job_is_scored_alone():
    scorer = Doubling()
    first, failed, last = scorer.run([1, 13, 3])
    assert (first, last) == (2, 6)
    assert isinstance(failed, ValueError)
    assert scorer.alone == ["gate", 1, 13, 3]


class LateWith13(Doubling):
    """Is late with every batch that holds a 13, and with 13 itself."""

    def __init__(self, stays):
        super().__init__()
        self.stays = stays

    def __call__(self, item):
        if item == 13:
            self.alone.append(item)
            self.stays()
        return super().__call__(item)

    def score(self, items):
        if 13 in items:
            self.batches.append(list(items))
            self.stays()
        return super().score(items)


def loop():
    while True:
        pass


def test_when_a_batch_is_late_each_of_its_jobs_is_scored_alone():
    scorer = LateWith13(stays=loop)
    first, late, last, even = scorer.run([1, 13, 3, 4], timeout_ms=150)
    assert (first, last, even) == (2, 6, 8)
    assert isinstance(late, DeadlineExceeded)
    assert scorer.batches == [[1, 13, 3]]
    assert scorer.alone == ["gate", 1, 13, 3, 4]


def test_when_a_batch_keeps_its_thread_a_fresh_one_gets_its_jobs_and_those_behind_it():
    hold = threading.Event()
    scorer = LateWith13(stays=lambda: hold.wait(20))
    try:
        results = scorer.run([1, 13, 3, 4, 6], timeout_ms=150)
    finally:
        hold.set()
    assert [type(result) for result in results] == [int, DeadlineExceeded, int, int, int]
    assert results[::2] == [2, 6, 12]
    assert scorer.batches == [[1, 13, 3], [4, 6]]
    assert scorer.alone == ["gate", 1, 13, 3]


def test_what_a_late_batch_may_wait_for_counts_from_its_end():
    scorer = LateWith13(stays=loop)
    assert scorer.run([1, 13], timeout_ms=400, max_wait_ms=300)[0] == 2


def test_a_batch_waits_for_more_as_long_as_it_may():
    scorer = Doubling(max_size=2, wait_s=5.0)
    engine = Engine(limits())

    async def scenario():
        first = submit(engine, 1)
        await asyncio.sleep(0.1)
        assert not first.future.done()
        second = submit(engine, 3)
        return await first.future, await second.future

    started = time.monotonic()
    assert run_with(engine, scorer, scenario) == (2, 6)
    assert time.monotonic() - started < 3  # full before its time
    assert scorer.batches == [[1, 3]]


def test_a_job_that_waits_for_company_is_scored_when_the_time_is_up():
    scorer = Doubling(max_size=64, wait_s=0.05)
    engine = Engine(limits())

    async def scenario():
        return await submit(engine, 4).future

    assert run_with(engine, scorer, scenario) == 8
    assert scorer.alone == [4]


def test_stopping_ends_all_threads_also_while_a_batch_is_collected():
    scorer = Doubling(wait_s=0.2)
    engine = Engine(limits(), threads=2)

    async def main():
        await engine.start(lambda: scorer)
        done = submit(engine, 2)
        engine.stop()
        assert await done.future == 4

    before = threading.active_count()
    asyncio.run(main())
    until = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < until:
        time.sleep(0.01)
    assert threading.active_count() <= before


class Incomparable:
    """A key that has a hash, but cannot be compared with another one."""

    def __hash__(self):
        return 1

    def __eq__(self, other):
        raise ValueError


@pytest.mark.parametrize("make_key", [list, Incomparable, lambda: [][0], sys.exit])
def test_a_key_that_cannot_be_one_ends_no_thread(make_key):
    class Odd(Doubling):
        def key(self, item):
            return make_key()

    scorer = Odd()
    assert scorer.run([1, 3, 5]) == [2, 6, 10]
    assert scorer.alone == ["gate", 1, 3, 5]


def test_jobs_wait_again_when_their_batch_has_failed():
    """So clients that leave are not scored, and what waits too long is refused."""

    class Held(Doubling):
        def __init__(self):
            super().__init__()
            self.released = threading.Event()

        def __call__(self, item):
            if item == 13:
                self.released.wait(10)
            return super().__call__(item)

    scorer, engine = Held(), Engine(limits(max_wait_ms=700))

    async def scenario():
        submit(engine, "gate")
        while not scorer.entered.is_set():
            await asyncio.sleep(0.001)
        failing, leaving, waiting = (submit(engine, item) for item in (13, 15, 17))
        scorer.gate.set()
        while len(scorer.batches) < 1 or leaving.job.started_at is not None or failing.job.started_at is None:
            await asyncio.sleep(0.001)
        assert engine.waiting == 2
        engine.abandon(leaving.job)
        with pytest.raises(Abandoned):
            await leaving.future
        with pytest.raises(QueueFull):
            await waiting.future
        scorer.released.set()
        with pytest.raises(ValueError, match="13"):
            await failing.future

    run_with(engine, scorer, scenario)
    assert scorer.alone == ["gate", 13]


def test_a_fault_in_what_is_told_of_a_late_job_does_not_end_the_watch():
    def tell(item, frame):
        raise ValueError(item)

    engine = Engine(limits(timeout_ms=50), on_late=tell)

    def score(item):
        while True:
            pass

    async def scenario():
        for _ in range(2):
            with pytest.raises(DeadlineExceeded):
                await asyncio.wait_for(submit(engine, "endless").future, 5)

    run_with(engine, score, scenario)
    assert engine.stuck_threads == 0


def test_a_fault_of_the_watch_does_not_end_it():
    faults = []

    def on_stuck():
        faults.append(1)
        raise ValueError

    engine, gate = Engine(limits(timeout_ms=50), on_stuck=on_stuck), threading.Event()

    async def scenario():
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        for number in (1, 2):
            with pytest.raises(DeadlineExceeded):
                await asyncio.wait_for(submit(engine, "stuck").future, 5)
            while len(faults) < number:
                await asyncio.sleep(0.01)
        gate.set()

    run_with(engine, lambda item: gate.wait(10), scenario)
