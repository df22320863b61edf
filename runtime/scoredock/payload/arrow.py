"""Arrow's tables to run()'s arguments, and results to Arrow's stream format. Needs pyarrow."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from scoredock.errors import RefusedValue, Unwritable
from scoredock.payload.arrow_stream import read_stream
from scoredock.payload.json_weight import WIDEST, text_width
from scoredock.payload.npy import cast, fitted
from scoredock.payload.words import describe, shape_text
from scoredock.signature import EMPTY, Argument

A_LIST, A_TEXT, A_VALUE = 160, 56, 40  # bytes of memory of what a row's list, text or number becomes
_MOST_NAMES = 20  # in a message

logger = logging.getLogger("scoredock.payload")


def read_arrow(
    body: bytes, arguments: tuple[Argument, ...], take: Callable[[int], None], max_text: int
) -> dict[str, Any]:
    """run()'s arguments: the table as its one frame, or each column as the argument of its name.

    ``take`` is told how many bytes of memory values are going to take, before they do.

    Raises RequestProblem: 415 when pyarrow is not installed, 400 for what is not this format or not allowed in it,
    413 for more than ``max_text`` bytes of text in dictionaries; and RefusedValue for columns that do not fit the
    schema.
    """
    table, parts = read_stream(body, max_text, take)
    width = max((text_width(one.type) for one in arguments), default=0)
    take(parts + sum(_weight(table.column(place), width) for place in range(table.num_columns)))
    frames = [one for one in arguments if type(one.type).__name__ == "PandasParameterType"]
    required = [one for one in arguments if one.default is EMPTY]
    if len(frames) == 1 and required in ([], frames):
        with _refusing(frames[0].name, describe(frames[0].type), table):
            return {frames[0].name: _frame(table, frames[0])}
    arrays = [one for one in arguments if type(one.type).__name__ == "NumpyParameterType"]
    if len(arrays) == 1 and required in ([], arrays) and arrays[0].name not in table.column_names:
        with _refusing(arrays[0].name, describe(arrays[0].type), table):
            return {arrays[0].name: _matrix(table, arrays[0])}
    values = {}
    for one in arguments:
        if one.name in table.column_names:
            with _refusing(one.name, describe(one.type), table.select([one.name])):
                values[one.name] = _value(table, one)
    return values


@contextmanager
def _refusing(path: str, expected: str, columns: Any) -> Iterator[None]:
    """Make a RefusedValue of what pyarrow, pandas and NumPy raise for columns that they cannot convert."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, ValueError, TypeError, KeyError, OverflowError) as error:
        logger.debug("%s cannot be converted: %s", path, error)
        types = _listed(list(dict.fromkeys(map(str, columns.schema.types))))
        raise RefusedValue(path, expected, f"values of type {types} that cannot be converted") from None


def _weight(column: Any, width: int) -> int:
    """About how many bytes a column takes once it is a part of an array, a frame or a list.

    ``width`` is as in ``text_width``: numbers, too, may become text.
    """
    import pyarrow as pa

    types, type_, lists, values = pa.types, column.type, 0, len(column)
    while types.is_fixed_size_list(type_):
        values *= type_.list_size
        type_ = type_.value_type
    if types.is_list(type_) or types.is_large_list(type_):
        lists = values
        values = sum(len(chunk.flatten()) for chunk in column.chunks)
        type_ = type_.value_type
        while types.is_fixed_size_list(type_):
            values *= type_.list_size
            type_ = type_.value_type
    text = 0
    if types.is_string(type_) or types.is_large_string(type_):
        text = values * A_TEXT + WIDEST * column.nbytes
    return int(lists * A_LIST + values * (A_VALUE + width) + text)


def _listed(names: Sequence[str]) -> str:
    """Names for a message; not all of them where there are many."""
    shown = ", ".join(names[:_MOST_NAMES])
    return shown if len(names) <= _MOST_NAMES else f"{shown} and {len(names) - _MOST_NAMES} more"


def _frame(table: Any, argument: Argument) -> Any:
    type_, names = argument.type, table.column_names
    sample = type_.sample_input
    renamed = type_.apply_column_names and len(names) == len(sample.columns)
    if type_.enforce_shape and not renamed and set(names) != set(sample.columns):
        expected = ", ".join(map(str, sample.columns))
        raise RefusedValue(argument.name, f"the columns {expected}", _listed(names))
    try:
        frame = table.to_pandas(ignore_metadata=True)
    except Exception:
        for name in names:  # which one is it?
            one = table.select([name])
            with _refusing(f"{argument.name}.{name}", "values that pandas can hold", one):
                one.to_pandas(ignore_metadata=True)
        raise
    if renamed:
        frame.columns = sample.columns.copy()
    if not type_.enforce_column_type:
        return frame
    for name, wanted in sample.dtypes.items():
        if name in frame and frame[name].dtype != wanted:
            frame[name] = _column(frame[name], wanted, f"{argument.name}.{name}")
    return frame


def _column(series: Any, wanted: Any, path: str) -> Any:
    """A column as the sample's dtype. Raises RefusedValue."""
    import numpy as np

    numeric = isinstance(wanted, np.dtype) and wanted.kind in "biufMm"
    try:
        if numeric:
            cast(series.to_numpy(), wanted, path)
        elif series.dtype.kind != "O":
            raise TypeError
        with np.errstate(all="ignore"):  # a script may have NumPy raise what is decided here
            return series.astype(wanted)
    except (TypeError, ValueError, OverflowError):
        raise RefusedValue(path, f"values of type {wanted}", f"values of type {series.dtype}") from None


def _matrix(table: Any, argument: Argument) -> Any:
    """All columns side by side."""
    import numpy as np

    sample = argument.type.sample_input
    if argument.type.enforce_shape and sample.ndim == 2 and table.num_columns != sample.shape[1]:
        got = f"one of shape {(table.num_rows, table.num_columns)}"
        raise RefusedValue(argument.name, f"an array of shape {shape_text(sample.shape)}", got)
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        with _refusing(f"{argument.name}.{name}", "values that NumPy can hold", table.select([name])):
            columns.append(_array(column, argument.name))
    return fitted(np.column_stack(columns), argument.type, argument.name)


def _value(table: Any, argument: Argument) -> Any:
    column = table.column(argument.name)
    if type(argument.type).__name__ == "NumpyParameterType":
        return fitted(_array(column, argument.name), argument.type, argument.name)
    if argument.type is None or argument.type.sample_data_type in (list, tuple):
        return column.to_pylist()
    if len(column) != 1:
        raise RefusedValue(argument.name, "a column of one row", f"one of {len(column)} rows")
    return column[0].as_py()


def _array(column: Any, path: str) -> Any:
    """A column as an array; lists of fixed size are its further dimensions. Raises RefusedValue for nulls and lists."""
    import pyarrow as pa

    values, shape = column.combine_chunks(), [len(column)]
    while pa.types.is_fixed_size_list(values.type):
        if values.null_count:
            raise RefusedValue(path, "lists", "nulls")
        shape.append(values.type.list_size)
        values = values.flatten()
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        raise RefusedValue(path, "numbers, or lists of one fixed size", f"a column of type {values.type}")
    if values.null_count and not pa.types.is_floating(values.type):
        raise RefusedValue(path, f"values of type {values.type}", f"{values.null_count} nulls among them")
    return values.to_numpy(zero_copy_only=False).reshape(shape)


def write_arrow(result: Any) -> bytes:
    """A frame, a series, records, columns by name, or an array of at most two dimensions. Raises Unwritable."""
    try:
        import pyarrow as pa
    except ImportError:
        raise Unwritable("the server has no pyarrow to write it with") from None
    try:
        table = _as_table(result, pa)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise Unwritable(f"run() returned a {type(result).__name__} that is no table: {error}") from None
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _as_table(result: Any, pa: Any) -> Any:
    kind = f"{type(result).__module__.partition('.')[0]}.{type(result).__name__}"
    if kind == "pandas.DataFrame":
        return pa.Table.from_pandas(result, preserve_index=False)
    if isinstance(result, dict):
        columns = {str(name): column for name, column in result.items()}
        if len(columns) != len(result):
            raise ValueError("keys are written alike")
        return pa.table(columns)
    if isinstance(result, (list, tuple)) and result and all(isinstance(row, dict) for row in result):
        return pa.Table.from_pylist(list(result))
    if kind == "pandas.Series" or not (isinstance(result, (list, tuple)) or kind == "numpy.ndarray"):
        return pa.table({"result": result if kind == "pandas.Series" else [result]})
    import numpy as np

    array = np.asarray(result)
    if array.ndim == 1:
        return pa.table({"result": array})
    if array.ndim != 2:
        raise ValueError(f"it has {array.ndim} dimensions")
    return pa.table({str(number): np.ascontiguousarray(column) for number, column in enumerate(array.T)})
