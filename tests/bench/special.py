"""The cases that are no plain load: start, memory, growth with rows and with workers; and the profiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import cases
import measure
import peers
import profiler
from fleet import Fleet
from peers import Peer
from processes import ServerFailed
from profiler import Profile
from results import Curve
from rounds import START_ESTIMATE_S, WARM_UP_S, Options, Step, turns

MEMORY_ROUNDS = 3
MEMORY_ROWS, MEMORY_CONNECTIONS = 100, 16
WORKERS_CONNECTIONS = 32

Curves = dict[str, dict[str, Curve]]


def special(fleet: Fleet, options: Options, chosen: Sequence[Peer], curves: Curves) -> Iterator[Step]:
    """All special cases that are asked for. Adds to ``curves`` what they fill."""
    growing = [peer for peer in chosen if peer.name in peers.GROWING]
    kinds: dict[str, tuple[Callable[..., Iterator[Step]], Sequence[Peer]]] = {
        "start": (_start, chosen),
        "memory": (_memory, chosen),
        "growth-rows": (_growth_rows, growing),
        "growth-workers": (_growth_workers, growing),
    }
    for name, (steps, rows) in kinds.items():
        if name in options.cases:
            curves[name] = {peer.name: Curve(peer.title) for peer in rows}
            yield from steps(fleet, options, rows, curves[name])
            yield Step(f"{name}: end the servers", 0.5, fleet.close, completes=name)


def _into(curve: Curve, action: Callable[..., None], *arguments: object) -> Callable[[], None]:
    """What fills a curve, until its server fails; then the curve says why."""

    def fill() -> None:
        if curve.reason is None:
            try:
                action(curve, *arguments)
            except ServerFailed as failure:
                curve.reason = str(failure)

    return fill


# --- start


def _start(fleet: Fleet, options: Options, rows: Sequence[Peer], curves: dict[str, Curve]) -> Iterator[Step]:
    for number in range(1, options.rounds + 1):
        for peer in turns(rows, number):
            label = f"start: round {number} of {options.rounds}, {peer.title}"
            yield Step(label, START_ESTIMATE_S, _into(curves[peer.name], _measure_start, fleet, peer))


def _measure_start(curve: Curve, fleet: Fleet, peer: Peer) -> None:
    try:
        curve.add("start", fleet.start(peer, "echo", steady_malloc=False))
    finally:
        fleet.close()


# --- memory


def _memory(fleet: Fleet, options: Options, rows: Sequence[Peer], curves: dict[str, Curve]) -> Iterator[Step]:
    rounds = min(options.rounds, MEMORY_ROUNDS)
    for number in range(1, rounds + 1):
        for peer in rows:
            label = f"memory: round {number} of {rounds}, {peer.title}"
            action = _into(curves[peer.name], _measure_memory, fleet, peer, options.seconds)
            yield Step(label, START_ESTIMATE_S + options.seconds, action)


def _measure_memory(curve: Curve, fleet: Fleet, peer: Peer, seconds: int) -> None:
    try:
        fleet.start(peer, "ridge", steady_malloc=False)  # it would keep memory that is free
        server, work = fleet.running(peer, "ridge"), cases.work("ridge", MEMORY_ROWS)
        curve.add("after start", server.pss_mb())
        request = peer.request("ridge", MEMORY_ROWS, work.value)
        measure.check(server.port, peer, request, work)
        measure.load(server.port, request, MEMORY_CONNECTIONS, seconds, [fleet.load_core])
        curve.add("after load", server.pss_mb())
    finally:
        fleet.close()


# --- growth


def _growth_rows(fleet: Fleet, options: Options, rows: Sequence[Peer], curves: dict[str, Curve]) -> Iterator[Step]:
    for peer in rows:
        start = partial(fleet.try_to_start, peer, "ridge")
        yield Step(f"growth-rows: start {peer.title}", START_ESTIMATE_S, start)
    for number in range(1, options.rounds + 1):
        for size in cases.GROWTH_ROWS:
            for peer in turns(rows, number):
                label = f"growth-rows: round {number} of {options.rounds}, {size} rows, {peer.title}"
                action = _into(curves[peer.name], _measure_rows, fleet, peer, size, options.seconds / 4)
                yield Step(label, options.seconds / 4 + size / 50_000, action)


def _measure_rows(curve: Curve, fleet: Fleet, peer: Peer, size: int, seconds: float) -> None:
    port, work = fleet.running(peer, "ridge").port, cases.work("ridge", size)
    request = peer.request("ridge", size, work.value)
    if str(size) not in curve.points:
        measure.check(port, peer, request, work)
    curve.add(str(size), measure.seconds_of_a_request(port, request, seconds))


def _growth_workers(fleet: Fleet, options: Options, rows: Sequence[Peer], curves: dict[str, Curve]) -> Iterator[Step]:
    for workers in cases.GROWTH_WORKERS:
        for peer in rows:
            start = partial(fleet.try_to_start, peer, "ridge", workers)
            yield Step(f"growth-workers: start {peer.title} with {workers}", START_ESTIMATE_S, start)
        for number in range(1, options.rounds + 1):
            for peer in turns(rows, number):
                label = f"growth-workers: round {number} of {options.rounds}, {workers} of {peer.title}"
                action = _into(curves[peer.name], _measure_workers, fleet, peer, workers, options.seconds)
                yield Step(label, options.load_estimate_s, action)
        yield Step("growth-workers: end the servers", 0.5, fleet.close)


def _measure_workers(curve: Curve, fleet: Fleet, peer: Peer, workers: int, seconds: int) -> None:
    port, work = fleet.running(peer, "ridge").port, cases.work("ridge", 1)
    request = peer.request("ridge", 1, work.value)
    if str(workers) not in curve.points:  # warm up
        measure.check(port, peer, request, work)
        measure.load(port, request, WORKERS_CONNECTIONS, seconds, fleet.cores)
    load = measure.load(port, request, WORKERS_CONNECTIONS, seconds, fleet.cores)
    if load.errors:
        raise ServerFailed(f"errors with {workers} workers: {load.errors}")
    curve.add(str(workers), load.requests_per_s)


# --- profiles


def profiles(fleet: Fleet, options: Options, found: dict[str, Profile]) -> Iterator[Step]:
    """A profile of scoredock for each work that the load cases do. Adds to ``found``."""
    wanted = {case.work: case for case in reversed(cases.LOADS) if case.name in options.cases}
    for case in sorted(wanted.values(), key=cases.LOADS.index):
        action = partial(_profile, fleet, options.seconds, case, found)
        yield Step(f"profile of {case.name}", START_ESTIMATE_S + 2 * options.seconds, action)


def _profile(fleet: Fleet, seconds: int, case: cases.Case, found: dict[str, Profile]) -> None:
    output = fleet.folder / "profile.json"
    work = cases.work(case.app, case.rows)
    request = peers.SCOREDOCK.request(case.app, case.rows, work.value)
    profiled = replace(peers.SCOREDOCK, environment=lambda launch: profiler.environment(output))
    try:
        fleet.start(profiled, case.app)
        server = fleet.running(profiled, case.app)
        measure.check(server.port, profiled, request, work)
        duration_s = measure.duration(seconds, measure.seconds_of_a_request(server.port, request, WARM_UP_S))

        def send() -> int:
            return measure.load(server.port, request, 1, duration_s, [fleet.load_core]).requests

        found[case.name] = profiler.profile(server.process.pid, output, send)
    finally:
        fleet.close()
