"""The measurement of loads as a list of steps: the servers of an application take turns, round after round."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import cases
import measure
from cases import Case
from fleet import Fleet
from peers import Peer
from processes import ServerFailed
from results import Row, Table

START_ESTIMATE_S = 2.5
ROUND_OVERHEAD_S = 0.15
WARM_UP_S = 0.3


@dataclass(frozen=True)
class Options:
    """What is asked for: names of cases and peers, how many rounds, seconds of a measurement."""

    cases: Sequence[str]
    peers: Sequence[str]
    rounds: int
    seconds: int
    profile: bool

    @property
    def load_estimate_s(self) -> float:
        """How long one measurement takes."""
        return self.seconds + ROUND_OVERHEAD_S


@dataclass(frozen=True)
class Step:
    """Something to do, and for how long it probably takes. ``completes`` is what can be shown after it."""

    label: str
    estimate_s: float
    action: Callable[[], None]
    completes: str = ""


def turns(chosen: Sequence[Peer], number: int) -> list[Peer]:
    """The peers, each round beginning with another one."""
    first = number % len(chosen)
    return [*chosen[first:], *chosen[:first]]


def loads(fleet: Fleet, options: Options, chosen: Sequence[Peer], tables: list[Table]) -> Iterator[Step]:
    """All load cases, application by application. Adds to ``tables`` what they fill."""
    wanted = [case for case in cases.LOADS if case.name in options.cases]
    for app in dict.fromkeys(case.app for case in wanted):
        of_app = [case for case in wanted if case.app == app]
        rows = [peer for peer in chosen if any(_takes(peer, case, n) for case in of_app for n in case.connections)]
        for peer in rows:
            start = partial(fleet.try_to_start, peer, app)
            yield Step(f"{app}: start {peer.title}", START_ESTIMATE_S, start)
        for case in of_app:
            for connections in case.connections:
                measured = [peer for peer in rows if _takes(peer, case, connections)]
                yield from _Load(fleet, options, case, connections, measured, tables).steps()
        yield Step(f"{app}: end the servers", 1, fleet.close)


def _takes(peer: Peer, case: Case, connections: int) -> bool:
    is_case = peer.cases is None or case.name in peer.cases
    return is_case and (peer.connections is None or connections in peer.connections)


class _Load:
    """One case at one number of connections."""

    def __init__(
        self,
        fleet: Fleet,
        options: Options,
        case: Case,
        connections: int,
        rows: Sequence[Peer],
        tables: list[Table],
    ) -> None:
        self._fleet, self._options, self._case, self._peers = fleet, options, case, rows
        self._table = Table(case.name, case.meaning, connections, {peer.name: Row(peer.title) for peer in rows})
        self._durations: dict[str, int] = {}
        tables.append(self._table)

    def steps(self) -> Iterator[Step]:
        title, rounds = self._table.title, self._options.rounds
        for peer in self._peers:
            warm_up = partial(self._noting, self._warm_up, peer)
            yield Step(f"{title}: warm up {peer.title}", WARM_UP_S, warm_up)
        for number in range(1, rounds + 1):
            yield Step(f"{title}: round {number} of {rounds}, the model", measure.MODEL_S, self._time_model)
            for peer in turns(self._peers, number):
                label = f"{title}: round {number} of {rounds}, {peer.title}"
                yield Step(label, self._options.load_estimate_s, partial(self._noting, self._round, peer))
        yield Step(f"{title}: done", 0, lambda: None, completes=title)

    def _noting(self, action: Callable[[Peer, Row], None], peer: Peer) -> None:
        """Do something for a row, unless it has failed before; write down why it fails."""
        row = self._table.rows[peer.name]
        if row.reason is None:
            try:
                action(peer, row)
            except ServerFailed as failure:
                row.reason = str(failure)

    def _warm_up(self, peer: Peer, row: Row) -> None:
        port = self._fleet.running(peer, self._case.app).port
        work = cases.work(self._case.app, self._case.rows)
        request = peer.request(self._case.app, self._case.rows, work.value)
        measure.check(port, peer, request, work)
        request_s = measure.seconds_of_a_request(port, request, WARM_UP_S)
        self._durations[peer.name] = measure.duration(self._options.seconds, request_s)

    def _round(self, peer: Peer, row: Row) -> None:
        port = self._fleet.running(peer, self._case.app).port
        request = peer.request(self._case.app, self._case.rows, cases.work(self._case.app, self._case.rows).value)
        duration_s, cores = self._durations[peer.name], [self._fleet.load_core]
        row.loads.append(measure.load(port, request, self._table.connections, duration_s, cores))
        if row.loads[-1].errors:
            errors = ", ".join(f"{count} {kind}" for kind, count in row.loads[-1].errors.items())
            raise ServerFailed(f"errors in round {len(row.loads)}: {errors}")

    def _time_model(self) -> None:
        model = cases.work(self._case.app, self._case.rows).model
        self._table.model_s.append(measure.seconds_of_the_model(model, self._fleet.server_core))
