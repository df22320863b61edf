"""A copy of what a script hands over, cheap to take, that the script cannot change afterwards.

Frames and arrays are copied; everything else is written as JSON at once, which is as fast as a deep copy in C. What
is costly, turning the copy into rows, is left to the writer's thread (``tables``).
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

from scoredock.collection.values import plain, to_json

OVERHEAD_BYTES = 500  # of an item in the queue, whatever it holds


@dataclass(frozen=True)
class Json:
    """A value as JSON."""

    text: bytes


def is_frame(data: Any) -> bool:
    """Whether it is a pandas DataFrame; pandas is not imported for that."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(data, pandas.DataFrame)


def snapshot(data: Any) -> tuple[Any, int]:
    """A copy, and about how many bytes it takes.

    Objects in the cells of a frame or of an array of objects are not copied. Raises TypeError or ValueError for what
    cannot be written as JSON.
    """
    if is_frame(data):
        copy = data.copy()
        return copy, OVERHEAD_BYTES + _frame_bytes(copy)
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(data, numpy.ndarray):
        copy = data.copy()
        if copy.dtype == object:
            text = to_json(copy.tolist())
            return Json(text), OVERHEAD_BYTES + len(text)
        return copy, OVERHEAD_BYTES + copy.nbytes
    if hasattr(data, "to_frame") and hasattr(data, "tolist"):  # a pandas Series
        data = data.tolist()
    try:
        text = to_json(data)
    except TypeError:  # an integer of more than 64 bits; it will be read as a float
        text = json.dumps(data, default=plain).encode()
    return Json(text), OVERHEAD_BYTES + len(text)


def _frame_bytes(frame: Any) -> int:
    """Numbers by their size, anything else by what it really takes: a client may send long texts."""
    total: int = 8 * frame.size
    for name, dtype in enumerate(frame.dtypes):
        if dtype.kind not in "biufcmM":
            total += int(frame.iloc[:, name].memory_usage(index=False, deep=True))
    return total
