"""Scripts whose init() or run() is ``async``: awaited in the thread that calls them, in its own event loop."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from scoredock.entry.decorators import layers
from scoredock.signature import AWAITED


def awaited(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function``; where it, or what its decorators wrap, is ``async``, one that returns when it has finished."""
    if not any(_is_async(layer) for layer in layers(function)):
        return function

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        return _finish(result) if inspect.isawaitable(result) else result

    return call


def _is_async(function: Any) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def _finish(awaitable: Awaitable[Any]) -> Any:
    """What it gives, or raises; CancelledError when its deadline has passed."""
    loop = asyncio.get_event_loop()
    return loop.run_until_complete(loop.create_task(_awaiting(awaitable), name=AWAITED))


async def _awaiting(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
