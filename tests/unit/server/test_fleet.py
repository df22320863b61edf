"""What the supervisor decides: every order of events of a small server is tried, and some are told as stories."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import pytest

from scoredock.server.fleet import Fleet, Member, Plan, Stage

STARTING, SERVING, ENDING = Stage.STARTING, Stage.SERVING, Stage.ENDING
# A fleet as a value: stage, outgoing, hurt and hurried of each worker. Fleets that differ only in the order of their
# workers, or in why those that end do so, have the same future.
State = tuple[tuple[Stage, bool, bool, bool], ...]


def fleet_of(state: State) -> Fleet:
    return Fleet({pid: Member(*values) for pid, values in enumerate(state)})


def state_of(fleet: Fleet) -> State:
    return tuple(sorted(map(_value, fleet.members.values()), key=repr))


def _value(one: Member) -> tuple[Stage, bool, bool, bool]:
    return (ENDING, False, False, one.hurried) if one.stage is ENDING else (one.stage, one.outgoing, one.hurt, False)


def act(fleet: Fleet, wanted: int, may_start: bool = True) -> Plan:
    """Do what the plan says, as the supervisor does; what it told to end has not ended yet."""
    plan = fleet.plan(wanted, may_start)
    for pid in plan.end:
        fleet.ending(pid)
    for pid in plan.hurry:
        fleet.hurried(pid)
    first = max(fleet.members, default=0) + 1
    for pid in range(first, first + plan.start):
        fleet.born(pid)
    return plan


def settle(fleet: Fleet, wanted: int, may_start: bool = True) -> None:
    """Act until there is nothing to do: a second look at the same facts must not bring up anything new."""
    act(fleet, wanted, may_start)
    assert act(fleet, wanted, may_start) == Plan(), "two looks at the same facts"


def events(state: State) -> Iterator[tuple[str, Fleet]]:
    """All that can happen next, with the fleet after it."""
    after = fleet_of(state)
    after.replace_all()
    yield "SIGHUP", after
    for pid, (stage, outgoing, hurt, _) in enumerate(state):
        after = fleet_of(state)
        after.gone(pid)
        yield f"{pid} is gone", after
        if stage is STARTING:
            after = fleet_of(state)
            after.ready(pid)
            yield f"{pid} is ready", after
        if stage is SERVING:
            after = fleet_of(state)
            after.ending(pid)
            yield f"{pid} ends by itself", after
            if not hurt:
                after = fleet_of(state)
                after.replace(pid, hurt=True)
                yield f"{pid} is stuck", after
            if not outgoing:
                after = fleet_of(state)
                after.replace(pid)
                yield f"{pid} is old", after
        if stage is STARTING and not hurt:  # it became ready and stuck between two looks
            after = fleet_of(state)
            after.ready(pid)
            after.replace(pid, hurt=True)
            yield f"{pid} was ready, and is stuck", after


@pytest.mark.parametrize("wanted", [1, 2, 3])
def test_no_order_of_events_brings_too_many_workers_or_a_gap(wanted):
    first = Fleet()
    settle(first, wanted)
    seen = {state_of(first)}
    ahead = deque(seen)
    while ahead:
        state = ahead.popleft()
        for event, after in events(state):
            serving = sum(one.stage is SERVING for one in after.members.values())
            for may_start in (True, False):
                fleet = fleet_of(state_of(after))
                settle(fleet, wanted, may_start)
                where = f"{event} after {state}"
                assert len(fleet.members) <= 2 * wanted + 1, where
                assert sum(one.stage is SERVING for one in fleet.members.values()) >= min(serving, wanted), where
                assert not any(one.stage is STARTING and one.outgoing for one in fleet.members.values()), where
                if state_of(fleet) not in seen:
                    seen.add(state_of(fleet))
                    ahead.append(state_of(fleet))
    assert len(seen) > 10
    for state in seen:
        assert_it_comes_to_rest(state, wanted)


def assert_it_comes_to_rest(state: State, wanted: int) -> None:
    """When nothing goes wrong any more, as many workers as wanted serve, and none is to be replaced."""
    fleet = fleet_of(state)
    for _ in range(20):
        act(fleet, wanted)
        for pid, one in list(fleet.members.items()):
            if one.stage is ENDING:
                fleet.gone(pid)
            else:
                fleet.ready(pid)
    assert state_of(fleet) == ((SERVING, False, False, False),) * wanted, state


def test_the_old_one_serves_until_the_new_one_can():
    fleet = Fleet({1: Member(SERVING)})
    fleet.replace_all()
    assert act(fleet, 1) == Plan(start=1)
    fleet.ready(2)
    assert act(fleet, 1) == Plan(end=(1,))
    fleet.gone(1)
    assert act(fleet, 1) == Plan()


def test_a_second_reload_ends_at_once_what_the_first_one_started():
    fleet = Fleet({1: Member(SERVING)})
    fleet.replace_all()
    act(fleet, 1)
    fleet.replace_all()
    assert act(fleet, 1) == Plan(start=1, end=(2,))
    fleet.replace_all()
    assert act(fleet, 1) == Plan(end=(3,))  # no room before one of them is gone
    fleet.gone(2)
    assert act(fleet, 1) == Plan(start=1)


def test_those_that_drain_are_waited_for_while_somebody_serves():
    fleet = Fleet({1: Member(ENDING, outgoing=True), 2: Member(ENDING, outgoing=True), 3: Member(SERVING)})
    fleet.replace(3, hurt=True)
    assert act(fleet, 1) == Plan()


def test_the_oldest_that_drains_is_hurried_when_nobody_serves_and_there_is_no_room():
    fleet = Fleet({1: Member(ENDING, outgoing=True), 2: Member(ENDING, outgoing=True), 3: Member(ENDING, hurt=True)})
    assert act(fleet, 1) == Plan(hurry=(1,))
    fleet.gone(1)
    assert act(fleet, 1) == Plan(start=1)


def test_a_worker_that_cannot_go_on_ends_before_one_that_is_merely_old():
    fleet = Fleet({1: Member(SERVING, outgoing=True), 2: Member(SERVING, outgoing=True, hurt=True), 3: Member(SERVING)})
    assert fleet.plan(2) == Plan(start=1, end=(2,))


def test_fewer_workers_than_before_end_those_first_that_do_not_serve_yet():
    fleet = Fleet({1: Member(SERVING), 2: Member(STARTING)})
    assert fleet.plan(1) == Plan(end=(2,))


def test_nothing_starts_while_nothing_may():
    assert Fleet().plan(2, may_start=False) == Plan()


def test_news_of_a_process_that_is_gone_is_no_news():
    fleet = Fleet()
    for tell in (fleet.ready, fleet.replace, fleet.ending, fleet.hurried):
        tell(7)
    assert fleet.gone(7) == Member()
    assert fleet.members == {}
