"""JSON records straight into a pandas frame, where that gives the frame that inference-schema would make.

inference-schema writes the records as JSON again, has pandas read them and casts the columns. Here columns of
plain integers, floats, strings and booleans are made directly. Everything else (dates, nulls, mixed types,
missing or unknown columns, other orients) is left to it: ``read`` returns None.

One difference is wanted: pandas' reader loses the last digit of some floats (5e-324 becomes 0.0); here they
are exact.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any

from scoredock.signature import Argument

# pandas reads columns with such names as dates, whatever is in them
_DATE_ENDINGS = ("_at", "_time")
_DATE_STARTS = ("timestamp", "modified", "date")
_LEAST, _GREATEST = -(2**63), 2**63 - 1


_MAX_LAYOUTS = 8  # orders of columns that are remembered; clients usually have one


@dataclass(frozen=True)
class _Group:
    """Columns of one dtype, which lie in memory together: their places in the frame, and what picks their values."""

    dtype: Any
    places: Any  # array of integers
    pick: Callable[[dict[str, Any]], Any]


@dataclass(frozen=True)
class _Layout:
    """One order of the columns: their names as pandas' index, and their groups."""

    names: Any
    groups: list[_Group]


class FrameReader:
    """Makes frames for one argument. ``columns`` maps each column's name to its dtype."""

    def __init__(self, columns: dict[str, Any]) -> None:
        self._columns = columns
        self._layouts: dict[tuple[str, ...], _Layout] = {}

    @classmethod
    def for_argument(cls, argument: Argument) -> FrameReader | None:
        """A reader for an argument whose type is a frame in orient records with simple columns, else None."""
        type_ = argument.type
        if type(type_).__name__ != "PandasParameterType" or type_.orient != "records":
            return None
        if not (type_.enforce_column_type and type_.enforce_shape) or type_.apply_column_names:
            return None
        sample = type_.sample_input
        columns = sample.dtypes.to_dict()
        if not columns or not all(_is_simple(name, dtype) for name, dtype in columns.items()):
            return None
        try:  # pandas turns labels that look like numbers or dates into such
            made = type_.deserialize_input(json.loads(sample.to_json(orient="records")))
        except Exception:  # the sample is refused by its own type: no case to be fast for
            return None
        return cls(columns) if made.dtypes.to_dict() == columns else None

    def read(self, records: Any) -> Any:
        """The frame of a list of records; None to take the plain path."""
        if not isinstance(records, list) or not records or not isinstance(records[0], dict):
            return None
        try:
            layout = self._layout(tuple(records[0]))
            if set(map(len, records)) != {len(self._columns)}:
                return None
            blocks = []
            for group in layout.groups:
                block = _block(list(map(group.pick, records)), group)
                if block is None:
                    return None
                blocks.append((block, group.places))
        except (KeyError, TypeError):  # another column, or no record
            return None
        return _frame(blocks, layout.names, len(records))

    def _layout(self, names: tuple[str, ...]) -> _Layout:
        """The columns in this order, grouped by dtype. Raises KeyError for a name that is none of them."""
        layout = self._layouts.get(names)
        if layout is None:
            import numpy as np
            import pandas as pd

            by_dtype: dict[Any, list[int]] = {}
            for place, name in enumerate(names):
                dtype = self._columns[name]
                alone = getattr(dtype, "kind", "") not in "ibf"  # text: an array of its own
                by_dtype.setdefault((dtype, place if alone else None), []).append(place)
            groups = [
                _Group(dtype, np.array(places), itemgetter(*(names[place] for place in places)))
                for (dtype, _), places in by_dtype.items()
            ]
            layout = _Layout(pd.Index(names), groups)
            if len(self._layouts) < _MAX_LAYOUTS:
                self._layouts[names] = layout
        return layout


def _is_simple(name: Any, dtype: Any) -> bool:
    if not isinstance(name, str) or name.lower().endswith(_DATE_ENDINGS) or name.lower().startswith(_DATE_STARTS):
        return False
    return str(dtype) in ("int64", "float64", "bool", "str", "object")


def _block(values: list[Any], group: _Group) -> Any:
    """The columns that pandas would make of these JSON values, one below the other; None where that is not sure.

    ``values`` has an item a record: a value, or a tuple of them where the group has several columns.
    """
    import numpy as np

    columns = len(group.places)
    flat = values if columns == 1 else list(chain.from_iterable(values))
    kinds = set(map(type, flat))
    dtype = group.dtype
    kind = getattr(dtype, "kind", "")
    if kind == "O":
        if kinds != {str}:
            return None
        return (
            np.array([values], dtype=object)
            if dtype == np.dtype(object)
            else dtype.construct_array_type()._from_sequence(values, dtype=dtype)
        )
    fits = {"b": kinds == {bool}, "i": kinds == {int}, "f": kinds <= {int, float}}.get(kind, False)
    if not fits or (int in kinds and not (min(flat) >= _LEAST and max(flat) <= _GREATEST)):
        return None
    numbers = np.fromiter(flat, dtype, len(flat)).reshape(len(values), columns)
    return numbers.T if kind != "f" or np.isfinite(numbers).all() else None


def _frame(blocks: list[tuple[Any, Any]], names: Any, rows: int) -> Any:
    """The frame of these columns: numbers of one dtype stay together, as in a frame that pandas reads."""
    import pandas as pd

    try:
        from pandas.api.internals import create_dataframe_from_blocks
    except ImportError:  # pandas before 3.0
        columns: dict[int, Any] = {}
        for block, places in blocks:
            columns.update(zip(places, block if getattr(block, "ndim", 1) == 2 else [block], strict=True))
        return pd.DataFrame({name: columns[place] for place, name in enumerate(names)}, copy=False)
    return create_dataframe_from_blocks(blocks, pd.RangeIndex(rows), names)
