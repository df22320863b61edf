"""Why an array's schema type refuses a value: the first element, length or value of a row that is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scoredock.errors import RefusedValue
from scoredock.payload.words import describe, dtype_text, items, reason, shape_text, shown


def array_refusal(path: str, value: Any, type_: Any, error: Exception | None) -> RefusedValue:
    """Why a NumpyParameterType refuses a value: the first element, row or length that is wrong."""
    sample = type_.sample_input
    shape = shape_text(sample.shape)
    if not isinstance(value, list):
        return RefusedValue(path, f"an array of shape {shape}", shown(value))
    if sample.dtype.names and type_.enforce_column_type:
        return _record_refusal(path, value, sample.dtype) or RefusedValue(path, describe(type_), reason(error))
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
    return RefusedValue(path, describe(type_), reason(error))


def _too_flat(path: str, value: Any, shape: tuple[int, ...]) -> RefusedValue:
    """The first place where ``value`` has no array although ``shape`` has another dimension there."""
    for size in shape[1:]:
        if not value:
            break
        path, value = f"{path}[0]", value[0]
        if not isinstance(value, list):
            return RefusedValue(path, f"an array of {items(size)}", shown(value))
    return RefusedValue(path, f"shape {shape_text(shape)}", "an empty array")


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
