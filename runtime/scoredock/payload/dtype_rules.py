"""What columns and arrays of a dtype take of JSON, where NumPy and pandas would take more, and make other values of it.

To them ``"no"`` and null are true, a number is a date in their own unit, and an integer that does not fit into its type
is another one. The rules here only refuse; what they let pass, NumPy and pandas convert or refuse.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from scoredock.payload.dates import moment, says_no_date

_NUMBER = re.compile(r"\s*[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?\s*", re.ASCII)
_LONGEST_INTEGER = 40  # digits of text; longer ones fit no type, and are left to be refused as text
_ISO = '"2024-05-01T08:00:00"'


class _Missing:
    """Stands for a value that a row does not have."""


MISSING = _Missing()


@dataclass(frozen=True)
class Rule:
    """What a dtype takes. Values of the types ``plain`` always fit; ``advice`` says what to send instead of a value.

    ``bounds`` are those of integers, which fit without being looked at one by one when all are between them.
    """

    plain: frozenset[type]
    fits: Callable[[Any], bool]
    advice: Callable[[Any], str]
    bounds: tuple[int, int] | None = None

    def first_misfit(self, values: Sequence[Any]) -> int | None:
        """The index of the first JSON value that does not fit; None when all do."""
        types = set(map(type, values))
        if types <= self.plain:
            return None
        low, high = self.bounds or (1, 0)
        if types <= {int, bool} and low <= min(values) and max(values) <= high:
            return None
        plain, fits = self.plain, self.fits
        return next((index for index, one in enumerate(values) if type(one) not in plain and not fits(one)), None)


@lru_cache(maxsize=1024)
def rule_of(dtype: Any) -> Rule | None:
    """The rule for a dtype of NumPy (one without fields) or pandas; None where it has none."""
    import numpy as np

    kind, nullable = getattr(dtype, "kind", ""), not isinstance(dtype, np.dtype)
    if kind == "b":
        return _boolean(nullable)
    if kind in ("i", "u"):
        bits = dtype.itemsize * 8
        return _integer(*((-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if kind == "i" else (0, 2**bits - 1)))
    if kind == "f" and dtype.itemsize < 8:
        return _short_float(np.finfo(getattr(dtype, "numpy_dtype", dtype)))
    if kind == "M":
        return _moment(zoned=getattr(dtype, "tz", None) is not None)
    if kind == "m" and not nullable:
        return _duration(dtype)
    return None


def _is_absent(value: Any) -> bool:
    return value is None or value is MISSING or (type(value) is float and math.isnan(value))


def _boolean(nullable: bool) -> Rule:
    def fits(value: Any) -> bool:
        return (type(value) in (int, float) and value in (0, 1)) or (nullable and _is_absent(value))

    words = "true, false, 0, 1 or null" if nullable else "true, false, 0 or 1"
    return Rule(frozenset((bool,)), fits, lambda value: words)


def _integer(low: int, high: int) -> Rule:
    def fits(value: Any) -> bool:
        if type(value) is str and len(value) <= _LONGEST_INTEGER:
            try:
                value = int(value)
            except ValueError:
                return True
        if type(value) is float and math.isfinite(value):
            value = math.trunc(value)
        return type(value) is not int or low <= value <= high

    def advice(value: Any) -> str:
        return "" if fits(value) else f"from {low} to {high}"

    return Rule(frozenset((bool,)), fits, advice, (low, high))


def _short_float(limits: Any) -> Rule:
    import numpy as np

    largest = float(limits.max)
    too_large = largest + (largest - float(np.nextafter(limits.max, limits.dtype.type(0)))) / 2

    def fits(value: Any) -> bool:
        try:
            number = float(value)
        except OverflowError:
            return False
        except (TypeError, ValueError):
            return True
        return math.isinf(number) or not abs(number) >= too_large

    def advice(value: Any) -> str:
        return "" if fits(value) else f"up to {limits.max}"

    return Rule(frozenset((bool,)), fits, advice)


def _moment(*, zoned: bool) -> Rule:
    def fits(value: Any) -> bool:
        if type(value) is not str:
            return _is_absent(value)
        found = moment(value)
        return says_no_date(value) if found is None else zoned or not found.zoned

    def advice(value: Any) -> str:
        example = f"{_ISO[:-1]}Z{_ISO[-1]}" if zoned else _ISO
        if type(value) is not str:
            return f'ISO 8601 text like {example}, as pandas writes with to_json(date_format="iso")'
        if moment(value) is not None and not fits(value):
            return f"ISO 8601 text without a time zone, since the schema's sample has none, like {example}"
        return f"ISO 8601 text like {example}"

    return Rule(frozenset(), fits, advice)


def _duration(dtype: Any) -> Rule:
    import numpy as np
    from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType

    one: Any = np.timedelta64
    unit = one(1, np.datetime_data(dtype)[0])

    def fits(value: Any) -> bool:
        if type(value) is not str:
            return _is_absent(value)
        if _NUMBER.fullmatch(value):
            return False
        try:
            span = NumpyParameterType._parse_timedelta(value)
            length = float(one(1, np.datetime_data(span)[0]) / unit)
        except (ValueError, TypeError, OverflowError, AttributeError):
            return True
        return abs(int(span.astype("int64"))) * length < 2.0**63

    return Rule(frozenset(), fits, lambda value: 'text like "5 seconds"')
