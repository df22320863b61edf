"""Nested lists of JSON to NumPy's arrays of a dtype: what inference-schema takes, and ``dtype_rules`` lets pass."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import Any

from scoredock.payload.dates import moment
from scoredock.payload.dtype_rules import rule_of


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of nested lists, by the first one of each depth."""
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return tuple(shape)


def converted(rows: list[Any], dtype: Any) -> Any:
    """The array of nested lists, or of rows that a structured dtype takes. Raises what NumPy raises, and ValueError."""
    import numpy as np

    if dtype.names:
        return np.array([_row(row, dtype) for row in rows], dtype=dtype)
    if dtype.kind == "b":
        if not {bool, int, float}.issuperset(map(type, leaves_of(rows))):
            raise ValueError("not booleans")
        found = np.array(rows)
        if found.dtype != bool and not ((found == 0) | (found == 1)).all():
            raise ValueError("not booleans")
        return found.astype(dtype)
    if dtype.kind in "Mm":
        _refuse_misfits(leaves_of(rows), dtype)
        return np.array(_each(rows, _reader(dtype)), dtype=dtype)
    made = np.array(rows, dtype=dtype)
    if dtype.kind == "f" and dtype.itemsize < 8 and not np.isfinite(made).all():
        _refuse_misfits(leaves_of(rows), dtype)
    return made


def leaves_of(rows: list[Any], depth: int = 0) -> list[Any]:
    """All elements of nested lists of this depth, or the first one's. Raises TypeError where others are less deep."""
    leaves = rows
    for _ in range((depth or len(shape_of(rows))) - 1):
        leaves = list(chain.from_iterable(leaves))
    return leaves


def _reader(dtype: Any) -> Callable[[Any], Any]:
    """What makes dates or durations of JSON values, for a dtype of theirs."""
    return partial(_moment_of, dtype=dtype) if dtype.kind == "M" else _duration_of


def _moment_of(leaf: Any, dtype: Any) -> Any:
    """A NumPy date of a JSON value. Raises ValueError, also for one that would be another one as ``dtype``."""
    import numpy as np

    said = moment(leaf) if isinstance(leaf, str) else None
    made = np.datetime64(said.iso if said is not None else leaf)
    finer = np.can_cast(made.dtype, dtype, "safe")  # a coarser unit holds more
    if finer and not np.isnat(made) and made.astype(dtype).astype(made.dtype) != made:
        raise ValueError(f"{leaf} is beyond {dtype}")
    return made


def _duration_of(leaf: Any) -> Any:
    from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType

    return NumpyParameterType._parse_timedelta(leaf)


def _each(value: Any, read: Callable[[Any], Any]) -> Any:
    return [_each(one, read) for one in value] if isinstance(value, list) else read(value)


def _refuse_misfits(leaves: list[Any], dtype: Any) -> None:
    rule = rule_of(dtype)
    if rule is not None and rule.first_misfit(leaves) is not None:
        raise ValueError(f"not {dtype}")


def _row(row: Any, dtype: Any) -> Any:
    """A row, object or array, as the tuple that NumPy takes. Raises KeyError, IndexError, TypeError and ValueError."""
    by_name = isinstance(row, dict)
    return tuple(_cell(row[name if by_name else place], dtype[name]) for place, name in enumerate(dtype.names))


def _cell(cell: Any, dtype: Any) -> Any:
    if dtype.names:
        return _row(cell, dtype)
    base = dtype.base
    _refuse_misfits(leaves_of(cell) if isinstance(cell, list) else [cell], base)
    if base.kind in "Mm":
        return _each(cell, _reader(base))
    return cell
