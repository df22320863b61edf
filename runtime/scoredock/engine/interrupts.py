"""Interrupting a thread from outside, at a place that was looked at before, or not at all."""

from __future__ import annotations

import gc
import logging
import sys
import threading
from collections.abc import Callable
from functools import cache
from itertools import repeat
from operator import attrgetter, is_, itemgetter
from types import FrameType
from typing import Any

_LOGGING = logging.getLogger.__code__.co_filename


class Interrupted(BaseException):
    """Raised inside run() when its deadline has passed. A BaseException, so that scripts do not catch it."""


def raise_at(thread_id: int, frame: FrameType, lasti: int, owner: object, current: object) -> bool:
    """Raise Interrupted in a thread if it is at ``lasti`` of ``frame``; whether it was.

    ``owner.current`` has to be ``current`` still, and the thread may handle no exception: it is in a ``finally``
    then, or at the end of a ``with``. Comparing and raising are one step: everything below ``next`` is C, which does
    not give the interpreter lock away, so that the thread cannot move in between. (A garbage collection could run
    Python code, and is put off.)
    """
    handled = map(itemgetter(thread_id), iter(sys._current_exceptions, None))
    if sys.version_info < (3, 12):
        handled = map(itemgetter(0), handled)  # (type, value, traceback)
    state = zip(
        map(itemgetter(thread_id), iter(sys._current_frames, None)),
        map(attrgetter("f_lasti"), repeat(frame)),
        map(id, map(attrgetter("current"), repeat(owner))),
        map(is_, handled, repeat(None)),
        strict=True,
    )
    target = map({(frame, lasti, id(current), True): thread_id}.get, state, repeat(0))  # no thread has the id 0
    step = map(_set_exception(), target, repeat(Interrupted))
    collecting = gc.isenabled()
    gc.disable()
    try:
        return bool(next(step))
    except KeyError:  # the thread has ended
        return False
    finally:
        if collecting:
            gc.enable()


@cache
def _set_exception() -> Any:
    """CPython's PyThreadState_SetAsyncExc: how many threads it was set for."""
    import ctypes

    prototype = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_ulong, ctypes.py_object)
    return prototype(("PyThreadState_SetAsyncExc", ctypes.pythonapi))


# Threads that are late, with what tells whether they may be stopped in a frame.
late: dict[int, Callable[[FrameType], bool]] = {}


def checkpoint() -> None:
    """Raise Interrupted if this thread is late, and the caller of logging, or of print(), is a place to stop.

    A script that prints or logs all the time is hardly ever seen in its own code.
    """
    may_stop = late.get(threading.get_ident()) if late else None
    if may_stop is None or sys.exc_info()[0] is not None:
        return
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and (frame.f_code.co_filename == _LOGGING or _is_ours(frame)):
        frame = frame.f_back
    if frame is not None and may_stop(frame):
        raise Interrupted("at a checkpoint")


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] == "scoredock"


class _Checking:
    """A factory of log records that passes a checkpoint first."""

    def __init__(self, make: Callable[..., logging.LogRecord]) -> None:
        self._make = make

    def __call__(self, *arguments: Any, **more: Any) -> logging.LogRecord:
        """A record, unless the thread is to be stopped."""
        checkpoint()
        return self._make(*arguments, **more)


def checking(make: Callable[..., logging.LogRecord]) -> Callable[..., logging.LogRecord]:
    """The factory of log records, with a checkpoint before: logging holds no lock when it makes one.

    One that has it already stays as it is: a process may boot more than one script.
    """
    return make if isinstance(make, _Checking) else _Checking(make)
