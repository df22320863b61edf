"""Stand-in for ``azureml.ai.monitoring``: data collection of the second generation, over ``scoredock.collection``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from azureml.ai.monitoring.context import (  # type: ignore[import-not-found] # the finder gives it
    BasicCorrelationContext,
    CorrelationContext,
)

from scoredock.collection.current import current
from scoredock.collection.snapshots import is_frame

__all__ = ["Collector"]
MAX_COLLECTIONS = 5
_NAMES: set[str] = set()


class Collector:
    """Takes data frames. ``on_error`` is called with an exception for anything else, and for a sixth collection;
    without it, that exception is raised.

    Stored where the file of collections, AZUREML_MDC_ENABLED or SCOREDOCK_COLLECT_TO says so.
    """

    def __init__(self, *, name: str, on_error: Callable[[Exception], Any] | None = None) -> None:
        self.name = name
        self._on_error = on_error
        self._refused = False
        if not isinstance(name, str) or not name:
            self._refuse(ValueError(f"Collector: expected a name such as 'model_inputs', got {name!r}"))
        elif name not in _NAMES and len(_NAMES) >= MAX_COLLECTIONS:
            self._refuse(ValueError(f"Collector: expected at most {MAX_COLLECTIONS} collections, {name!r} is one more"))
        else:
            _NAMES.add(name)

    def collect(self, data: Any, correlation_context: CorrelationContext | None = None) -> CorrelationContext:
        """Store a frame; return the correlation context: the given one, or a new one.

        What is collected with a context is in the sample if what was collected with it first is.
        """
        context = correlation_context or BasicCorrelationContext()
        if not is_frame(data):
            error = TypeError(f"collect: expected a pandas DataFrame, got {type(data).__name__}")
            if self._on_error is None:
                raise error
            self._on_error(error)
            return context
        collection = None if self._refused else current()
        found = collection.event_stream(self.name) if collection is not None else None
        if collection is None or found is None:
            return context
        stream, share = found
        identifier = str(context.get_id())
        drawn = getattr(context, "_drawn", None)
        if drawn is None:
            drawn = collection.is_drawn(identifier, share)
            context._drawn = drawn  # the next collector with this context does the same
        if drawn:
            collection.take(stream, data, identifier)
        return context

    def _refuse(self, error: Exception) -> None:
        self._refused = True
        if self._on_error is None:
            raise error
        self._on_error(error)
