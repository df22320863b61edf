"""Request to arguments: text, query, and the named values that a schema declares."""

from __future__ import annotations

import base64
import copy
import datetime
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from scoredock.errors import RefusedValue, RequestProblem
from scoredock.payload.arrow import read_arrow
from scoredock.payload.arrow_stream import ARROW
from scoredock.payload.json_arrays import ArrayReader
from scoredock.payload.json_body import is_json, object_of
from scoredock.payload.json_frames import FrameReader
from scoredock.payload.json_records import RecordsReader
from scoredock.payload.npy import NPY, read_npy
from scoredock.payload.refusals import refusal
from scoredock.payload.words import describe, nested
from scoredock.signature import EMPTY, Argument


def text_of(body: bytes) -> str:
    """The body as text. Raises RequestProblem (400) when it is not UTF-8."""
    try:
        return str(body, "utf-8")
    except UnicodeDecodeError as error:
        raise RequestProblem(400, f"Input cannot be decoded as UTF-8: {error}") from None


def query_values(query: bytes) -> dict[str, Any]:
    """The values of a query string: each parsed as JSON where it can be; a repeated key becomes a list.

    ``a=1&b=[1,2]&c=x&c=y`` is ``{"a": 1, "b": [1, 2], "c": ["x", "y"]}``.
    """
    values: dict[str, list[Any]] = {}
    for key, text in parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="surrogateescape"):
        values.setdefault(_quoted_again(key), []).append(_json_or_text(_quoted_again(text)))
    return {key: found[0] if len(found) == 1 else found for key, found in values.items()}


def query_text(query: bytes) -> str:
    """The values of a query string as the JSON text of an object."""
    return json.dumps(query_values(query))


def schema_arguments(values: Mapping[str, Any], arguments: tuple[Argument, ...]) -> dict[str, Any]:
    """Pick run()'s arguments out of ``values`` and convert each to its schema type.

    Absent values take the parameter's default, converted where its type accepts it; unknown keys are ignored.
    Raises RequestProblem (400) for a required value that is missing, RefusedValue (400) for one that its type
    refuses.
    """
    chosen = {}
    for argument in arguments:
        if argument.name in values:
            value = values[argument.name]
            if argument.type is not None and not (argument.optional and _is_empty(value)):
                value = convert(value, argument.type, argument.name)
            chosen[argument.name] = value
        elif argument.default is not EMPTY:
            chosen[argument.name] = _default(argument)
        else:
            raise RequestProblem(400, f"A value is not provided for the {argument.name!r} parameter.")
    return chosen


class SchemaReader:
    """Reads the arguments of one run() out of request bodies, on the fastest way that is sure to be right.

    Bodies have up to ``max_body`` bytes, and so has what a shorter one may stand for.
    """

    def __init__(self, arguments: tuple[Argument, ...], max_body: int) -> None:
        self._arguments = arguments
        self._binary: dict[str, Callable[[bytes, tuple[Argument, ...]], dict[str, Any]]] = {
            NPY: read_npy,
            ARROW: partial(read_arrow, max_text=max_body),
        }
        self._arrays = ArrayReader.for_arguments(arguments)
        frames = {argument.name: FrameReader.for_argument(argument) for argument in arguments}
        self._frames = {name: reader for name, reader in frames.items() if reader is not None}
        self._records = RecordsReader.for_arguments(arguments, self._frames)

    def read(self, body: bytes, content_type: str) -> dict[str, Any]:
        """run()'s arguments. Raises RequestProblem: 415 for a type that is not read, 400 for what does not fit."""
        if not is_json(content_type):
            read = self._binary.get(content_type.partition(";")[0].strip().lower())
            if read is not None:
                return schema_arguments(read(body, self._arguments), self._arguments)
        values: dict[str, Any] | None = None
        if self._arrays is not None and len(body) >= self._arrays.min_body and is_json(content_type):
            values = self._arrays.read(body)
        if self._records is not None and len(body) >= self._records.min_body and is_json(content_type):
            frame = self._records.read(body)
            if frame is not None:
                return {self._arguments[0].name: frame}
        if values is None:
            values = object_of(body, content_type)
        for name, reader in self._frames.items():
            frame = reader.read(values.get(name))
            if frame is not None:
                values[name] = frame
        return schema_arguments(values, self._arguments)


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


def _is_empty(value: Any) -> bool:
    """Whether a JSON value counts as absent for an optional argument."""
    return (value is None or isinstance(value, (list, dict, str, int, float))) and not value


def _default(argument: Argument) -> Any:
    type_ = argument.type
    if type_ is None or (argument.optional and not argument.default):
        return argument.default
    if isinstance(argument.default, type_.sample_data_type) and not nested(type_, argument.name):
        return argument.default
    try:
        return convert(copy.deepcopy(argument.default), type_, argument.name)
    except Exception:  # it cannot be copied, or its type refuses it
        return argument.default


def _quoted_again(text: str) -> str:
    """Bytes that are not UTF-8 stay percent-encoded, as Werkzeug leaves them."""
    if text.isascii():
        return text
    return "".join(f"%{ord(sign) - 0xDC00:02X}" if 0xDC80 <= ord(sign) <= 0xDCFF else sign for sign in text)


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
