"""JSON records straight into a pandas frame, where that gives the frame that inference-schema would make.

inference-schema writes the records as JSON again, has pandas read them and casts the columns. Here columns of
plain integers, floats, strings and booleans are made directly. Everything else (dates, nulls, mixed types,
missing or unknown columns, other orients) is left to it: ``read`` returns None.

One difference is wanted: pandas' reader loses the last digit of some floats (5e-324 becomes 0.0); here they
are exact.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any

from scoredock.signature import Argument

# pandas reads columns with such names as dates, whatever is in them
_DATE_ENDINGS = ("_at", "_time")
_DATE_STARTS = ("timestamp", "modified", "date")
_LIMIT = 2.0**63  # an integer beyond it makes a column of another dtype

_TYPES: dict[str, frozenset[type]] = {
    "f": frozenset((int, float)),
    "i": frozenset((int,)),
    "b": frozenset((bool,)),
    "O": frozenset((str,)),
}
_MAX_LAYOUTS = 8  # orders of columns that are remembered; clients usually have one

Picker = Callable[[Sequence[str]], Callable[[Any], Any]]


@dataclass(frozen=True)
class _Group:
    """Columns of one dtype, which lie in memory together: their places in the frame, and what picks their values."""

    dtype: Any
    places: Any  # array of integers
    pick: Callable[[Any], Any]


@dataclass(frozen=True)
class _Layout:
    """One order of the columns: their names as pandas' index, and their groups."""

    names: Any
    groups: list[_Group]


class FrameReader:
    """Makes frames for one argument. ``columns`` maps each column's name to its dtype."""

    def __init__(self, columns: dict[str, Any]) -> None:
        self.columns = columns
        self._layouts: dict[tuple[Any, tuple[str, ...]], _Layout] = {}

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
            if set(map(len, records)) != {len(self.columns)}:
                return None
            return self.frame(records, tuple(records[0]))
        except TypeError:  # what has no length, or no keys
            return None

    def frame(self, records: list[Any], names: tuple[str, ...], pick: Picker | None = None) -> Any:
        """The frame of records of any kind; None to take the plain path.

        ``pick`` makes of some names the function that picks their values out of a record (one value, or a tuple);
        given, the values are of the columns' types. Without it, records are dictionaries of anything.
        """
        try:
            layout = self._layout(names, pick or _pick_items)
            blocks = []
            for group in layout.groups:
                block = _block(list(map(group.pick, records)), group, checked=pick is not None)
                if block is None:
                    return None
                blocks.append((block, group.places))
        except (KeyError, OverflowError):  # another column, or an integer that is too large
            return None
        return _frame(blocks, layout.names, len(records))

    def _layout(self, names: tuple[str, ...], pick: Picker) -> _Layout:
        """The columns in this order, grouped by dtype. Raises KeyError for a name that is none of them."""
        layout = self._layouts.get((pick, names))
        if layout is None:
            import numpy as np
            import pandas as pd

            by_dtype: dict[Any, list[int]] = {}
            for place, name in enumerate(names):
                dtype = self.columns[name]
                alone = getattr(dtype, "kind", "") not in "ibf"  # text: an array of its own
                by_dtype.setdefault((dtype, place if alone else None), []).append(place)
            groups = [
                _Group(dtype, np.array(places), pick([names[place] for place in places]))
                for (dtype, _), places in by_dtype.items()
            ]
            layout = _Layout(pd.Index(names), groups)
            if len(self._layouts) < _MAX_LAYOUTS:
                self._layouts[pick, names] = layout
        return layout


def _pick_items(names: Sequence[str]) -> Callable[[Any], Any]:
    return itemgetter(*names)


def _is_simple(name: Any, dtype: Any) -> bool:
    if not isinstance(name, str) or name.lower().endswith(_DATE_ENDINGS) or name.lower().startswith(_DATE_STARTS):
        return False
    return str(dtype) in ("int64", "float64", "bool", "str", "object")


def _block(values: list[Any], group: _Group, *, checked: bool) -> Any:
    """The columns that pandas would make of these JSON values, one below the other; None where that is not sure.

    ``values`` has an item a record: a value, or a tuple of them where the group has several columns; ``checked``
    says that they are known to be of the group's type. Raises OverflowError.
    """
    import numpy as np

    columns, dtype = len(group.places), group.dtype
    kind = getattr(dtype, "kind", "")
    flat: Iterable[Any] = values if columns == 1 else chain.from_iterable(values)
    if not checked:
        flat = list(flat)
        if not _TYPES[kind].issuperset(map(type, flat)):
            return None
    if kind == "O":
        if dtype == np.dtype(object):
            return np.array([values], dtype=object)
        return dtype.construct_array_type()._from_sequence(values, dtype=dtype)
    numbers = np.fromiter(flat, dtype, len(values) * columns).reshape(len(values), columns)
    if kind == "f" and not (np.abs(numbers) < _LIMIT).all():
        return None
    return numbers.T


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
