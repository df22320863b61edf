"""What comes out of the rounds: a table a case and number of connections, curves of the special cases, profiles."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field

from measure import Load
from profiler import Profile


@dataclass
class Row:
    """One server in one table; with a ``reason``, it has no figures."""

    title: str
    loads: list[Load] = field(default_factory=list)
    reason: str | None = None


@dataclass
class Table:
    """One case at one number of connections. ``model_s`` is the model's own time for a request, a round each."""

    case: str
    meaning: str
    connections: int
    rows: dict[str, Row] = field(default_factory=dict)
    model_s: list[float] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The case and its connections."""
        return f"{self.case}, {self.connections} connection{'s' if self.connections > 1 else ''}"


@dataclass(frozen=True)
class Spread:
    """The median of the rounds, and their lowest and highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Of at least one value."""
        values = list(values)
        return cls(statistics.median(values), min(values), max(values))


def times_as_fast(table: Table, name: str) -> Spread | None:
    """scoredock's requests a second by those of a server, round by round; None when one of them has no figures."""
    scoredock, other = table.rows["scoredock"], table.rows[name]
    if scoredock.reason is not None or other.reason is not None:
        return None
    pairs = zip(scoredock.loads, other.loads, strict=True)
    return Spread.of(one.requests_per_s / another.requests_per_s for one, another in pairs)


def limit(table: Table) -> tuple[float, Spread] | None:
    """Requests a second of bare ASGI and the model one after the other, and which part of it scoredock reaches."""
    scoredock, bare = table.rows["scoredock"], table.rows["bare"]
    if scoredock.reason is not None or bare.reason is not None:
        return None
    limits = [1 / (1 / load.requests_per_s + model_s) for load, model_s in zip(bare.loads, table.model_s, strict=True)]
    reached = (load.requests_per_s / most for load, most in zip(scoredock.loads, limits, strict=True))
    return statistics.median(limits), Spread.of(reached)


@dataclass
class Curve:
    """One server in a special case: the values of all rounds at each point."""

    title: str
    points: dict[str, list[float]] = field(default_factory=dict)
    reason: str | None = None

    def add(self, point: str, value: float) -> None:
        """The value of one more round."""
        self.points.setdefault(point, []).append(value)

    def median(self, point: str) -> float:
        """Over the rounds."""
        return statistics.median(self.points[point])


@dataclass
class Results:
    """All that was measured."""

    tables: list[Table] = field(default_factory=list)
    curves: dict[str, dict[str, Curve]] = field(default_factory=dict)
    profiles: dict[str, Profile] = field(default_factory=dict)
