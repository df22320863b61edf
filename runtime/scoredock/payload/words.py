"""Schema types in words: what an argument has to be."""

from __future__ import annotations

import datetime
from typing import Any

_WORDS = {
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    dict: "an object",
    list: "an array",
    tuple: "an array",
    bytes: "bytes as base64 text",
    bytearray: "bytes as base64 text",
    datetime.date: "a date as YYYY-MM-DD",
    datetime.datetime: "a date and time as ISO 8601 text",
    datetime.time: "a time as ISO 8601 text",
}
_DTYPES = {
    "i": "an integer",
    "u": "an unsigned integer",
    "f": "a number",
    "b": "a boolean",
    "U": "a string",
    "M": "a date as ISO 8601 text",
    "m": "a duration like '5 seconds'",
}


def describe(type_: Any) -> str:
    """What an inference-schema type accepts, in JSON's words; None is any JSON value."""
    if type_ is None:
        return "any JSON value"
    name = type(type_).__name__
    sample = type_.sample_input
    if name == "NumpyParameterType":
        return f"an array of shape {shape_text(sample.shape)} of {dtype_text(sample.dtype)}"
    if name == "PandasParameterType":
        columns = ", ".join(map(str, sample.columns))
        return f"a table of {len(sample.columns)} columns ({columns}) in orient {type_.orient!r}"
    if name == "StandardPythonParameterType":
        return _WORDS.get(type_.sample_data_type, f"a value like {sample!r}")
    return f"a value that {name} accepts"


def nested(type_: Any, path: str) -> dict[str, Any]:
    """The types inside a nested type, by the path of their values; empty for one that is not nested."""
    inside = {f"{path}.{key}": inner for key, inner in getattr(type_, "sample_data_type_map", {}).items()}
    for inner in getattr(type_, "sample_data_type_list", [])[:1]:
        inside[f"{path}[*]"] = inner
    return inside


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape whose first dimension is free: ``(*, 10)``."""
    return f"({', '.join(['*', *map(str, shape[1:])])})" if shape else "()"


def dtype_text(dtype: Any) -> str:
    """A NumPy dtype: what JSON calls it, and its name."""
    if dtype.names:
        return f"an object with {', '.join(dtype.names)}"
    word = _DTYPES.get(dtype.kind)
    return f"{word} ({dtype.name})" if word else str(dtype)
