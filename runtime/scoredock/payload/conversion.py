"""A JSON value to what a schema type stands for, by inference-schema's rules."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Callable
from typing import Any

from scoredock.errors import RefusedValue
from scoredock.payload.array_values import array_of
from scoredock.payload.dates import is_time_of_day, moment
from scoredock.payload.frame_values import frame_of
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
    if isinstance(value, sample):
        return value
    read = _OWN_WAYS.get(type(type_).__name__, _other)
    try:
        return read(value, type_, path)
    except RecursionError:
        raise RefusedValue(path, describe(type_), "a value that is nested too deeply") from None


def _other(value: Any, type_: Any, path: str) -> Any:
    try:
        return type_.deserialize_input(value)
    except Exception as error:
        raise refusal(path, value, type_, error) from None


def _standard(value: Any, type_: Any, path: str) -> Any:
    """A value of a standard type of Python."""
    sample = type_.sample_data_type
    try:
        if sample is bool and type(value) in (int, float) and value in (0, 1):
            return bool(value)
        if sample is datetime.date:
            return datetime.date.fromisoformat(value)
        if sample is bytearray:
            return bytearray(base64.b64decode(value.encode()))
        if sample is datetime.datetime and not _says_moment(value):
            raise ValueError("no moment, or one that can be read in several ways")
        if sample is datetime.time and not is_time_of_day(value):
            raise ValueError("no time of day")
        return type_.deserialize_input(value)
    except Exception as error:
        raise refusal(path, value, type_, error) from None


def _says_moment(text: str) -> bool:
    """Whether a text says a day, and perhaps a time of it, in one way only; dateutil adds today's day to others."""
    said = moment(text)
    return said is not None and said.whole


_OWN_WAYS: dict[str, Callable[[Any, Any, str], Any]] = {
    "NumpyParameterType": array_of,
    "PandasParameterType": frame_of,
    "StandardPythonParameterType": _standard,
}
