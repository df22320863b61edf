"""Schema types and JSON values in words: what an argument has to be, and what came."""

from __future__ import annotations

import datetime
import reprlib
from collections.abc import Iterable
from itertools import islice
from typing import Any

from scoredock.payload.dates import moment
from scoredock.payload.dtype_rules import MISSING, rule_of

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
_short = reprlib.Repr()
_short.maxstring = _short.maxother = 60


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


def expected(dtype: Any, value: Any) -> str:
    """What an array of a NumPy dtype takes instead of ``value``."""
    rule, words = rule_of(dtype), dtype_text(dtype)
    advice = rule.advice(value) if rule is not None and dtype.kind in "bfM" else ""
    if dtype.kind == "M":
        return words if isinstance(value, str) and moment(value) is None else f"a date as {advice} ({dtype.name})"
    return f"{words}: {advice}" if advice else words


def expected_in_column(dtype: Any, value: Any) -> str:
    """What a column of a dtype of pandas takes instead of ``value``."""
    rule = rule_of(dtype)
    advice = rule.advice(value) if rule is not None else ""
    return f"{dtype}: {advice}" if advice else str(dtype)


def shown(value: Any) -> str:
    """A JSON value in a few words: its kind, and what it is where that is short."""
    if value is None:
        return "null"
    if value is MISSING:
        return "nothing"
    if isinstance(value, bool):
        return f"boolean {str(value).lower()}"
    if isinstance(value, int):
        return f"integer {_short.repr(value)}"
    if isinstance(value, float):
        return f"number {value}"
    if isinstance(value, str):
        return f"string {_short.repr(value)}"
    if isinstance(value, list):
        return f"array of {items(len(value))}"
    if isinstance(value, dict):
        keys = ", ".join(map(str, list(value)[:5]))
        return f"object with keys {keys}{', …' if len(value) > 5 else ''}" if value else "empty object"
    return f"{value}" if type(value).__module__ == "numpy" else _short.repr(value)


def names_shown(names: Iterable[str]) -> str:
    """The first five names of some; ``nothing`` where there are none."""
    found = [_short.repr(name) for name in islice(names, 6)]
    return ", ".join(found if len(found) < 6 else [*found[:5], "…"]) or "nothing"


def items(count: int) -> str:
    """``1 item``, ``2 items``."""
    return f"{count} item{'s' if count != 1 else ''}"


def reason(error: Exception | None) -> str:
    """What an error says, on one line of at most 200 characters."""
    text = " ".join(str(error or "no reason given").split())
    return text if len(text) <= 200 else text[:199] + "…"
