"""Why a frame's schema type refuses a value, in every orient that pandas writes."""

from __future__ import annotations

from itertools import islice
from typing import Any

from scoredock.errors import RefusedValue
from scoredock.payload.dtype_rules import MISSING
from scoredock.payload.frame_columns import Column, absent_columns, columns_in
from scoredock.payload.words import describe, expected_in_column, reason, shown

LOOKED_AT = 100_000  # rows among which the first wrong value is looked for

_TABLES = {
    "records": (list, "an array of objects, one a row"),
    "values": (list, "an array of arrays, one a row"),
    "index": (dict, "an object of rows"),
    "columns": (dict, "an object of columns"),
    "split": (dict, "an object with columns, index and data"),
    "table": (dict, "an object with schema and data"),
}


def cell_refusal(column: Column, index: int) -> RefusedValue:
    """Why a column refuses its value at ``index``."""
    value = column.values[index]
    return RefusedValue(column.path(index), expected_in_column(column.dtype, value), shown(value))


def frame_refusal(path: str, value: Any, type_: Any, error: Exception | None) -> RefusedValue:
    """Why a PandasParameterType refuses a value: its form, its first wrong row or cell, or its columns.

    Looks at the first LOOKED_AT rows.
    """
    container, form = _TABLES[type_.orient]
    if not isinstance(value, (list, dict)):
        return RefusedValue(path, describe(type_), shown(value))
    if not isinstance(value, container):
        return RefusedValue(path, form, shown(value))
    rows = len(value)
    value = _head(value, type_.orient)
    try:
        found = _columns_in(value, type_.orient)
    except (TypeError, KeyError, IndexError, AttributeError):
        return RefusedValue(path, form, shown(value))
    columns = [str(name) for name in type_.sample_input.columns]
    if type_.orient == "records":
        index = next((index for index, row in enumerate(value) if not isinstance(row, dict)), None)
        if index is not None:
            return RefusedValue(f"{path}[{index}]", "an object, one value a column", shown(value[index]))
    if type_.orient != "values":  # its columns are of any type
        refused = _cell_refusal(path, value, type_)
        if refused:
            return refused
    if type_.enforce_shape and len(found) != len(columns):
        named = f" ({', '.join(map(str, found))})" if found else ""
        return RefusedValue(path, f"{len(columns)} columns ({', '.join(columns)})", f"{len(found)}{named}")
    if isinstance(value, list) and len(value) < rows:
        return RefusedValue(path, describe(type_), f"rows behind the first {LOOKED_AT} that do not fit")
    why = f" ({reason(error)})" if isinstance(error, ValueError) else ""
    return RefusedValue(path, describe(type_), shown(value) + why)


def _head(value: Any, orient: str) -> Any:
    """A table with its first LOOKED_AT rows alone, or the table itself, where that is not easily told."""
    if isinstance(value, list):
        return value[:LOOKED_AT]
    if orient == "index" and len(value) > LOOKED_AT:
        return dict(islice(value.items(), LOOKED_AT))
    if isinstance(value.get("data"), list) and len(value["data"]) > LOOKED_AT:
        return {**value, "data": value["data"][:LOOKED_AT]}
    return value


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


def _cell_refusal(path: str, value: Any, type_: Any) -> RefusedValue | None:
    """The first value, column by column, that is not made one of its column's type."""
    if not type_.enforce_column_type:
        return None
    columns = list(columns_in(value, type_, path))
    if type_.orient == "records":  # a column that is in no row is missing in all
        columns += absent_columns(value, type_, path)
    for column in columns:
        low, high = 0, min(len(column.values), LOOKED_AT)
        if not _refuses(column, low, high):
            continue
        while high - low > 1:  # what comes before low is taken, what comes before high is not
            middle = (low + high) // 2
            if _refuses(column, low, middle):
                high = middle
            else:
                low = middle
        return cell_refusal(column, low)
    return None


def _refuses(column: Column, low: int, high: int) -> bool:
    """Whether pandas makes no column of the dtype of these values."""
    import numpy as np
    import pandas as pd

    try:
        values = pd.Series([None if one is MISSING else one for one in column.values[low:high]])
        with np.errstate(all="ignore"):
            values = pd.to_timedelta(values) if str(column.dtype).startswith("timedelta") else values
            values.astype(column.dtype)
    except Exception:  # also a warning of pandas, where a script makes errors of them
        return True
    return False
