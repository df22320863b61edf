"""Why a schema type refuses a value: where exactly, what was expected, what came, in JSON's words.

Runs only after a refusal, so it may take its time: it looks for the first offending element.
"""

from __future__ import annotations

import datetime
import reprlib
from collections.abc import Iterator
from typing import Any

from scoredock.errors import RefusedValue

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
_short = reprlib.Repr()
_short.maxstring = _short.maxother = 60


def refusal(path: str, value: Any, type_: Any, error: Exception | None) -> RefusedValue:
    """The RefusedValue that explains why ``type_`` refuses ``value`` at ``path``; ``error`` is what it raised."""
    name = type(type_).__name__
    if name == "NumpyParameterType":
        return _array_refusal(path, value, type_, error)
    if name == "PandasParameterType":
        return _frame_refusal(path, value, type_, error)
    sample = type_.sample_data_type
    if name == "StandardPythonParameterType" and sample in _WORDS:
        return RefusedValue(path, _WORDS[sample], shown(value))
    return RefusedValue(path, f"a value that {name} accepts", f"{shown(value)} ({_reason(error)})")


def shown(value: Any) -> str:
    """A JSON value in a few words: its kind, and what it is where that is short."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"boolean {str(value).lower()}"
    if isinstance(value, int):
        return f"integer {_short.repr(value)}"
    if isinstance(value, float):
        return f"number {value}"
    if isinstance(value, str):
        return f"string {_short.repr(value)}"
    if isinstance(value, list):
        return f"array of {len(value)} item{'s' if len(value) != 1 else ''}"
    if isinstance(value, dict):
        keys = ", ".join(map(str, list(value)[:5]))
        return f"object with keys {keys}{', …' if len(value) > 5 else ''}" if value else "empty object"
    return _short.repr(value)


def _array_refusal(path: str, value: Any, type_: Any, error: Exception | None) -> RefusedValue:
    sample = type_.sample_input
    shape = _shape_text(sample.shape)
    if not isinstance(value, list):
        return RefusedValue(path, f"an array of shape {shape}", shown(value))
    got = _shape(value)
    ragged = _ragged(path, value, got)
    if ragged:
        return ragged
    if type_.enforce_column_type and len(sample.dtype) == 0:
        for where, leaf in _leaves(path, value):
            if not _fits(leaf, sample.dtype):
                return RefusedValue(where, _dtype_text(sample.dtype), shown(leaf))
    if type_.enforce_shape and len(sample.dtype) == 0 and got[1:] != sample.shape[1:]:
        return RefusedValue(path, f"shape {shape}", _shape_text(got))
    return RefusedValue(path, f"an array of shape {shape} of {_dtype_text(sample.dtype)}", _reason(error))


def _shape_text(shape: tuple[int, ...]) -> str:
    return f"({', '.join(['*', *map(str, shape[1:])])})" if shape else "()"


def _shape(value: Any) -> tuple[int, ...]:
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return tuple(shape)


def _ragged(path: str, value: list[Any], shape: tuple[int, ...]) -> RefusedValue | None:
    """The first place where ``value`` is not a regular array of ``shape``; None when it is one."""
    for index, item in enumerate(value):
        where = f"{path}[{index}]"
        if not isinstance(item, list):
            if len(shape) > 1:
                return RefusedValue(where, f"an array of {shape[1]} items like {path}[0]", shown(item))
        elif len(shape) == 1:
            return RefusedValue(where, f"a single value like {path}[0]", shown(item))
        elif len(item) != shape[1]:
            return RefusedValue(where, f"{shape[1]} items like {path}[0]", f"{len(item)}")
        else:
            ragged = _ragged(where, item, shape[1:])
            if ragged:
                return ragged
    return None


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(f"{path}[{index}]", item)
    else:
        yield path, value


def _fits(leaf: Any, dtype: Any) -> bool:
    import numpy as np

    try:
        if dtype.kind in "mM":
            return isinstance(leaf, str)
        np.array([leaf], dtype=dtype)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _dtype_text(dtype: Any) -> str:
    kinds = {"i": "an integer", "u": "an unsigned integer", "f": "a number", "b": "a boolean", "U": "a string"}
    word = kinds.get(dtype.kind)
    return f"{word} ({dtype.name})" if word else str(dtype)


def _frame_refusal(path: str, value: Any, type_: Any, error: Exception | None) -> RefusedValue:
    sample = type_.sample_input
    columns = [str(name) for name in sample.columns]
    expected = f"a table of {len(columns)} columns ({', '.join(columns)}) in orient {type_.orient!r}"
    if not isinstance(value, (list, dict)):
        return RefusedValue(path, expected, shown(value))
    if type_.orient == "records":
        refused = _records_refusal(path, value, type_)
        if refused:
            return refused
    return RefusedValue(path, expected, f"{shown(value)} ({_reason(error)})")


def _records_refusal(path: str, value: Any, type_: Any) -> RefusedValue | None:
    import pandas as pd

    dtypes = {str(name): dtype for name, dtype in type_.sample_input.dtypes.items()}
    if isinstance(value, dict):
        return RefusedValue(path, "an array of objects, one a row", shown(value))
    for index, row in enumerate(value):
        if not isinstance(row, dict):
            return RefusedValue(f"{path}[{index}]", "an object, one value a column", shown(row))
    found = list(dict.fromkeys(key for row in value for key in row))
    if type_.enforce_shape and len(found) != len(dtypes):
        return RefusedValue(path, f"{len(dtypes)} columns ({', '.join(dtypes)})", f"{len(found)} ({', '.join(found)})")
    if type_.enforce_column_type:
        for index, row in enumerate(value):
            for column, cell in row.items():
                try:
                    pd.Series([cell]).astype(dtypes.get(column, object))
                except (TypeError, ValueError, OverflowError):
                    return RefusedValue(f"{path}[{index}].{column}", str(dtypes[column]), shown(cell))
    return None


def _reason(error: Exception | None) -> str:
    text = " ".join(str(error or "no reason given").split())
    return text if len(text) <= 200 else text[:199] + "…"
