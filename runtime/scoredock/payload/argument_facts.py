"""What an argument of run() is, in facts that a program can build a form from."""

from __future__ import annotations

from typing import Any

import orjson

from scoredock.payload.words import describe, nested
from scoredock.signature import EMPTY, Argument


def argument_facts(argument: Argument) -> dict[str, Any]:
    """An argument of a script with a schema: name, whether it must be there, its default, kind, dtype, shape, columns.

    ``kind`` is ``array``, ``frame``, ``nested`` or ``standard``; an array of records is a frame in orient ``records``.
    ``shape`` has None where any length will do. A default that JSON has no words for is None.
    """
    facts = _type_facts(argument.type)
    return {
        "name": argument.name,
        "required": argument.default is EMPTY and not argument.optional,
        "default": _plain(argument.default),
        "words": _words(argument),
        **facts,
    }


def _type_facts(type_: Any) -> dict[str, Any]:
    """Kind, dtype, shape, orient and columns of an inference-schema type; those that it does not have are None."""
    facts: dict[str, Any] = {"kind": "standard", "dtype": None, "shape": None, "orient": None, "columns": None}
    name = type(type_).__name__
    if type_ is not None and nested(type_, ""):
        return {**facts, "kind": "nested"}
    if name == "NumpyParameterType":
        sample = type_.sample_input
        shape = [None, *sample.shape[1:]] if sample.shape else []
        fields = sample.dtype.names
        if not fields:
            return {**facts, "kind": "array", "dtype": str(sample.dtype), "shape": shape}
        columns = [{"name": field, "dtype": str(sample.dtype[field])} for field in fields]
        if len(shape) == 1 and not any(sample.dtype[field].names for field in fields):
            return {**facts, "kind": "frame", "shape": [None, len(fields)], "orient": "records", "columns": columns}
        return {**facts, "kind": "array", "shape": shape, "columns": columns}
    if name == "PandasParameterType":
        sample = type_.sample_input
        columns = [{"name": str(column), "dtype": str(dtype)} for column, dtype in sample.dtypes.items()]
        return {
            **facts,
            "kind": "frame",
            "shape": [None, len(columns)],
            "orient": type_.orient,
            "columns": columns,
        }
    if name == "StandardPythonParameterType":
        return {**facts, "dtype": type_.sample_data_type.__name__}
    return facts


def _words(argument: Argument) -> str:
    """The argument's type, and the types inside it with their paths."""
    words = []

    def add(path: str, type_: Any, is_inside: bool) -> None:
        words.append(f"{path}: {describe(type_)}" if is_inside else describe(type_))
        for inner_path, inner in (nested(type_, path) if type_ is not None else {}).items():
            add(inner_path, inner, True)

    add(argument.name, argument.type, False)
    return "; ".join(words)


def _plain(default: Any) -> Any:
    """A default as JSON would have it."""
    if default is EMPTY:
        return None
    try:
        return orjson.loads(orjson.dumps(default, option=orjson.OPT_SERIALIZE_NUMPY))
    except (TypeError, ValueError):
        return None
