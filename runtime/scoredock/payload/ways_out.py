"""What a script can do about a value that has no JSON."""

from __future__ import annotations

import decimal
import inspect
from datetime import timedelta
from typing import Any

# Of tensors, models, frames and matrices, whose libraries need not be imported to know them: what makes values of them.
_METHODS = ("tolist", "model_dump", "to_dict", "to_dicts", "toarray")


def way_out(value: Any) -> str:
    """The end of a sentence that says what ``value`` is; empty where nothing is known of it."""
    if inspect.isawaitable(value):
        return ": await it"
    if isinstance(value, decimal.Decimal):
        return ": return float() or str() of it"
    if isinstance(value, timedelta):
        return ": return its total_seconds()"
    if isinstance(value, (set, frozenset, map, filter, range)) or inspect.isgenerator(value):
        return ": return list() of it"
    for method in _METHODS:
        if callable(getattr(type(value), method, None)):
            return f": return its .{method}()"
    return ""
