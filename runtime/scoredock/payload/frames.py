"""JSON records straight into a pandas frame, where that gives the frame that inference-schema would make.

inference-schema writes the records as JSON again, has pandas read them and casts the columns. Here columns of
plain integers, floats, strings and booleans are made directly. Everything else (dates, nulls, mixed types,
missing or unknown columns, other orients) is left to it: ``read`` returns None.

One difference is wanted: pandas' reader loses the last digit of some floats (5e-324 becomes 0.0); here they
are exact.
"""

from __future__ import annotations

import json
from typing import Any

from scoredock.signature import Argument

# pandas reads columns with such names as dates, whatever is in them
_DATE_ENDINGS = ("_at", "_time")
_DATE_STARTS = ("timestamp", "modified", "date")
_LEAST, _GREATEST = -(2**63), 2**63 - 1


class FrameReader:
    """Makes frames for one argument. ``columns`` maps each column's name to its dtype."""

    def __init__(self, columns: dict[str, Any]) -> None:
        self._columns = columns

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
        names = list(records[0])
        if len(names) != len(self._columns):
            return None
        try:
            columns = {name: [record[name] for record in records] for name in names}
            if any(len(record) != len(names) for record in records):
                return None
        except (KeyError, TypeError):
            return None
        import pandas as pd

        series = {}
        for name, values in columns.items():
            series[name] = _column(values, self._columns.get(name))
            if series[name] is None:
                return None
        return pd.DataFrame(series, copy=False)


def _is_simple(name: Any, dtype: Any) -> bool:
    if not isinstance(name, str) or name.lower().endswith(_DATE_ENDINGS) or name.lower().startswith(_DATE_STARTS):
        return False
    return str(dtype) in ("int64", "float64", "bool", "str", "object")


def _column(values: list[Any], dtype: Any) -> Any:
    """The column that pandas would make of these JSON values; None where that is not sure."""
    import numpy as np
    import pandas as pd

    kinds = set(map(type, values))
    kind = getattr(dtype, "kind", "")
    if kind == "O":
        if kinds != {str}:
            return None
        return pd.Series(values, dtype=object) if dtype == np.dtype(object) else pd.array(values, dtype=dtype)
    if kind == "b":
        return np.array(values, dtype=dtype) if kinds == {bool} else None
    if (kind == "i" and kinds == {int}) or (kind == "f" and kinds <= {int, float}):
        if int in kinds and not (min(values) >= _LEAST and max(values) <= _GREATEST):
            return None
        column = np.array(values, dtype=dtype)
        return column if kind == "i" or np.isfinite(column).all() else None
    return None
