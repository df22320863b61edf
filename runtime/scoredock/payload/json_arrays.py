"""Large JSON bodies straight into NumPy arrays, with no Python list in between.

simdjson parses the body and copies an array's numbers into a buffer. That is done only where the result is
sure to be what the plain path (JSON to lists, inference-schema to arrays) gives; ``read`` returns None for
everything else: other dtypes, more than two dimensions, nulls, strings, booleans, integers beyond 64 bits,
ragged rows, repeated keys, wrong shapes. Bodies that are parsed in pieces (``json_pieces``) have ``sinks`` instead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

from scoredock.payload.json_pieces import NotPlain, Sinks
from scoredock.signature import Argument

MIN_BODY = 1024  # bytes; below this the plain path is as fast
MAX_NAMES = 256  # in a body's object: the parser looks for each from the first one on

_BRACKET = ord("[")
_UNREADABLE = (ValueError, TypeError, RuntimeError, AttributeError, RecursionError)

# dtype kind and size -> the type of number that is read, where every such number fits the dtype exactly as
# NumPy would make it fit
_READ_AS = {"f8": "d", "f4": "d", "i8": "i", "u8": "u"}


@dataclass(frozen=True)
class _Plan:
    """How one argument is read: ``columns`` None is one dimension."""

    columns: int | None
    read_as: str
    dtype: Any


class ArrayReader:
    """Reads the arguments of one run(), out of bodies of at least ``min_body`` bytes."""

    min_body = MIN_BODY

    def __init__(self, plans: dict[str, _Plan]) -> None:
        self._plans = plans
        self._parsers: list[Any] = []  # one for each thread that has been reading at the same time

    @classmethod
    def for_arguments(cls, arguments: tuple[Argument, ...]) -> ArrayReader | None:
        """A reader for arguments of which at least one is an array of numbers; None when none is."""
        plans = {argument.name: plan for argument in arguments if (plan := _plan(argument.type)) is not None}
        return cls(plans) if plans else None

    def read(self, body: bytes) -> dict[str, Any] | None:
        """The values of a body's JSON object, arrays as NumPy arrays; None to take the plain path."""
        try:
            import numpy as np
            import simdjson
        except ImportError:
            return None
        brackets = int(np.count_nonzero(np.frombuffer(body, np.uint8) == _BRACKET))
        parser = self._parser(simdjson)
        try:
            return self._values(parser.parse(body), brackets, np)
        except _UNREADABLE:
            return None
        finally:
            self._parsers.append(parser)

    def sinks(self) -> Sinks:
        """For each array, what makes it of pieces; empty where there is nothing that could read them.

        They raise NotPlain for what is not sure to be what the plain path gives.
        """
        try:
            import numpy as np
            import simdjson
        except ImportError:
            return {}
        return {name: partial(_Pieces, self, plan, simdjson, np) for name, plan in self._plans.items()}

    def array(self, items: bytes, plan: _Plan, simdjson: Any, np: Any) -> Any:
        """The array of a JSON list; None to take the plain path."""
        brackets = items.count(b"[")
        parser = self._parser(simdjson)
        try:
            array = _array(parser.parse(items), plan, np)
        except _UNREADABLE:
            return None
        finally:
            self._parsers.append(parser)
        if array is None or brackets != (1 if plan.columns is None else 1 + len(array)):
            return None
        return array

    def _parser(self, simdjson: Any) -> Any:
        try:
            return self._parsers.pop()
        except IndexError:
            return simdjson.Parser()

    def _values(self, document: Any, brackets: int, np: Any) -> dict[str, Any] | None:
        names = list(document.keys())
        if len(names) > MAX_NAMES or len(set(names)) != len(names):
            return None
        values: dict[str, Any] = {}
        for name in names:
            value, plan = document[name], self._plans.get(name)
            if plan is None:
                values[name] = _plain(value)
                continue
            array = _array(value, plan, np)
            if array is None:
                return None
            # Numbers come flattened; that there are no deeper arrays shows in the number of brackets.
            brackets -= 1 if plan.columns is None else 1 + len(array)
            values[name] = array
        return values if brackets == 0 else None


class _Pieces:
    """An array in pieces, as a sink. The brackets of each piece show that it has no deeper lists."""

    def __init__(self, reader: ArrayReader, plan: _Plan, simdjson: Any, np: Any) -> None:
        self._read = partial(reader.array, plan=plan, simdjson=simdjson, np=np)
        self._np = np
        self._arrays: list[Any] = []

    def add(self, items: bytes) -> Any:
        array = self._read(items)
        if array is None:
            raise NotPlain
        self._arrays.append(array)
        return array

    def result(self) -> Any:
        arrays, self._arrays = self._arrays, []
        return self._np.concatenate(arrays)


def _plan(type_: Any) -> _Plan | None:
    if type(type_).__name__ != "NumpyParameterType" or not (type_.enforce_column_type and type_.enforce_shape):
        return None
    sample = type_.sample_input
    dtype = sample.dtype
    read_as = _READ_AS.get(f"{dtype.kind}{dtype.itemsize}")
    if read_as is None or not dtype.isnative or sample.ndim not in (1, 2):
        return None
    return _Plan(None if sample.ndim == 1 else sample.shape[1], read_as, dtype)


def _array(value: Any, plan: _Plan, np: Any) -> Any:
    rows = len(value)
    numbers = np.frombuffer(
        value.as_buffer(of_type=plan.read_as), dtype={"d": "f8", "i": "i8", "u": "u8"}[plan.read_as]
    )
    if rows == 0 or len(numbers) != rows * (1 if plan.columns is None else plan.columns):
        return None
    if plan.columns is not None:
        if set(map(len, value)) != {plan.columns}:
            return None
        numbers = numbers.reshape(rows, plan.columns)
    with np.errstate(all="ignore"):
        made = numbers.astype(plan.dtype)  # a copy of its own, which the script may write to
        # A number that is too large for its type has become infinite, and so is the sum: the plain path says which.
        if plan.dtype.itemsize < 8 and not math.isfinite(np.add.reduce(made, axis=None)):
            return None
    return made


def _plain(value: Any) -> Any:
    for name in ("as_dict", "as_list"):
        if hasattr(value, name):
            return getattr(value, name)()
    return value
