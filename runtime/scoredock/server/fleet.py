"""Which workers to start and which to end: decided from what has happened to each, and from nothing else.

No process is touched here, so that every order of events can be tried (tests/unit/server/test_fleet.py). A worker is
born, becomes ready, is to be replaced, ends and is gone; docs/architecture.md has the drawing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Stage(Enum):
    """How far a worker has come."""

    STARTING = "starting"  # imports the script, runs init()
    SERVING = "serving"  # takes connections
    ENDING = "ending"  # takes none any more, finishes what it has


@dataclass
class Member:
    """A worker: ``outgoing`` is to be replaced, ``hurt`` because it cannot go on, ``hurried`` drains faster."""

    stage: Stage = Stage.STARTING
    outgoing: bool = False
    hurt: bool = False
    hurried: bool = False


@dataclass(frozen=True)
class Plan:
    """How many workers to start, which to end, and which of those that end to hurry."""

    start: int = 0
    end: tuple[int, ...] = ()
    hurry: tuple[int, ...] = ()


@dataclass
class Fleet:
    """The workers that live, by process id, oldest first. Ids that it does not know are no news."""

    members: dict[int, Member] = field(default_factory=dict)

    def born(self, pid: int) -> None:
        """A worker was forked."""
        self.members[pid] = Member()

    def ready(self, pid: int) -> None:
        """It has been ready at some time; that it ends may be known already."""
        member = self.members.get(pid)
        if member is not None and member.stage is Stage.STARTING:
            member.stage = Stage.SERVING

    def replace(self, pid: int, hurt: bool = False) -> None:
        """Another one is to take its place."""
        member = self.members.get(pid)
        if member is not None:
            member.outgoing = True
            member.hurt = member.hurt or hurt

    def replace_all(self) -> None:
        """Others are to take the place of all that live now."""
        for pid in self.members:
            self.replace(pid)

    def ending(self, pid: int) -> None:
        """It was told to end, or ends by itself."""
        member = self.members.get(pid)
        if member is not None:
            member.stage = Stage.ENDING

    def hurried(self, pid: int) -> None:
        """It was told to end at once."""
        member = self.members.get(pid)
        if member is not None:
            member.hurried = True

    def gone(self, pid: int) -> Member:
        """The process has ended; returns what was known of it."""
        return self.members.pop(pid, Member())

    @property
    def replacing(self) -> bool:
        """Whether any worker is being replaced."""
        return any(one.outgoing for one in self.members.values())

    def plan(self, wanted: int, may_start: bool = True) -> Plan:
        """What to do now, so that ``wanted`` workers serve, and never more than twice as many and one live.

        A worker that is to be replaced ends at once while it starts, since nobody needs it; one that serves ends when
        ``wanted`` others can. Where there is no room for a successor, those that drain are waited for, unless nobody
        serves meanwhile.
        """
        staying = {pid: one for pid, one in self._in(Stage.STARTING, Stage.SERVING).items() if not one.outgoing}
        end = [pid for pid, one in self._in(Stage.STARTING).items() if one.outgoing]
        surplus = max(0, len(staying) - wanted)
        end += sorted(staying, key=lambda pid: staying[pid].stage is Stage.SERVING)[:surplus]
        serving = {pid: one for pid, one in self._in(Stage.SERVING).items() if pid not in end}
        leaving = sorted((pid for pid, one in serving.items() if one.outgoing), key=lambda pid: not serving[pid].hurt)
        end += leaving[: max(0, len(serving) - wanted)]
        missing = max(0, wanted - len(staying)) if may_start else 0
        start = min(missing, max(0, 2 * wanted + 1 - len(self.members)))
        draining = self._in(Stage.ENDING)
        soon = sum(one.hurried for one in draining.values())  # places that are about to be free
        hurry = [pid for pid, one in draining.items() if not one.hurried][: max(0, missing - start - soon)]
        return Plan(start, tuple(end), () if serving else tuple(hurry))

    def _in(self, *stages: Stage) -> dict[int, Member]:
        return {pid: one for pid, one in self.members.items() if one.stage in stages}
