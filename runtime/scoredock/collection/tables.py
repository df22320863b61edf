"""What was collected as columns with names and rows of plain values. Runs in the writer's thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from scoredock.collection.snapshots import Json, is_frame


@dataclass(frozen=True)
class Table:
    """``rows`` have one value for each of ``names``."""

    names: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def with_columns(self, more: dict[str, Any]) -> Table:
        """The table with columns at its end that have one value each; columns of those names are replaced."""
        kept = [index for index, name in enumerate(self.names) if name not in more]
        end = tuple(more.values())
        if len(kept) == len(self.names):
            return Table((*self.names, *more), [row + end for row in self.rows])
        names = (*(self.names[index] for index in kept), *more)
        return Table(names, [(*(row[index] for index in kept), *end) for row in self.rows])

    def records(self) -> list[dict[str, Any]]:
        """One object a row."""
        return [dict(zip(self.names, row, strict=True)) for row in self.rows]


def table_of(copy: Any, feature_names: Sequence[str] | None = None) -> Table:
    """The table of a snapshot: a frame, an array of up to two dimensions, or JSON.

    A list of lists has a row for each, a list of objects has a row for each by name, any other list or array of one
    dimension is one row, and so is an object or a single value. ``feature_names`` name the columns, of what has no
    names of its own as of a frame; else those are ``feature_0`` and so on. Raises ValueError for what is no table,
    and where the number of names is not that of the columns.
    """
    if is_frame(copy):
        columns = [copy.iloc[:, index].tolist() for index in range(copy.shape[1])]
        rows = list(zip(*columns, strict=True)) if columns else [()] * len(copy)
        return Table(_names(feature_names or [str(name) for name in copy.columns], copy.shape[1]), rows)
    if not isinstance(copy, Json):
        if copy.ndim > 2:
            raise ValueError(f"collect: expected an array of one or two dimensions, got one of shape {copy.shape}")
        listed = copy.tolist()
        return _of_lists(listed if copy.ndim == 2 else [listed if copy.ndim else [listed]], feature_names)
    data = orjson.loads(copy.text)
    if isinstance(data, dict):
        return _of_records([data], feature_names)
    if isinstance(data, list) and data:
        if all(isinstance(item, dict) for item in data):
            return _of_records(data, feature_names)
        if all(isinstance(item, list) for item in data):
            return _of_lists(data, feature_names)
    return _of_lists([data if isinstance(data, list) else [data]], feature_names)


def _of_records(records: list[dict[str, Any]], feature_names: Sequence[str] | None) -> Table:
    names = tuple(feature_names or dict.fromkeys(name for record in records for name in record))
    return Table(names, [tuple(record.get(name) for name in names) for record in records])


def _of_lists(rows: list[list[Any]], feature_names: Sequence[str] | None) -> Table:
    width = max((len(row) for row in rows), default=0)
    names = _names(feature_names or [f"feature_{index}" for index in range(width)], width)
    return Table(names, [(*row, *[None] * (width - len(row))) for row in rows])


def _names(names: Sequence[str], width: int) -> tuple[str, ...]:
    """The names, each once: a second ``a`` is ``a_2``."""
    if len(names) != width:
        raise ValueError(f"collect: expected {len(names)} columns ({', '.join(map(str, names))}), got {width}")
    seen: dict[str, int] = {}
    found = []
    for name in map(str, names):
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return tuple(found)
