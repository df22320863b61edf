"""Single values on their way into JSON and CSV."""

from __future__ import annotations

import base64
from typing import Any

import orjson

_JSON = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY


def to_json(value: Any, options: int = 0) -> bytes:
    """A value as JSON: NaN is null, times are ISO text, bytes base64. Raises TypeError for integers beyond 64 bits."""
    return orjson.dumps(value, plain, _JSON | options)


def plain(value: Any) -> Any:
    """What JSON has instead of a value that it does not know; for ``orjson.dumps``. Never raises."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(bytes(value)).decode()
    if type(value).__name__ in ("NaTType", "NAType"):
        return None
    for method in ("isoformat", "tolist", "to_dict"):
        convert = getattr(value, method, None)
        if callable(convert):
            return convert()
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    return str(value)


def is_missing(value: Any) -> bool:
    """Whether it is None, NaN, NaT or NA."""
    return value is None or type(value).__name__ in ("NaTType", "NAType") or bool(value != value)
