"""Why a schema type refuses a value: where exactly, what was expected, what came, in JSON's words.

Runs only after a refusal, so it may take its time: it looks for the first offending element.
"""

from __future__ import annotations

from typing import Any

from scoredock.errors import RefusedValue
from scoredock.payload.array_refusals import array_refusal
from scoredock.payload.frame_refusals import frame_refusal
from scoredock.payload.words import describe, reason, shown


def refusal(path: str, value: Any, type_: Any, error: Exception | None) -> RefusedValue:
    """The RefusedValue that explains why ``type_`` refuses ``value`` at ``path``; ``error`` is what it raised."""
    name = type(type_).__name__
    if name == "NumpyParameterType":
        return array_refusal(path, value, type_, error)
    if name == "PandasParameterType":
        return frame_refusal(path, value, type_, error)
    if name == "StandardPythonParameterType":
        return RefusedValue(path, describe(type_), shown(value))
    return RefusedValue(path, describe(type_), f"{shown(value)} ({reason(error)})")
