"""Results out: what run() returned, as JSON bytes.

orjson does the common case in one pass. What it does not know comes to ``_plain`` through its hook, and what
it refuses outright (integers beyond 64 bits, keys that are no strings, lone surrogates) is written by the
standard library from a plain copy; making that copy also finds the place of a value that nobody can encode.
"""

from __future__ import annotations

import base64
import collections
import dataclasses
import datetime
import json
import math
import re
import sys
from json.encoder import encode_basestring_ascii
from typing import Any

import orjson

from scoredock.errors import EncodingError
from scoredock.payload.ways_out import way_out

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_PASSTHROUGH_SUBCLASS
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_MAX_BITS = 14_000  # of integers that Python turns into decimal digits in any case: 4300 of them
_EPOCH = b'"1970-01-01T00:00:00"'


def encode(result: Any) -> bytes:
    """The JSON of a result, in ASCII. NaN and infinities become null, None becomes ``{}``.

    Beside what JSON has: NumPy arrays and scalars, pandas frames (records) and series, datetimes (ISO 8601),
    bytes (base64), dataclasses, tuples. Raises EncodingError, which names the path inside the result.
    """
    if result is None:
        return b"{}"
    try:
        written = orjson.dumps(result, _plain, _OPTIONS)
        # orjson writes a NaT inside a datetime64 array as the epoch, so an epoch is written again, by _plain.
        if _EPOCH in written:
            written = orjson.dumps(result, _plain, orjson.OPT_PASSTHROUGH_SUBCLASS)
        return written if written.isascii() else _escaped(written)
    except (TypeError, ValueError, RecursionError):
        pass
    try:
        return json.dumps(_copy(result, "result")).encode()
    except RecursionError:
        raise EncodingError("result: nested too deeply, or it contains itself") from None


def _escaped(written: bytes) -> bytes:
    """JSON with ``\\u`` for all that is not ASCII: some clients read JSON that names no charset as Latin-1."""
    text = written.decode()
    escaped = text.encode("ascii", "backslashreplace")  # with \\x to 255, and \\U above 65535, which JSON has not
    if b"\\U" in escaped or b"\\\\" in written:  # a backslash that is written so, before an x, would be taken for one
        return _NOT_ASCII.sub(lambda found: encode_basestring_ascii(found[0])[1:-1], text).encode()
    return escaped.replace(b"\\x", b"\\u00")


def _plain(value: Any) -> Any:
    """A value that orjson knows, for one that it does not. Raises TypeError when there is none."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, dict):  # a subclass: what it is, not how it stores it, as the standard library sees it
        return dict(value.items())
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat() if value == value else None  # NaT, a datetime by type, differs from itself
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
        if value.dtype.kind == "M":
            return value.astype("datetime64[us]").tolist()
        if value.dtype.kind == "f" and value.dtype.itemsize > 8:  # a long double's list is itself
            return value.astype("float64").tolist()
        if value.dtype.kind in "biuf" and value.ndim and not _is_native(value):
            return _native(value)
        if value.dtype.kind in "biufOSUV" and value.dtype.names is None:
            return value.tolist()
    pandas = sys.modules.get("pandas")
    if pandas is not None:
        if isinstance(value, pandas.DataFrame):
            if not value.columns.is_unique:  # records would hold one of each name
                raise TypeError("columns named twice")
            return value.to_dict(orient="records")
        if isinstance(value, (pandas.Series, pandas.Index)):
            return value.tolist()
        if value is pandas.NaT or value is pandas.NA:
            return None
    for plain in (int, float):
        if isinstance(value, plain):
            return plain(value)
    raise TypeError(type(value).__name__)


def _is_numeric(value: Any) -> bool:
    """Whether a value is an array or a scalar of NumPy's booleans, integers or floats."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)) and value.dtype.kind in "biuf"


def _is_native(value: Any) -> bool:
    """Whether an array of numbers lies in memory as orjson writes it."""
    return bool(value.flags.c_contiguous and value.dtype.isnative)


def _native(value: Any) -> Any:
    """A copy that does."""
    return sys.modules["numpy"].ascontiguousarray(value, value.dtype.newbyteorder("="))


def _copy(value: Any, path: str) -> Any:
    """A copy of plain lists, dicts and scalars that the standard library writes."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return _digits_checked(int(value), path)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {_key(key, path): _copy(item, f"{path}[{_key_text(key)}]") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copy(item, f"{path}[{index}]") for index, item in enumerate(value)]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _copy(getattr(value, field.name), f"{path}.{field.name}")
            for field in dataclasses.fields(value)
            if not field.name.startswith("_")  # as orjson does
        }
    if _is_numeric(value):
        value = _native(value) if value.ndim else value
    else:
        twice = _columns_named_twice(value)
        if twice:
            raise EncodingError(f"{path}: a frame with columns named twice: {twice}")
        try:
            return _copy(_plain(value), path)
        except TypeError:
            pass
    try:  # what orjson knows by itself: numbers of NumPy, UUIDs, enumerations
        return orjson.loads(orjson.dumps(value, _plain, _OPTIONS))
    except (TypeError, ValueError):
        dtype = getattr(value, "dtype", None)
        kind = type(value).__name__ + (f" of {dtype}" if dtype is not None else "")
        raise EncodingError(f"{path}: object of type {kind} cannot be written as JSON{way_out(value)}") from None


def _digits_checked(value: int, path: str) -> int:
    """The integer, if Python writes it. Raises EncodingError otherwise."""
    if value.bit_length() > _MAX_BITS:
        try:
            str(value)
        except ValueError:
            raise EncodingError(
                f"{path}: an integer of more than {sys.get_int_max_str_digits()} digits cannot be written as JSON: "
                "return hex() of it, or raise the limit with sys.set_int_max_str_digits()"
            ) from None
    return value


def _columns_named_twice(value: Any) -> str:
    """The names that a frame's records would have one of, as they are written; empty for everything else."""
    pandas = sys.modules.get("pandas")
    if pandas is None or not isinstance(value, pandas.DataFrame):
        return ""
    return ", ".join(name for name, count in collections.Counter(map(str, value.columns)).items() if count > 1)


def _key(key: Any, path: str) -> Any:
    if key is None or isinstance(key, (str, int, float, bool)):
        return key
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(key, numpy.generic):
        return key.item()
    if isinstance(key, (datetime.datetime, datetime.date)):
        return key.isoformat()
    raise EncodingError(f"{path}: key {key!r} of type {type(key).__name__} cannot be a JSON key")


def _key_text(key: Any) -> str:
    return json.dumps(key) if isinstance(key, str) else repr(key)
