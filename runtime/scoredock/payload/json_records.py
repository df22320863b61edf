"""Large bodies of records straight into columns: msgspec checks each value's type while it parses.

Saves a dictionary a record. For scripts with one argument, a frame of plain columns (see ``json_frames``); ``read``
returns None wherever the result is not sure to be the plain path's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from scoredock.payload.json_frames import FrameReader
from scoredock.payload.json_pieces import NotPlain, Sinks
from scoredock.signature import Argument

MIN_BODY = 2048  # bytes; below this the way over dictionaries is as fast
_HEAD = 16 * 1024  # bytes at the body's start that hold the first record, or it is too long to be looked at

_first_value = json.JSONDecoder().raw_decode


class RecordsReader:
    """Reads the one argument of a run() whose frames ``reader`` makes, out of at least ``min_body`` bytes."""

    min_body = MIN_BODY

    def __init__(self, argument: Argument, reader: FrameReader) -> None:
        self._reader = reader
        quoted = json.dumps(argument.name)
        self._key = quoted.encode()
        self._start = re.compile(rf"\s*\{{\s*{re.escape(quoted)}\s*:\s*\[\s*")
        # Names of columns may be no names of Python's, so that the fields have others.
        self._fields = {name: f"c{number}" for number, name in enumerate(reader.columns)}
        types = {"f": float, "i": int, "b": bool, "O": str}
        record = msgspec.defstruct(
            "Record",
            [(self._fields[name], types[dtype.kind]) for name, dtype in reader.columns.items()],
            rename={field: name for name, field in self._fields.items()},
            forbid_unknown_fields=True,
            gc=False,
        )
        body = msgspec.defstruct("Body", [("records", list[record])], rename={"records": argument.name})  # type: ignore[valid-type]
        self._decoder = msgspec.json.Decoder(body)
        self._items = msgspec.json.Decoder(list[record])  # type: ignore[valid-type]
        self._name = argument.name

    @classmethod
    def for_arguments(cls, arguments: tuple[Argument, ...], frames: dict[str, FrameReader]) -> RecordsReader | None:
        """A reader for a run() with one argument, if that is a frame of plain columns."""
        if len(arguments) != 1 or arguments[0].name not in frames:
            return None
        return cls(arguments[0], frames[arguments[0].name])

    def read(self, body: bytes) -> Any:
        """The frame; None to take the plain path."""
        names = self._names(body)
        if names is None:
            return None
        try:
            records: list[Any] = self._decoder.decode(body).records  # type: ignore[attr-defined]
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        return self._reader.frame(records, names, self._pick) if records else None

    def sinks(self, body: bytes) -> Sinks:
        """What makes the frame of pieces; empty to take the plain path.

        They raise NotPlain for records that are not sure to give what the plain path does.
        """
        names = self._names(body)
        return {self._name: lambda: _Pieces(self, names)} if names is not None else {}

    def piece(self, items: bytes, names: tuple[str, ...]) -> Any:
        """The frame of a JSON list of records; None to take the plain path."""
        try:
            records: list[Any] = self._items.decode(items)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        return self._reader.frame(records, names, self._pick) if records else None

    def _pick(self, names: Sequence[str]) -> Callable[[Any], Any]:
        return attrgetter(*map(self._fields.__getitem__, names))

    def _names(self, body: bytes) -> tuple[str, ...] | None:
        """The columns in the order of the first record, which is the frame's; None when that is not to be seen."""
        if _count(self._key, body) != 1:  # a repeated key counts by its last value
            return None
        head = body[:_HEAD].decode("utf-8", "replace")
        start = self._start.match(head)
        if start is None:
            return None
        try:
            record, _ = _first_value(head, start.end())
        except (ValueError, RecursionError):
            return None
        return tuple(record) if isinstance(record, dict) and record else None


class _Pieces:
    """A frame in pieces, as a sink."""

    def __init__(self, reader: RecordsReader, names: tuple[str, ...]) -> None:
        self._reader = reader
        self._names = names
        self._frames: list[Any] = []

    def add(self, items: bytes) -> Any:
        frame = self._reader.piece(items, self._names)
        if frame is None:
            raise NotPlain
        self._frames.append(frame)
        return frame

    def result(self) -> Any:
        import pandas as pd

        frames, self._frames = self._frames, []
        return pd.concat(frames, ignore_index=True)


def _count(part: bytes, body: bytes) -> int:
    """How often ``part`` is in a body; in steps of a megabyte, since each holds the interpreter lock."""
    steps = range(0, len(body), 1024 * 1024)
    return sum(body.count(part, start, start + 1024 * 1024 + len(part) - 1) for start in steps)
