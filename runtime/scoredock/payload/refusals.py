"""Why a schema type refuses a value: where exactly, what was expected, what came, in JSON's words.

Runs only after a refusal, so it may take its time: it looks for the first offending element.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterator
from typing import Any

from scoredock.errors import RefusedValue
from scoredock.payload.words import describe, dtype_text, shape_text

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 60


def refusal(path: str, value: Any, type_: Any, error: Exception | None) -> RefusedValue:
    """The RefusedValue that explains why ``type_`` refuses ``value`` at ``path``; ``error`` is what it raised."""
    name = type(type_).__name__
    if name == "NumpyParameterType":
        return _array_refusal(path, value, type_, error)
    if name == "PandasParameterType":
        return _frame_refusal(path, value, type_, error)
    if name == "StandardPythonParameterType":
        return RefusedValue(path, describe(type_), shown(value))
    return RefusedValue(path, describe(type_), f"{shown(value)} ({_reason(error)})")


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
        return f"array of {_items(len(value))}"
    if isinstance(value, dict):
        keys = ", ".join(map(str, list(value)[:5]))
        return f"object with keys {keys}{', …' if len(value) > 5 else ''}" if value else "empty object"
    return f"{value}" if type(value).__module__ == "numpy" else _short.repr(value)


def _array_refusal(path: str, value: Any, type_: Any, error: Exception | None) -> RefusedValue:
    sample = type_.sample_input
    shape = shape_text(sample.shape)
    if not isinstance(value, list):
        return RefusedValue(path, f"an array of shape {shape}", shown(value))
    if sample.dtype.names and type_.enforce_column_type:
        return _record_refusal(path, value, sample.dtype) or RefusedValue(path, describe(type_), _reason(error))
    got = _shape(value)
    ragged = _ragged(path, value, got)
    if ragged:
        return ragged
    if type_.enforce_shape and len(got) < len(sample.shape):
        return _too_flat(path, value, sample.shape)
    if type_.enforce_column_type:
        for where, leaf in _leaves(path, value):
            if not _fits(leaf, sample.dtype):
                return RefusedValue(where, dtype_text(sample.dtype), shown(leaf))
    if type_.enforce_shape and got[1:] != sample.shape[1:]:
        return RefusedValue(path, f"shape {shape}", shape_text(got))
    return RefusedValue(path, describe(type_), _reason(error))


def _too_flat(path: str, value: Any, shape: tuple[int, ...]) -> RefusedValue:
    """The first place where ``value`` has no array although ``shape`` has another dimension there."""
    for size in shape[1:]:
        if not value:
            break
        path, value = f"{path}[0]", value[0]
        if not isinstance(value, list):
            return RefusedValue(path, f"an array of {_items(size)}", shown(value))
    return RefusedValue(path, f"shape {shape_text(shape)}", "an empty array")


def _items(count: int) -> str:
    return f"{count} item{'s' if count != 1 else ''}"


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
                return RefusedValue(where, f"an array of {_items(shape[1])} like {path}[0]", shown(item))
        elif len(shape) == 1:
            return RefusedValue(where, f"a single value like {path}[0]", shown(item))
        elif len(item) != shape[1]:
            return RefusedValue(where, f"{_items(shape[1])} like {path}[0]", f"{len(item)}")
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
    """Whether NumpyParameterType makes an element of ``dtype`` of this value, or has made it already."""
    import numpy as np
    from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType

    try:
        if not isinstance(leaf, np.generic):
            leaf = NumpyParameterType._preprocess_json_input(leaf, dtype)
        np.array([leaf], dtype=dtype)
    except (TypeError, ValueError, OverflowError, AttributeError):
        return False
    return True


def _record_refusal(path: str, value: list[Any], dtype: Any) -> RefusedValue | None:
    """The first row, or value of a row, that a structured dtype refuses; rows are objects or arrays."""
    for index, row in enumerate(value):
        where = f"{path}[{index}]"
        if isinstance(row, dict):
            if any(name not in row for name in dtype.names):
                return RefusedValue(where, dtype_text(dtype), shown(row))
            cells = [(f"{where}.{name}", row[name], dtype[name]) for name in dtype.names]
        elif isinstance(row, (list, tuple)):
            if len(row) < len(dtype.names):
                expected = f"{len(dtype.names)} values ({', '.join(dtype.names)})"
                return RefusedValue(where, expected, shown(list(row)))
            cells = [(f"{where}.{name}", cell, dtype[name]) for name, cell in zip(dtype.names, row, strict=False)]
        else:
            return RefusedValue(where, dtype_text(dtype), shown(row))
        for cell_path, cell, cell_dtype in cells:
            if not cell_dtype.names and not _fits(cell, cell_dtype):
                return RefusedValue(cell_path, dtype_text(cell_dtype), shown(cell))
    return None


_TABLES = {
    "records": (list, "an array of objects, one a row"),
    "values": (list, "an array of arrays, one a row"),
    "index": (dict, "an object of rows"),
    "columns": (dict, "an object of columns"),
    "split": (dict, "an object with columns, index and data"),
    "table": (dict, "an object with schema and data"),
}


def _frame_refusal(path: str, value: Any, type_: Any, error: Exception | None) -> RefusedValue:
    container, form = _TABLES[type_.orient]
    if not isinstance(value, (list, dict)):
        return RefusedValue(path, describe(type_), shown(value))
    if not isinstance(value, container):
        return RefusedValue(path, form, shown(value))
    try:
        found = _columns_in(value, type_.orient)
    except (TypeError, KeyError, IndexError, AttributeError):
        return RefusedValue(path, form, shown(value))
    columns = [str(name) for name in type_.sample_input.columns]
    if type_.orient == "records":
        refused = _records_refusal(path, value, type_)
        if refused:
            return refused
    if type_.enforce_shape and len(found) != len(columns):
        named = f" ({', '.join(map(str, found))})" if found else ""
        return RefusedValue(path, f"{len(columns)} columns ({', '.join(columns)})", f"{len(found)}{named}")
    why = f" ({_reason(error)})" if isinstance(error, ValueError) else ""
    return RefusedValue(path, describe(type_), shown(value) + why)


def _columns_in(value: Any, orient: str) -> list[Any]:
    """The column names of a table as JSON; positions where the orient has no names."""
    if orient == "values":
        return list(range(len(value[0]))) if value else []
    if orient == "split":
        return list(value["columns"])
    if orient == "columns":
        return list(value)
    if orient == "table":
        keys = value["schema"].get("primaryKey", [])
        return [one["name"] for one in value["schema"]["fields"] if one["name"] not in keys]
    rows = value.values() if orient == "index" else value
    return list(dict.fromkeys(key for row in rows if isinstance(row, dict) for key in row))


def _records_refusal(path: str, value: Any, type_: Any) -> RefusedValue | None:
    import pandas as pd

    dtypes = {str(name): dtype for name, dtype in type_.sample_input.dtypes.items()}
    for index, row in enumerate(value):
        if not isinstance(row, dict):
            return RefusedValue(f"{path}[{index}]", "an object, one value a column", shown(row))
    if type_.enforce_column_type:
        for index, row in enumerate(value):
            for column, dtype in dtypes.items():
                try:
                    pd.Series([row.get(column)]).astype(dtype)
                except (TypeError, ValueError, OverflowError):
                    got = shown(row[column]) if column in row else "nothing"
                    return RefusedValue(f"{path}[{index}].{column}", str(dtype), got)
    return None


def _reason(error: Exception | None) -> str:
    text = " ".join(str(error or "no reason given").split())
    return text if len(text) <= 200 else text[:199] + "…"
