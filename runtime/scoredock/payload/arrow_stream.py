"""Arrow's stream format, read from clients that nobody trusts: ``application/vnd.apache.arrow.stream``. Needs pyarrow.

Source of the format: Arrow's columnar format specification, "IPC Streaming Format". Its messages are looked at before
anything is made of them (``arrow_messages``), and every batch is validated in full; types that stand for more than
their bytes are refused, so that a table in memory is never much larger than its body. Only text in dictionaries may be:
it is written out, up to the length that it could have in a body of JSON.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable
from typing import Any

from scoredock.errors import RequestProblem
from scoredock.payload.arrow_messages import check_messages

ARROW = "application/vnd.apache.arrow.stream"
MARKS = 3  # bytes of JSON around each text: quotes and a comma
A_PART = 1024  # bytes of memory of a message, a field, or a column of a batch, beside its values
MOST_READ_AGAIN = 256 * 1024 * 1024  # bytes of dictionaries that batches refer to, each batch counted: 0.1 s

logger = logging.getLogger("scoredock.payload")


def read_stream(body: bytes, max_text: int, take: Callable[[int], None]) -> tuple[Any, int]:
    """The table of a body, with at most ``max_text`` bytes of text for its dictionaries; and what its parts take.

    That is in bytes of memory; ``take`` is told of it before they are made.

    Raises RequestProblem: 415 when pyarrow is not installed, 400 for what is not this format or not allowed in it,
    413 for longer text.
    """
    try:
        import pyarrow as pa
    except ImportError:
        raise RequestProblem(
            415, f"{ARROW} needs pyarrow on the server. Expects Content-Type to be application/json"
        ) from None
    try:
        parts = A_PART * check_messages(body)
    except ValueError as error:
        raise _broken(str(error)) from None
    except struct.error:
        raise _broken("its messages refer to what is not there") from None
    take(parts)
    return _written_out(_table(body, pa), max_text), parts


def _table(body: bytes, pa: Any) -> Any:
    batches: list[Any] = []
    try:
        reader = pa.ipc.open_stream(pa.py_buffer(body))
        for field in reader.schema:
            if not _is_plain(field.type, pa.types):
                raise _broken(f"column {field.name!r} is of type {field.type}, which is not taken")
        if not len(reader.schema) or len(set(reader.schema.names)) != len(reader.schema):
            raise _broken("its columns need names that differ, and there has to be one")
        rows = read_again = 0
        for batch in reader:
            read_again += sum(one.dictionary.nbytes for one in batch.columns if pa.types.is_dictionary(one.type))
            if read_again > MOST_READ_AGAIN + 16 * len(body):
                raise _broken("its dictionaries are much larger than its batches; send fewer, longer batches")
            batch.validate(full=True)
            rows += batch.num_rows
            if rows > 8 * len(body):  # no row is shorter than a bit
                raise _broken(f"it says that it has more than {rows} rows")
            batches.append(batch)
        return pa.Table.from_batches(batches, reader.schema)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        logger.debug("pyarrow refuses a body: %s", error)
        raise _broken(f"it is cut off, or damaged, behind {len(batches)} whole batches") from None


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
    if types.is_fixed_size_list(type_):
        return int(type_.list_size) > 0 and _is_plain(type_.value_type, types, inside=True)
    if inside:
        return False
    if types.is_list(type_) or types.is_large_list(type_):
        return _is_plain(type_.value_type, types, inside=True)
    if types.is_dictionary(type_):
        return bool(types.is_string(type_.value_type) or types.is_large_string(type_.value_type))
    others = (types.is_string, types.is_large_string, types.is_timestamp, types.is_date)
    return any(is_one(type_) for is_one in others)


def _broken(reason: str) -> RequestProblem:
    return RequestProblem(400, f"POST body could not be read as {ARROW}: {reason}")
