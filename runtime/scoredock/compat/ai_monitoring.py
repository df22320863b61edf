"""Stand-in for ``azureml.ai.monitoring``: data collection of the second generation. Nothing is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from azureml.ai.monitoring.context import (  # type: ignore[import-not-found] # the finder gives it
    BasicCorrelationContext,
    CorrelationContext,
)

__all__ = ["Collector"]


class Collector:
    """Takes data frames. ``on_error`` is called with an exception for anything else; without it, that
    exception is raised."""

    def __init__(self, *, name: str, on_error: Callable[[Exception], Any] | None = None) -> None:
        self.name = name
        self._on_error = on_error

    def collect(self, data: Any, correlation_context: CorrelationContext | None = None) -> CorrelationContext:
        """Check the data and return the correlation context: the given one, or a new one."""
        if type(data).__name__ != "DataFrame":
            error = TypeError(f"collect: expected a pandas DataFrame, got {type(data).__name__}")
            if self._on_error is None:
                raise error
            self._on_error(error)
        return correlation_context or BasicCorrelationContext()
