"""The columns of a frame that is written as JSON, in any orient, with the dtypes of the schema's sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from scoredock.payload.dtype_rules import MISSING


@dataclass(frozen=True)
class Column:
    """One column: its name (None where it has none), its dtype, its values, and the path of each by its index."""

    name: Any
    dtype: Any
    values: Sequence[Any]
    path: Callable[[int], str]


def columns_in(value: Any, type_: Any, path: str) -> Iterator[Column]:
    """The columns of a table that have a dtype of ``type_``'s, a PandasParameterType; none of what is no table.

    A table without names, as in orient ``values``, has the sample's columns in their order. A value that a row does not
    have is MISSING.
    """
    if type_.orient == "table":
        value, path = (value.get("data"), f"{path}.data") if isinstance(value, dict) else (None, path)
    elif type_.orient == "split":
        yield from _split(value, type_, path)
        return
    if isinstance(value, list) and value:
        yield from _rows(value, type_, partial(_counted, path))
    elif isinstance(value, dict) and value:
        labels, rows = list(value), list(value.values())
        if type_.orient == "index":
            yield from _rows(rows, type_, partial(_labelled, path, labels))
        else:
            yield from _by_column(value, type_, path)


def absent_columns(rows: list[dict[str, Any]], type_: Any, path: str) -> list[Column]:
    """The columns of the sample that none of the rows has, each with one value, the first row's."""
    known = {str(name) for row in rows for name in row}
    first = partial(_counted, path)
    return [
        Column(name, dtype, [MISSING], partial(_named, first, name))
        for name, dtype in type_.sample_input.dtypes.items()
        if rows and str(name) not in known
    ]


def _dtypes(names: Sequence[Any], type_: Any) -> list[Any]:
    """The dtype of each column; None where the sample has none of that name."""
    sample = type_.sample_input.dtypes
    if type_.apply_column_names:
        return list(sample)[: len(names)] if len(names) == len(sample) else [None] * len(names)
    known = {str(name): dtype for name, dtype in sample.items()}
    return [known.get(str(name)) for name in names]


def _rows(rows: list[Any], type_: Any, row_path: Callable[[int], str]) -> Iterator[Column]:
    if all(isinstance(row, dict) for row in rows):
        names = list(dict.fromkeys(name for row in rows for name in row))
        for name, dtype in zip(names, _dtypes(names, type_), strict=True):
            if dtype is not None:
                values = [row.get(name, MISSING) for row in rows]
                yield Column(name, dtype, values, partial(_named, row_path, name))
    elif all(isinstance(row, list) for row in rows):
        dtypes = list(type_.sample_input.dtypes)
        yield from _by_place(rows, [None] * len(dtypes), dtypes, row_path)


def _by_place(rows: list[Any], names: list[Any], dtypes: list[Any], row_path: Callable[[int], str]) -> Iterator[Column]:
    if {len(row) for row in rows} == {len(dtypes)}:
        for place, (name, dtype, values) in enumerate(zip(names, dtypes, zip(*rows, strict=True), strict=True)):
            if dtype is not None:
                yield Column(name, dtype, values, partial(_placed, row_path, place))


def _split(value: Any, type_: Any, path: str) -> Iterator[Column]:
    if not isinstance(value, dict):
        return
    names, rows = value.get("columns"), value.get("data")
    if isinstance(names, list) and isinstance(rows, list) and all(isinstance(row, list) for row in rows):
        yield from _by_place(rows, names, _dtypes(names, type_), partial(_counted, f"{path}.data"))


def _by_column(value: dict[str, Any], type_: Any, path: str) -> Iterator[Column]:
    for (name, cells), dtype in zip(value.items(), _dtypes(list(value), type_), strict=True):
        if dtype is None:
            continue
        if isinstance(cells, dict):
            labels = list(cells)
            yield Column(name, dtype, list(cells.values()), partial(_labelled, f"{path}.{name}", labels))
        elif isinstance(cells, list):
            yield Column(name, dtype, cells, partial(_counted, f"{path}.{name}"))


def _counted(path: str, index: int) -> str:
    return f"{path}[{index}]"


def _labelled(path: str, labels: Sequence[Any], index: int) -> str:
    return f"{path}.{labels[index]}"


def _named(row_path: Callable[[int], str], name: Any, index: int) -> str:
    return f"{row_path(index)}.{name}"


def _placed(row_path: Callable[[int], str], place: int, index: int) -> str:
    return f"{row_path(index)}[{place}]"
