"""One request on its way through the engine, and what may be done with several of them at once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")
In = TypeVar("In", contravariant=True)
Out = TypeVar("Out", covariant=True)


class FollowUp(Protocol):
    """Work that stays in the scoring thread after the result was delivered: producing a streamed body.

    The thread iterates over it; each step has the whole deadline. ``abort`` is called on the event loop when
    a step was late.
    """

    def __iter__(self) -> Iterator[None]: ...

    def abort(self) -> None: ...


class Batching(Protocol[In, Out]):
    """Scores several items by one call: at most ``max_size``, collected for at most ``wait_s`` seconds.

    Only items with the same ``key`` are scored together; one whose key is None is scored alone. ``score``
    returns a result an item, in their order. When it raises, or is late, each item is scored alone.
    """

    max_size: int
    wait_s: float

    def key(self, item: In) -> Hashable | None: ...

    def score(self, items: Sequence[In]) -> Sequence[Out]: ...


class Job(Generic[T, R]):
    """What is scored, and who is told. Times are of ``time.monotonic()``, in seconds.

    ``done`` is called once, on the event loop, with the item, its result, and None; or with the item, None, and
    the exception that came instead. ``alone`` says that it was in a batch that was late, and shares no call any more.
    """

    __slots__ = ("abandoned", "alone", "done", "follow_up", "item", "queued_at", "settled", "started_at")

    def __init__(self, item: T, done: Callable[[T, R | None, BaseException | None], None], queued_at: float) -> None:
        self.item = item
        self.done = done
        self.queued_at = queued_at
        self.started_at: float | None = None
        self.abandoned = self.alone = False
        self.settled = False
        self.follow_up: FollowUp | None = None

    def wait_again(self, now: float) -> None:
        """Its batch was late: it is scored once more, by itself. How long it may wait counts from now on."""
        self.started_at = None
        self.queued_at = now
        self.alone = True
