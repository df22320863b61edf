"""Why a frame's schema type refuses a value, in every orient that pandas writes."""

from __future__ import annotations

from typing import Any

from scoredock.errors import RefusedValue
from scoredock.payload.words import describe, reason, shown

_TABLES = {
    "records": (list, "an array of objects, one a row"),
    "values": (list, "an array of arrays, one a row"),
    "index": (dict, "an object of rows"),
    "columns": (dict, "an object of columns"),
    "split": (dict, "an object with columns, index and data"),
    "table": (dict, "an object with schema and data"),
}


def frame_refusal(path: str, value: Any, type_: Any, error: Exception | None) -> RefusedValue:
    """Why a PandasParameterType refuses a value: its form, its first wrong row or cell, or its columns."""
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
    why = f" ({reason(error)})" if isinstance(error, ValueError) else ""
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
