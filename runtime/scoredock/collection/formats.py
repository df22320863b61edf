"""The formats of files: pieces as they come, and what a file is made of."""

from __future__ import annotations

import csv
import io
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from scoredock.collection.tables import Table
from scoredock.collection.values import is_missing, to_json


@dataclass(frozen=True)
class Piece:
    """Part of a file's content. Pieces with different ``columns`` go to different files; None: they are all alike.

    ``beside`` is the name and the content of a file of its own in the same folder: a body too large for a line.
    """

    columns: tuple[str, ...] | None
    content: Any
    size: int
    beside: tuple[str, bytes] | None = None


class Format(ABC):
    """How tables become files. ``grows``: a file can be added to at its end, piece by piece."""

    suffix: str
    grows = True

    @abstractmethod
    def piece(self, table: Table) -> Piece:
        """A table encoded, as far as one table can be."""

    def head(self, columns: tuple[str, ...] | None) -> bytes:
        """What a new file begins with."""
        return b""

    def content(self, columns: tuple[str, ...] | None, pieces: Sequence[Piece]) -> bytes:
        """Pieces, without the head where the format grows; else the whole file."""
        return b"".join(piece.content for piece in pieces)


class Jsonl(Format):
    """One JSON object a line; values that JSON has no words for are null (NaN), ISO text (times) or base64 (bytes)."""

    suffix = ".jsonl"

    def piece(self, table: Table) -> Piece:
        return lines([json_line(record) for record in table.records()])


class Csv(Format):
    """RFC 4180's quotes, lines that end in a line feed, a header; what is missing is empty."""

    suffix = ".csv"

    def piece(self, table: Table) -> Piece:
        content = _csv(map(_cell, row) for row in table.rows)
        return Piece(table.names, content, len(content))

    def head(self, columns: tuple[str, ...] | None) -> bytes:
        return _csv([columns or ()])


class Parquet(Format):
    """Written whole, by pyarrow; a column whose values have no common type is written as JSON text."""

    suffix = ".parquet"
    grows = False

    def piece(self, table: Table) -> Piece:
        size = len(to_json(table.rows))  # what it would be as text: an upper bound in practice
        return Piece(table.names, table, size)

    def content(self, columns: tuple[str, ...] | None, pieces: Sequence[Piece]) -> bytes:
        import pyarrow
        from pyarrow import parquet

        rows = [row for piece in pieces for row in piece.content.rows]
        arrays = {}
        for index, name in enumerate(columns or ()):
            values = [None if is_missing(row[index]) else row[index] for row in rows]
            try:
                arrays[name] = pyarrow.array(values)
            except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, pyarrow.ArrowNotImplementedError, OverflowError):
                arrays[name] = pyarrow.array([None if value is None else _text(value) for value in values])
        buffer = io.BytesIO()
        parquet.write_table(pyarrow.table(arrays), buffer)
        return buffer.getvalue()


def json_line(record: dict[str, Any]) -> bytes:
    """One line of JSON, with its end."""
    return to_json(record, orjson.OPT_APPEND_NEWLINE)


def lines(parts: Sequence[bytes]) -> Piece:
    """Whole lines as a piece."""
    content = b"".join(parts)
    return Piece(None, content, len(content))


def format_of(name: str) -> Format:
    """``jsonl``, ``csv`` or ``parquet``."""
    formats: dict[str, type[Format]] = {"jsonl": Jsonl, "csv": Csv, "parquet": Parquet}
    return formats[name]()


def _csv(rows: Any) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue().encode("utf-8", "replace")


def _cell(value: Any) -> Any:
    if isinstance(value, (str, int, bool)):
        return value
    if isinstance(value, float):
        return "" if value != value else value
    return _text(value) if isinstance(value, (list, dict)) or not is_missing(value) else ""


def _text(value: Any) -> str:
    text = to_json(value).decode()
    return str(orjson.loads(text)) if text.startswith('"') else text
