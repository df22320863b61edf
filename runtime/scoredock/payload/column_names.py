"""Frames whose columns are named otherwise than those of their schema's sample.

inference-schema counts columns and looks at no names, since a script may go by position: such a frame is scored. Where
run() then raises, the names are the likely cause.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scoredock.errors import RefusedValue
from scoredock.payload.words import nested
from scoredock.signature import Argument

_LISTED = 30  # names in a message; of more, only those that differ are told


def has_named_columns(arguments: tuple[Argument, ...]) -> bool:
    """Whether there is a frame among the arguments, or in them, that comes with names."""
    return any(_has_names(argument.type) for argument in arguments)


def other_columns(
    values: Mapping[str, Any], arguments: tuple[Argument, ...], *, free: bool = True
) -> RefusedValue | None:
    """The first frame among run()'s arguments with other names than its sample; None where there is none.

    Names in another order are no other names. ``free`` says whether frames of any number of columns count.
    """
    for argument in arguments:
        for path, value, type_ in _frames(values.get(argument.name), argument.type, argument.name):
            got = [str(name) for name in getattr(value, "columns", ())]
            wanted = [str(name) for name in type_.sample_input.columns]
            if got and set(got) != set(wanted) and (free or type_.enforce_shape):
                return RefusedValue(path, *_words(wanted, got))
    return None


def _words(wanted: list[str], got: list[str]) -> tuple[str, str]:
    if max(len(wanted), len(got)) <= _LISTED:
        return f"the columns {', '.join(wanted)}", ", ".join(got)
    missing = [name for name in wanted if name not in set(got)][:_LISTED]
    unknown = [name for name in got if name not in set(wanted)][:_LISTED]
    return (
        f"the {len(wanted)} columns of the schema, among them {', '.join(missing) or 'no others'}",
        f"{len(got)}, without them and with {', '.join(unknown) or 'no others'}",
    )


def _is_named_frame(type_: Any) -> bool:
    return type(type_).__name__ == "PandasParameterType" and type_.orient != "values"


def _has_names(type_: Any) -> bool:
    return _is_named_frame(type_) or (type_ is not None and any(map(_has_names, nested(type_, "").values())))


def _frames(value: Any, type_: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if _is_named_frame(type_):
        yield path, value, type_
    elif isinstance(value, dict):
        for key, inner in getattr(type_, "sample_data_type_map", {}).items():
            yield from _frames(value.get(key), inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in getattr(type_, "sample_data_type_list", [])[:1]:
            for index, item in enumerate(value):
                yield from _frames(item, inner, f"{path}[{index}]")
