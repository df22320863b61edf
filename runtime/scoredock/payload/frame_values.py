"""JSON tables to pandas frames, by the rules of inference-schema's PandasParameterType and those of ``dtype_rules``."""

from __future__ import annotations

import copy
import math
from typing import Any

from scoredock.payload.dtype_rules import MISSING, rule_of
from scoredock.payload.frame_columns import Column, columns_in
from scoredock.payload.frame_refusals import cell_refusal, frame_refusal

EXACT = 2**53  # integers up to it are exact as floats


def frame_of(value: Any, type_: Any, path: str) -> Any:
    """The frame that ``type_``, a PandasParameterType, stands for. Raises RefusedValue."""
    import numpy as np

    rounded: list[Column] = []
    mixed: list[Column] = []
    if type_.enforce_column_type:
        for column in columns_in(value, type_, path):
            rule = rule_of(column.dtype)
            misfit = rule.first_misfit(column.values) if rule is not None else None
            if misfit is not None:
                raise cell_refusal(column, misfit)
            if _is_rounded(column):
                rounded.append(column)
            if _is_mixed(column):
                mixed.append(column)
    try:
        with np.errstate(all="ignore"):  # a script may have NumPy raise what is decided here
            made = _without(mixed, type_).deserialize_input(value)
            for column in rounded:
                _make_exact(made, column)
            for label in _labels(made, mixed):
                made[label] = made[label].map(bool, na_action="ignore").astype("boolean")
            return made
    except Exception as error:
        raise frame_refusal(path, value, type_, error) from None


def _is_mixed(column: Column) -> bool:
    """Whether pandas makes no booleans that may be missing of a column's, since 0 or 1 are among true and false."""
    if str(column.dtype) != "boolean":
        return False
    types = set(map(type, column.values))
    return bool in types and not types.isdisjoint((int, float))


def _labels(frame: Any, columns: list[Column]) -> list[Any]:
    """The labels of these columns in a frame, which may be numbers where JSON has text."""
    names = {str(column.name) for column in columns}
    return [label for label in frame.columns if str(label) in names]


def _without(columns: list[Column], type_: Any) -> Any:
    """The type with some columns of any kind."""
    if not columns:
        return type_
    loose = copy.copy(type_)
    loose.sample_input = type_.sample_input.astype(dict.fromkeys(_labels(type_.sample_input, columns), object))
    return loose


def _is_rounded(column: Column) -> bool:
    """Whether pandas reads integers of a column as floats, since others are among them, and cannot hold them so."""
    if getattr(column.dtype, "kind", "") not in ("i", "u") or set(map(type, column.values)) <= {int, bool}:
        return False
    return any(type(one) is int and abs(one) > EXACT for one in column.values)


def _make_exact(frame: Any, column: Column) -> None:
    """Put the integers that came into a column, where it has them rounded, in the same order."""
    import pandas as pd

    for label in _labels(frame, [column]):
        made = frame[label]
        if made.dtype != column.dtype or len(made) != len(column.values):
            continue
        came = [_whole(one) for one in column.values]
        exact = pd.Series(came, index=made.index, dtype=object).astype(column.dtype)
        if (exact.astype("Float64") == made.astype("Float64")).all():
            frame[label] = exact


def _whole(value: Any) -> Any:
    if value is MISSING or value != value:
        return None
    return math.trunc(value) if type(value) is float else value
