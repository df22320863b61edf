"""A JSON value to what a schema type stands for, by inference-schema's rules."""

from __future__ import annotations

import base64
import datetime
from typing import Any

from scoredock.errors import RefusedValue
from scoredock.payload.refusals import refusal
from scoredock.payload.words import describe


def convert(value: Any, type_: Any, path: str) -> Any:
    """Convert a JSON value to what an inference-schema type stands for, nested types included.

    ``path`` names the value in messages (``Inputs.input2``). The rules are those of inference-schema 1.8
    (``schema_decorators._deserialize_input_argument``), except that dates and bytearrays work: there a sample
    of type ``datetime.date`` or ``bytearray`` refuses everything. Raises RefusedValue.
    """
    sample = type_.sample_data_type
    by_key = getattr(type_, "sample_data_type_map", None)
    if sample is dict and by_key is not None:
        if not isinstance(value, dict):
            raise refusal(path, value, type_, None)
        for key, inner in by_key.items():
            if key in value:
                value[key] = convert(value[key], inner, f"{path}.{key}")
        return value
    items = getattr(type_, "sample_data_type_list", None)
    if sample in (list, tuple) and items is not None:
        if not isinstance(value, (list, tuple)):
            raise refusal(path, value, type_, None)
        return [convert(item, items[0], f"{path}[{index}]") for index, item in enumerate(value)] if items else value
    try:
        if isinstance(value, sample):
            return value
        if sample is datetime.date:
            return datetime.date.fromisoformat(value)
        if sample is bytearray:
            return bytearray(base64.b64decode(value.encode()))
        try:
            return type_.deserialize_input(value)
        except ValueError:
            if not _holds_dates(type_):
                raise
            return type_.deserialize_input(_with_points(value))
    except Exception as error:
        try:
            raise refusal(path, value, type_, error) from None
        except RecursionError:
            raise RefusedValue(path, describe(type_), "a value that is nested too deeply") from None


def _holds_dates(type_: Any) -> bool:
    """Whether a type stands for an array of dates."""
    dtype = getattr(getattr(type_, "sample_input", None), "dtype", None)
    return getattr(dtype, "kind", "") == "M"


def _with_points(value: Any) -> Any:
    """Dates whose seconds have a decimal comma with a point instead: ISO 8601 has both, NumPy reads one.

    The examples in swagger documents have commas (``2020-01-01 00:00:00,000000``).
    """
    if isinstance(value, list):
        return [_with_points(item) for item in value]
    return value.replace(",", ".") if isinstance(value, str) else value
