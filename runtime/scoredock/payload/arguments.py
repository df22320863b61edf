"""Request to arguments: the named values that a schema declares, in any format that is read."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from scoredock.errors import RequestProblem
from scoredock.payload.arrow import read_arrow
from scoredock.payload.arrow_stream import ARROW
from scoredock.payload.conversion import convert
from scoredock.payload.json_arrays import ArrayReader
from scoredock.payload.json_body import LARGE, is_json, object_of, parse_large
from scoredock.payload.json_frames import FrameReader
from scoredock.payload.json_pieces import NotPlain
from scoredock.payload.json_records import RecordsReader
from scoredock.payload.json_weight import AN_ITEM, is_free, longest_text, text_width, weight
from scoredock.payload.npy import NPY, read_npy
from scoredock.payload.room import UNSHARED, Keeper, Room
from scoredock.payload.words import names_shown, nested
from scoredock.signature import EMPTY, Argument


def schema_arguments(values: Mapping[str, Any], arguments: tuple[Argument, ...]) -> dict[str, Any]:
    """Pick run()'s arguments out of ``values`` and convert each to its schema type.

    Absent values take the parameter's default, converted where its type accepts it; unknown keys are ignored.
    Raises RequestProblem (400) for a required value that is missing, RefusedValue (400) for one that its type
    refuses.
    """
    chosen = {}
    for argument in arguments:
        if argument.name in values:
            value = values[argument.name]
            if argument.type is not None and not (argument.optional and _is_empty(value)):
                value = convert(value, argument.type, argument.name)
            chosen[argument.name] = value
        elif argument.default is not EMPTY:
            chosen[argument.name] = _default(argument)
        else:
            came = names_shown(values)
            raise RequestProblem(400, f"A value is not provided for the {argument.name!r} parameter. Got {came}.")
    return chosen


class SchemaReader:
    """Reads the arguments of one run() out of request bodies, on the fastest way that is sure to be right.

    Bodies have up to ``max_body`` bytes, and so has what a shorter one may stand for. What values take in memory is
    taken from ``room``.
    """

    def __init__(self, arguments: tuple[Argument, ...], max_body: int, room: Room = UNSHARED) -> None:
        self._arguments = arguments
        self._room = room
        self._binary: dict[str, Callable[[bytes, tuple[Argument, ...], Callable[[int], None]], dict[str, Any]]] = {
            NPY: read_npy,
            ARROW: partial(read_arrow, max_text=max_body),
        }
        types = [type_ for argument in arguments for type_ in _all_types(argument)]
        self._width = max(map(text_width, types), default=0)
        self._free = any(map(is_free, types))
        self._weighed_from = room.small * AN_ITEM // (AN_ITEM + self._width)
        self._arrays = ArrayReader.for_arguments(arguments)
        frames = {argument.name: FrameReader.for_argument(argument) for argument in arguments}
        self._frames = {name: reader for name, reader in frames.items() if reader is not None}
        self._records = RecordsReader.for_arguments(arguments, self._frames)

    def read(self, body: bytes, content_type: str, keeper: Keeper | None = None) -> dict[str, Any]:
        """run()'s arguments; ``keeper`` gets what they take of the room.

        Raises RequestProblem: 415 for a type that is not read, 400 for what does not fit, 413 for what takes too much
        memory; and NotReady where others have the room.
        """
        values: dict[str, Any] | None = None
        if is_json(content_type):
            if len(body) >= self._weighed_from or self._free:
                self._take(weight(body, 4 * longest_text(body) if self._free else self._width), keeper)
            if len(body) >= LARGE:
                values = self._read_large(body)
            elif self._arrays is not None and len(body) >= self._arrays.min_body:
                values = self._arrays.read(body)
            elif self._records is not None and len(body) >= self._records.min_body:
                frame = self._records.read(body)
                if frame is not None:
                    return {self._arguments[0].name: frame}
        else:
            read = self._binary.get(content_type.partition(";")[0].strip().lower())
            if read is not None:
                found = read(body, self._arguments, lambda size: self._take(size, keeper))
                return schema_arguments(found, self._arguments)
        if values is None:
            values = object_of(body, content_type)
        for name, reader in self._frames.items():
            frame = reader.read(values.get(name))
            if frame is not None:
                values[name] = frame
        return schema_arguments(values, self._arguments)

    def _read_large(self, body: bytes) -> dict[str, Any] | None:
        """The values of a body that is parsed in pieces: arrays and frames where they are plain; None otherwise."""
        sinks: dict[str, Any] = {}
        if self._arrays is not None:
            sinks.update(self._arrays.sinks())
        if self._records is not None:
            sinks.update(self._records.sinks(body))
        if not sinks:
            return None
        try:
            values = parse_large(body, sinks)
        except (RequestProblem, NotPlain):
            return None
        return values if isinstance(values, dict) else None

    def _take(self, size: int, keeper: Keeper | None) -> None:
        if size >= self._room.small:
            taken = self._room.take(size)
            if keeper is not None:
                keeper.taken = taken


def _all_types(argument: Argument) -> Iterator[Any]:
    """An argument's schema type, and those inside."""
    waiting = [(argument.type, argument.name)]
    while waiting:
        type_, path = waiting.pop()
        yield type_
        waiting += [(inner, inner_path) for inner_path, inner in nested(type_, path).items()]


def _is_empty(value: Any) -> bool:
    """Whether a JSON value counts as absent for an optional argument."""
    return (value is None or isinstance(value, (list, dict, str, int, float))) and not value


def _default(argument: Argument) -> Any:
    type_ = argument.type
    if type_ is None or (argument.optional and not argument.default):
        return argument.default
    if isinstance(argument.default, type_.sample_data_type) and not nested(type_, argument.name):
        return argument.default
    try:
        return convert(copy.deepcopy(argument.default), type_, argument.name)
    except Exception:  # it cannot be copied, or its type refuses it
        return argument.default
