"""Why a schema type refuses a value: where exactly, what was expected, what came, in JSON's words.

Arrays and frames have words of their own (``array_refusals``, ``frame_refusals``).
"""

from __future__ import annotations

from typing import Any

from scoredock.errors import RefusedValue
from scoredock.payload.words import describe, reason, shown


def refusal(path: str, value: Any, type_: Any, error: Exception | None) -> RefusedValue:
    """The RefusedValue that explains why ``type_`` refuses ``value`` at ``path``; ``error`` is what it raised."""
    if type(type_).__name__ == "StandardPythonParameterType":
        return RefusedValue(path, describe(type_), shown(value))
    return RefusedValue(path, describe(type_), f"{shown(value)} ({reason(error)})")
