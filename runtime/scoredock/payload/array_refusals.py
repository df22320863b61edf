"""Why an array's schema type refuses a value: the first element, length or value of a row that is wrong."""

from __future__ import annotations

from typing import Any

from scoredock.errors import RefusedValue
from scoredock.payload.array_casts import converted, leaves_of, shape_of
from scoredock.payload.dtype_rules import rule_of
from scoredock.payload.words import describe, dtype_text, expected, items, reason, shape_text, shown


def array_refusal(
    path: str, value: Any, type_: Any, error: Exception | None, start: int = 0, rows: list[Any] | None = None
) -> RefusedValue:
    """Why a NumpyParameterType refuses a value: the first element, row or length that is wrong.

    Only ``rows`` are looked at, those of ``value`` from ``start`` on; all of a value that is no array.
    """
    sample = type_.sample_input
    shape = shape_text(sample.shape)
    if not isinstance(value, list):
        return RefusedValue(path, f"an array of shape {shape}", shown(value))
    rows = value if rows is None else rows
    if sample.dtype.names and type_.enforce_column_type:
        return _record_refusal(path, rows, start, sample.dtype) or RefusedValue(path, describe(type_), reason(error))
    got = shape_of(value)
    ragged = _ragged(path, rows, got, start)
    if ragged:
        return ragged
    if type_.enforce_shape and len(got) < len(sample.shape):
        return _too_flat(path, value, sample.shape)
    if type_.enforce_column_type:
        leaves = leaves_of(rows, len(got))
        found = _first_refused(leaves, sample.dtype)
        if found is not None:
            place = _place(found, got[1:])
            where = path + "".join(f"[{one}]" for one in (place[0] + start, *place[1:]))
            return RefusedValue(where, expected(sample.dtype, leaves[found]), shown(leaves[found]))
    if type_.enforce_shape and got[1:] != sample.shape[1:]:
        return RefusedValue(path, f"shape {shape}", shape_text(got))
    return RefusedValue(path, describe(type_), reason(error))


def _place(index: int, shape: tuple[int, ...]) -> list[int]:
    """The indices of an element, by its index among all, in rows of ``shape``."""
    place: list[int] = []
    for length in reversed(shape):
        index, rest = divmod(index, length)
        place.insert(0, rest)
    return [index, *place]


def _first_refused(leaves: list[Any], dtype: Any) -> int | None:
    """The index of the first element that is refused: by our own rule, or by the conversion; None where none is."""
    rule = rule_of(dtype)
    misfit = rule.first_misfit(leaves) if rule is not None else None
    low, high = 0, len(leaves) if misfit is None else misfit
    if not _refuses(leaves[:high], dtype):
        return misfit
    while high - low > 1:  # what comes before low is taken, what comes before high is not
        middle = (low + high) // 2
        if _refuses(leaves[low:middle], dtype):
            high = middle
        else:
            low = middle
    return low


def _too_flat(path: str, value: Any, shape: tuple[int, ...]) -> RefusedValue:
    """The first place where ``value`` has no array although ``shape`` has another dimension there."""
    for size in shape[1:]:
        if not value:
            break
        path, value = f"{path}[0]", value[0]
        if not isinstance(value, list):
            return RefusedValue(path, f"an array of {items(size)}", shown(value))
    return RefusedValue(path, f"shape {shape_text(shape)}", "an empty array")


def _ragged(path: str, value: list[Any], shape: tuple[int, ...], start: int = 0) -> RefusedValue | None:
    """The first place where ``value``, from ``start`` on, is no regular array of ``shape``; None when it is one."""
    for index, item in enumerate(value, start):
        where = f"{path}[{index}]"
        if not isinstance(item, list):
            if len(shape) > 1:
                return RefusedValue(where, f"an array of {items(shape[1])} like {path}[0]", shown(item))
        elif len(shape) == 1:
            return RefusedValue(where, f"a single value like {path}[0]", shown(item))
        elif len(item) != shape[1]:
            return RefusedValue(where, f"{items(shape[1])} like {path}[0]", f"{len(item)}")
        else:
            ragged = _ragged(where, item, shape[1:])
            if ragged:
                return ragged
    return None


def _refuses(leaves: list[Any], dtype: Any) -> bool:
    """Whether NumPy makes no array of ``dtype`` of these elements."""
    import numpy as np

    try:
        with np.errstate(all="ignore"):
            converted(leaves, dtype)
    except Exception:  # also a warning of NumPy, where a script makes errors of them
        return True
    return False


def _record_refusal(path: str, rows: list[Any], start: int, dtype: Any) -> RefusedValue | None:
    """The first row, or value of a row, that a structured dtype refuses; rows are objects or arrays."""
    for index, row in enumerate(rows, start):
        where = f"{path}[{index}]"
        if isinstance(row, dict):
            if any(name not in row for name in dtype.names):
                return RefusedValue(where, dtype_text(dtype), shown(row))
            cells = [(f"{where}.{name}", row[name], dtype[name]) for name in dtype.names]
        elif isinstance(row, list):
            if len(row) < len(dtype.names):
                needed = f"{len(dtype.names)} values ({', '.join(dtype.names)})"
                return RefusedValue(where, needed, shown(row))
            cells = [(f"{where}.{name}", cell, dtype[name]) for name, cell in zip(dtype.names, row, strict=False)]
        else:
            return RefusedValue(where, dtype_text(dtype), shown(row))
        for cell_path, cell, cell_dtype in cells:
            if cell_dtype.names:
                refused = _record_refusal(cell_path, [cell], 0, cell_dtype)
                if refused:
                    return refused
            elif cell_dtype.subdtype is None and _refuses([cell], cell_dtype):
                return RefusedValue(cell_path, expected(cell_dtype, cell), shown(cell))
    return None
