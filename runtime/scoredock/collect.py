"""Store what a script sees: ``from scoredock.collect import collect``.

::

    def run(data):
        frame = pd.DataFrame(data)
        correlation = collect("inputs", frame)
        result = model.predict(frame)
        collect("outputs", result, correlation=correlation)

Data goes to the folder or the storage that SCOREDOCK_COLLECT_TO names; without it, nowhere, and a warning says so once.
"""

from __future__ import annotations

import functools
import logging
import uuid
from collections.abc import Sequence
from typing import Any

from scoredock.collection.current import current

__all__ = ["Collector", "collect"]

_logger = logging.getLogger("scoredock.collection")


class Collector:
    """One collection of that name. ``feature_names`` are the columns of data that has no names of its own.

    Raises ValueError for an empty name.
    """

    def __init__(self, name: str, feature_names: Sequence[str] | None = None) -> None:
        if not isinstance(name, str) or not name:
            raise ValueError(f"Collector: expected a name such as 'inputs', got {name!r}")
        self.name = name
        self.feature_names = feature_names

    def collect(self, data: Any, correlation: str | None = None) -> str:
        """Store data, and return its correlation id: the given one, or a new one.

        ``data`` is a pandas frame, a NumPy array of up to two dimensions, a list of rows (lists or objects), one row,
        one object, or a single value. It is copied before this returns, and written later by a thread of its own; a
        storage that fails, or is full, never raises here. Calls with one correlation id are all in the sample
        (SCOREDOCK_COLLECT_SAMPLING) or none is.
        """
        correlation = str(uuid.uuid4()) if correlation is None else str(correlation)
        collection = current()
        if collection is not None:
            stream = collection.own_stream(self.name, self.feature_names)
            if stream is None:
                _warn_that_there_is_no_place()
            else:
                collection.take_if_drawn(stream, data, correlation)
        return correlation


def collect(name: str, data: Any, *, correlation: str | None = None) -> str:
    """Store data under a name, as ``Collector(name).collect(data, correlation)`` does; returns its correlation id.

    Raises ValueError for an empty name.
    """
    return Collector(name).collect(data, correlation)


@functools.cache
def _warn_that_there_is_no_place() -> None:
    _logger.warning("scoredock.collect stores nothing: SCOREDOCK_COLLECT_TO names no folder or URL.")
