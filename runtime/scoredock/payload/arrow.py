"""Tables in Arrow's stream format, in and out: ``application/vnd.apache.arrow.stream``. Needs pyarrow.

Source of the format: Arrow's columnar format specification, "IPC Streaming Format". A body is not trusted: every
batch is validated in full; compressed bodies and types that stand for more than their bytes are refused, so that a
table in memory is never much larger than its body. Only text in dictionaries may be: it is written out, up to the
length that it could have in a body of JSON.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scoredock.errors import RefusedValue, RequestProblem, Unwritable
from scoredock.payload.npy import cast, fitted
from scoredock.payload.words import describe
from scoredock.signature import EMPTY, Argument

ARROW = "application/vnd.apache.arrow.stream"
MARKS = 3  # bytes of JSON around each text: quotes and a comma
_RECORD_BATCH, _DICTIONARY_BATCH = 3, 2  # kinds of messages


def read_arrow(body: bytes, arguments: tuple[Argument, ...], max_text: int) -> dict[str, Any]:
    """run()'s arguments: the table as its one frame, or each column as the argument of its name.

    Raises RequestProblem: 415 when pyarrow is not installed, 400 for what is not this format or not allowed in it,
    413 for more than ``max_text`` bytes of text in dictionaries; and RefusedValue for columns that do not fit the
    schema.
    """
    table = _written_out(_table(body), max_text)
    frames = [one for one in arguments if type(one.type).__name__ == "PandasParameterType"]
    required = [one for one in arguments if one.default is EMPTY]
    if len(frames) == 1 and required in ([], frames):
        with _refusing(frames[0].name, describe(frames[0].type)):
            return {frames[0].name: _frame(table, frames[0])}
    arrays = [one for one in arguments if type(one.type).__name__ == "NumpyParameterType"]
    if len(arrays) == 1 and required in ([], arrays) and arrays[0].name not in table.column_names:
        with _refusing(arrays[0].name, describe(arrays[0].type)):
            return {arrays[0].name: _matrix(table, arrays[0])}
    values = {}
    for one in arguments:
        if one.name in table.column_names:
            with _refusing(one.name, describe(one.type)):
                values[one.name] = _value(table, one)
    return values


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
        return pa.table({str(name): column for name, column in result.items()})
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


# --- reading


def _table(body: bytes) -> Any:
    try:
        import pyarrow as pa
    except ImportError:
        raise RequestProblem(
            415, f"{ARROW} needs pyarrow on the server. Expects Content-Type to be application/json"
        ) from None
    try:
        _refuse_compressed(pa.ipc.MessageReader.open_stream(pa.py_buffer(body)))
        reader = pa.ipc.open_stream(pa.py_buffer(body))
        for field in reader.schema:
            if not _is_plain(field.type, pa.types):
                raise _broken(f"column {field.name!r} is of type {field.type}, which is not taken")
        if not len(reader.schema) or len(set(reader.schema.names)) != len(reader.schema):
            raise _broken("its columns need names that differ, and there has to be one")
        batches, rows = [], 0
        for batch in reader:
            batch.validate(full=True)
            rows += batch.num_rows
            if rows > 8 * len(body):  # no row is shorter than a bit
                raise _broken(f"it says that it has more than {rows} rows")
            batches.append(batch)
        return pa.Table.from_batches(batches, reader.schema)
    except (pa.ArrowException, OSError, ValueError, OverflowError, struct.error) as error:
        raise _broken(str(error)) from None


def _written_out(table: Any, max_text: int) -> Any:
    """The table with text in place of dictionaries of text. Raises RequestProblem (413)."""
    import pyarrow as pa

    length = 0
    for place, field in enumerate(table.schema):
        if not pa.types.is_dictionary(field.type):
            continue
        import pyarrow.compute as pc

        chunks = table.column(place).chunks
        for chunk in chunks:
            lengths = pc.binary_length(chunk.dictionary)
            length += (pc.sum(lengths.take(chunk.indices)).as_py() or 0) + MARKS * len(chunk)
        if length > max_text:
            raise RequestProblem(
                413,
                f"Column {field.name!r}: expected dictionaries that stand for at most {max_text} bytes of text, got "
                f"{length} bytes. The setting is SCOREDOCK_MAX_BODY_MB.",
            )
        text = pa.chunked_array([chunk.dictionary_decode() for chunk in chunks], field.type.value_type)
        table = table.set_column(place, field.name, text)
    return table


def _is_plain(type_: Any, types: Any, *, inside: bool = False) -> bool:
    """Whether a column of this type takes about as much memory as its bytes, and means something to NumPy."""
    if types.is_boolean(type_) or types.is_integer(type_) or types.is_floating(type_):
        return True
    if inside and types.is_fixed_size_list(type_):
        return int(type_.list_size) > 0 and _is_plain(type_.value_type, types, inside=True)
    if inside:
        return False
    if types.is_fixed_size_list(type_) or types.is_list(type_) or types.is_large_list(type_):
        size: int = getattr(type_, "list_size", 1)
        return size > 0 and _is_plain(type_.value_type, types, inside=True)
    if types.is_dictionary(type_):
        return bool(types.is_string(type_.value_type) or types.is_large_string(type_.value_type))
    others = (types.is_string, types.is_large_string, types.is_timestamp, types.is_date)
    return any(is_one(type_) for is_one in others)


def _refuse_compressed(messages: Any) -> None:
    """A few compressed bytes may stand for gigabytes. Raises RequestProblem (400)."""
    while True:
        try:
            message = messages.read_next_message()
        except StopIteration:
            return
        metadata = bytes(message.metadata)
        (root,) = struct.unpack_from("<I", metadata, 0)
        kind = _field(metadata, root, 1)
        header = _inner(metadata, root, 2)
        if header and kind and metadata[kind] == _DICTIONARY_BATCH:
            header = _inner(metadata, header, 1)
        elif not kind or metadata[kind] != _RECORD_BATCH:
            continue
        if header and _field(metadata, header, 3):
            raise _broken("it is compressed; send it without compression")


def _field(buffer: bytes, table: int, number: int) -> int:
    """Where a flatbuffer's table has its field of that number; 0 where it has none."""
    (back,) = struct.unpack_from("<i", buffer, table)
    (size,) = struct.unpack_from("<H", buffer, table - back)
    entry = 4 + 2 * number
    if entry >= size:
        return 0
    (offset,) = struct.unpack_from("<H", buffer, table - back + entry)
    return table + offset if offset else 0


def _inner(buffer: bytes, table: int, number: int) -> int:
    """Where the table is that a field refers to; 0 where there is none."""
    place = _field(buffer, table, number)
    return place + int(struct.unpack_from("<I", buffer, place)[0]) if place else 0


def _broken(reason: str) -> RequestProblem:
    return RequestProblem(400, f"POST body could not be read as {ARROW}: {reason}")


# --- to what run() takes


@contextmanager
def _refusing(path: str, expected: str) -> Iterator[None]:
    """Make a RefusedValue of what pyarrow, pandas and NumPy raise for values that they cannot convert."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, ValueError, TypeError, KeyError, OverflowError) as error:
        got = f"values that cannot be converted ({type(error).__name__}: {error})"
        raise RefusedValue(path, expected, got) from None


def _frame(table: Any, argument: Argument) -> Any:
    type_, names = argument.type, table.column_names
    sample = type_.sample_input
    try:
        frame = table.to_pandas(ignore_metadata=True)
    except Exception:
        for name in names:  # which one is it?
            with _refusing(f"{argument.name}.{name}", "values that pandas can hold"):
                table.select([name]).to_pandas(ignore_metadata=True)
        raise
    if type_.apply_column_names and len(names) == len(sample.columns):
        frame.columns = sample.columns.copy()
    if type_.enforce_shape and set(frame.columns) != set(sample.columns):
        expected = ", ".join(map(str, sample.columns))
        raise RefusedValue(argument.name, f"the columns {expected}", ", ".join(names))
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
        return series.astype(wanted)
    except (TypeError, ValueError, OverflowError):
        raise RefusedValue(path, f"values of type {wanted}", f"values of type {series.dtype}") from None


def _matrix(table: Any, argument: Argument) -> Any:
    """All columns side by side."""
    import numpy as np

    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        with _refusing(f"{argument.name}.{name}", "values that NumPy can hold"):
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
