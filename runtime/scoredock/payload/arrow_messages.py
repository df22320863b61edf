"""What the messages of an Arrow stream say of themselves, read before pyarrow makes anything of them.

In a body of Arrow's, many things may refer to the same bytes: columns to one buffer, fields to one name, pairs of
metadata to one text, so that kilobytes would become gigabytes. Nobody's writer does that, and it is refused: what is
referred to may not be longer, in all, than what holds it. So is compression, and so are dictionaries that are added to:
each batch would have one of its own.

Source of the format: Arrow's "Encapsulated message format" and its Message.fbs and Schema.fbs; flatbuffers' internals.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_SCHEMA, _DICTIONARY_BATCH, _RECORD_BATCH = 1, 2, 3  # kinds of messages
_UNION, _TIMESTAMP = 14, 10  # types that refer to something whose length is the writer's choice
_CONTINUES = 0xFFFFFFFF
_DEEPEST = 32  # fields, one in another
_BUFFER = struct.Struct("<qq")  # where it begins in the message's body, and its length
_COMPRESSED = "it is compressed; send it without compression"
_ADDED = "it adds to a dictionary; send whole dictionaries"
_SHARED = "parts of it refer to the same bytes"


def check_messages(body: bytes) -> int:
    """Look at every message of a stream; how many messages, fields and columns of batches they are, all together.

    Raises ValueError, which says what is wrong, or struct.error.
    """
    at = parts = 0
    while at + 8 <= len(body):  # with fewer bytes left, that is its end, or it is cut off
        (length,) = struct.unpack_from("<I", body, at)
        at += 4
        if length == _CONTINUES:
            (length,) = struct.unpack_from("<I", body, at)
            at += 4
        if length == 0 or at + length > len(body):  # its end; or a message that is cut off, which pyarrow refuses
            break
        message = _Message(body[at : at + length])
        at += length + message.check()
        parts += 1 + message.parts
    return parts


class _Message:
    """The flatbuffer of one message."""

    def __init__(self, metadata: bytes) -> None:
        self._bytes = metadata
        self._left = len(metadata)  # of its bytes, how many have not been referred to yet
        self.parts = 0  # its fields, or the columns of its batch

    def check(self) -> int:
        """Raise ValueError for what is refused; the length of the message's body."""
        root = self._number(0, "<I")
        kind_at, length_at, header = self._field(root, 1), self._field(root, 3), self._table(root, 2)
        kind = self._number(kind_at, "<B") if kind_at else 0
        length = self._number(length_at, "<q") if length_at else 0
        if length < 0:
            raise ValueError("a message's body has a negative length")
        self._pairs(root, 4)
        if not header:
            return length
        if kind == _SCHEMA:
            self._fields(header, 1, 0)
            self._pairs(header, 2)
        elif kind == _DICTIONARY_BATCH and self._table(header, 1):
            adds = self._field(header, 2)
            if adds and self._number(adds, "<B"):
                raise ValueError(_ADDED)
            self._batch(self._table(header, 1), length)
        elif kind == _RECORD_BATCH:
            self._batch(header, length)
        return length

    def _batch(self, batch: int, length: int) -> None:
        if self._field(batch, 3):
            raise ValueError(_COMPRESSED)
        self.parts = self._vector(batch, 1)[1]
        start, count = self._vector(batch, 2)
        self._refer(16 * (self.parts + count))
        used = sum(size for _, size in _BUFFER.iter_unpack(self._bytes[start : start + 16 * count]))
        if used > length:
            raise ValueError(_SHARED)

    def _fields(self, table: int, number: int, depth: int) -> None:
        """A vector of fields, and theirs."""
        if depth > _DEEPEST:
            raise ValueError("its types are nested too deeply")
        for field in self._tables(table, number):
            self.parts += 1
            self._text(field, 0)
            kind, type_ = self._field(field, 2), self._table(field, 3)
            if kind and type_ and self._number(kind, "<B") == _TIMESTAMP:
                self._text(type_, 1)
            elif kind and type_ and self._number(kind, "<B") == _UNION:
                self._refer(4 * self._vector(type_, 1)[1])
            self._fields(field, 5, depth + 1)
            self._pairs(field, 6)

    def _pairs(self, table: int, number: int) -> None:
        """A vector of keys and values."""
        for pair in self._tables(table, number):
            self._text(pair, 0)
            self._text(pair, 1)

    def _refer(self, size: int) -> None:
        """So many bytes are referred to. Raises ValueError when there are not so many, or they were before."""
        self._left -= size
        if self._left < 0:
            raise ValueError(_SHARED)

    def _text(self, table: int, number: int) -> None:
        self._refer(self._vector(table, number)[1])

    def _tables(self, table: int, number: int) -> Iterator[int]:
        start, count = self._vector(table, number)
        for place in range(start, start + 4 * count, 4):
            self._refer(8)  # an offset to it, and one from it to its layout: no table is shorter
            yield place + self._number(place, "<I")

    def _vector(self, table: int, number: int) -> tuple[int, int]:
        """Where its items begin, and how many there are; a text is a vector of bytes."""
        start = self._table(table, number)
        return (start + 4, self._number(start, "<I")) if start else (0, 0)

    def _table(self, table: int, number: int) -> int:
        """Where the table or vector is that a field refers to; 0 where there is none."""
        place = self._field(table, number)
        return place + self._number(place, "<I") if place else 0

    def _field(self, table: int, number: int) -> int:
        """Where a table has its field of that number; 0 where it has none."""
        layout = table - self._number(table, "<i")
        entry = 4 + 2 * number
        if entry >= self._number(layout, "<H"):
            return 0
        offset = self._number(layout + entry, "<H")
        return table + offset if offset else 0

    def _number(self, place: int, kind: str) -> int:
        return int(struct.unpack_from(kind, self._bytes, place)[0])
