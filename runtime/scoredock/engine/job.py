"""One request on its way through the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class FollowUp(Protocol):
    """Work that stays in the scoring thread after the result was delivered: producing a streamed body.

    The thread iterates over it; each step has the whole deadline. ``abort`` is called on the event loop when
    a step was late.
    """

    def __iter__(self) -> Iterator[None]: ...

    def abort(self) -> None: ...


class Job(Generic[T, R]):
    """What is scored, and the future of its result. Times are of ``time.monotonic()``, in seconds.

    ``on_wait`` is called once, on the event loop, when the job has waited for a while: the moment to start
    watching whether the client is still there.
    """

    __slots__ = ("abandoned", "follow_up", "future", "item", "on_wait", "queued_at", "started_at")

    def __init__(self, item: T, future: asyncio.Future[R], queued_at: float) -> None:
        self.item = item
        self.future = future
        self.queued_at = queued_at
        self.started_at: float | None = None
        self.abandoned = False
        self.follow_up: FollowUp | None = None
        self.on_wait: Callable[[], None] | None = None
