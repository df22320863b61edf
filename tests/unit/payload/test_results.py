"""Results to JSON: everything that run() may return, and what is said about the rest."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import json
import re
import uuid
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies

from scoredock.errors import EncodingError
from scoredock.payload import encode

UTC = datetime.timezone.utc
NAN, INF = float("nan"), float("inf")


@dataclasses.dataclass
class Point:
    """A dataclass with a field of any kind."""

    x: Any
    _cache: int = 0


class Colour(enum.Enum):
    """An enumeration."""

    RED = "red"


class Opaque:
    """Nothing that JSON could hold."""


Pair = collections.namedtuple("Pair", "x y")


def strict(text: bytes) -> Any:
    """Parse JSON as other languages do, without NaN and infinities."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


def encoded(value: Any) -> Any:
    """A value there and back."""
    return strict(encode(value))


def short(value: Any) -> str:
    """A test's name, the same in every process."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))[:50].replace("\n", " ")


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (None, {}),
        ("text ☃", "text ☃"),
        ("", ""),
        (True, True),
        ([1, 2.5, None, {"a": []}], [1, 2.5, None, {"a": []}]),
        ((1, (2,)), [1, [2]]),
        (Pair(1, 2), [1, 2]),
        (collections.OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (Colour.RED, "red"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Point([1]), {"x": [1]}),
        ({"p": Point(Point(None))}, {"p": {"x": {"x": None}}}),
        (b"ab", "YWI="),
        (bytearray(b"ab"), "YWI="),
        (memoryview(b"ab"), "YWI="),
        (2**64, 2**64),
        ([-(2**70), 1.5], [-(2**70), 1.5]),
        ("\ud800", "\ud800"),
        ({"\udfff": 1}, {"\udfff": 1}),
        ({2: "a", None: "b", True: "c", 1.5: "d"}, {"2": "a", "null": "b", "true": "c", "1.5": "d"}),
        ({np.int64(7): 1, datetime.date(2020, 1, 2): 2}, {"7": 1, "2020-01-02": 2}),
    ],
    ids=short,
)
def test_python_values(result: Any, expected: Any) -> None:
    assert encoded(result) == expected


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (datetime.datetime(2020, 1, 2, 3, 4, 5), "2020-01-02T03:04:05"),
        (datetime.datetime(2020, 1, 2, 3, 4, 5, 600), "2020-01-02T03:04:05.000600"),
        (datetime.datetime(2020, 1, 2, tzinfo=UTC), "2020-01-02T00:00:00+00:00"),
        (datetime.datetime(1970, 1, 1), "1970-01-01T00:00:00"),
        (datetime.date(2020, 1, 2), "2020-01-02"),
        (datetime.time(3, 4), "03:04:00"),
        (datetime.time(3, 4, tzinfo=UTC), "03:04:00+00:00"),
        (pd.Timestamp("2020-01-02", tz="UTC"), "2020-01-02T00:00:00+00:00"),
        (np.datetime64("2020-01-02"), "2020-01-02T00:00:00"),
        (np.array(["2020-01-02"], "datetime64[D]"), ["2020-01-02T00:00:00"]),
        (np.array(["2020-01-02", "NaT"], "datetime64[D]"), ["2020-01-02T00:00:00", None]),
        (np.array(["1970-01-01", "NaT"], "datetime64[ns]"), ["1970-01-01T00:00:00", None]),
    ],
    ids=short,
)
def test_points_in_time_are_iso_8601(result: Any, expected: Any) -> None:
    assert encoded(result) == expected
    assert encoded([result, 2**70]) == [expected, 2**70]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (np.float64(1.5), 1.5),
        (np.float32(0.1), 0.1),
        (np.float16(1.5), 1.5),
        (np.longdouble(1.5), 1.5),
        (np.int8(-3), -3),
        (np.uint64(2**64 - 1), 2**64 - 1),
        (np.bool_(True), True),
        (np.str_("x"), "x"),
        (np.array(5), 5),
        (np.array([[1, 2], [3, 4]], "int16"), [[1, 2], [3, 4]]),
        (np.array([0.1], "float32"), [0.1]),
        (np.array([1.5], "float16"), [1.5]),
        (np.array([1.5], "longdouble"), [1.5]),
        (np.array([1.5], ">f8"), [1.5]),
        (np.array([True, False]), [True, False]),
        (np.array(["a", "bc"]), ["a", "bc"]),
        (np.array([b"ab"]), ["YWI="]),
        (np.array([1, "a", None], object), [1, "a", None]),
        (np.arange(6).reshape(2, 3).T, [[0, 3], [1, 4], [2, 5]]),
        (np.arange(6)[::2], [0, 2, 4]),
        (np.zeros((0, 3)), []),
        (np.zeros((2, 0)), [[], []]),
    ],
    ids=short,
)
def test_numpy_values(result: Any, expected: Any) -> None:
    assert encoded(result) == expected
    assert encoded({"scores": result, 1: 2**70})["scores"] == expected


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (pd.DataFrame({"a": [1, 2], "b": ["x", None]}), [{"a": 1, "b": "x"}, {"a": 2, "b": None}]),
        (pd.DataFrame({"t": pd.to_datetime(["2020-01-02", None])}), [{"t": "2020-01-02T00:00:00"}, {"t": None}]),
        (pd.DataFrame({1: [1.5]}), [{"1": 1.5}]),
        (pd.DataFrame(), []),
        (pd.Series([1.5, NAN]), [1.5, None]),
        (pd.Series([1, None], dtype="Int64"), [1, None]),
        (pd.Series(["a", None]), ["a", None]),
        (pd.Series(["a", "b"], dtype="category"), ["a", "b"]),
        (pd.Index([1, 2]), [1, 2]),
        (pd.NA, None),
        (pd.NaT, None),
        ([pd.NaT, pd.NA, np.datetime64("NaT", "s")], [None, None, None]),
    ],
    ids=short,
)
def test_pandas_values(result: Any, expected: Any) -> None:
    assert encoded(result) == expected
    assert encoded([result, 2**70]) == [expected, 2**70]


@pytest.mark.parametrize("bad", [NAN, INF, -INF, np.float32("nan"), np.float64("inf")])
def test_nan_and_infinities_become_null(bad: Any) -> None:
    assert encoded([bad, {"a": bad}, Point(bad)]) == [None, {"a": None}, {"x": None}]
    assert encoded(np.array([1.5, bad])) == [1.5, None]
    assert encoded(pd.DataFrame({"a": [1.5, bad]})) == [{"a": 1.5}, {"a": None}]
    assert encoded({"a": bad, "big": 2**70}) == {"a": None, "big": 2**70}


def test_a_dataclass_reads_the_same_whatever_stands_beside_it() -> None:
    assert encoded([Point(1), 2**70])[0] == encoded([Point(1)])[0]


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (Opaque(), "result: object of type Opaque"),
        ({"scores": [1, 2, 3, Opaque()]}, 'result["scores"][3]: object of type Opaque'),
        ({"x": Point([1, Opaque()])}, 'result["x"].x[1]: object of type Opaque'),
        ({"a": {1: Opaque()}}, 'result["a"][1]: object of type Opaque'),
        ((1, {2}), "result[1]: object of type set"),
        (np.array([1, Opaque()], object), "result[1]: object of type Opaque"),
        (pd.DataFrame({"a": [1, Opaque()]}), 'result[1]["a"]: object of type Opaque'),
        ({"d": decimal.Decimal("1.5")}, 'result["d"]: object of type Decimal'),
        ([np.array([1 + 2j])], "result[0]: object of type ndarray"),
        (iter([]), "result: object of type list_iterator"),
        (Opaque, "result: object of type type"),
        ({(1, 2): 3}, "result: key (1, 2) of type tuple cannot be a JSON key"),
        ([{"a": {b"k": 1}}], "result[0][\"a\"]: key b'k' of type bytes cannot be a JSON key"),
    ],
    ids=short,
)
def test_what_cannot_be_encoded_is_told_with_its_path(result: Any, message: str) -> None:
    with pytest.raises(EncodingError) as caught:
        encode(result)
    assert str(caught.value).startswith(message)


def circular(kind: str) -> Any:
    """Something that contains itself."""
    if kind == "list":
        items: list[Any] = []
        items.append(items)
        return items
    if kind == "dict":
        values: dict[str, Any] = {}
        values["a"] = values
        return values
    point = Point(None)
    point.x = [point]
    return point


@pytest.mark.parametrize("kind", ["list", "dict", "dataclass"])
def test_what_contains_itself_is_told(kind: str) -> None:
    with pytest.raises(EncodingError, match="contains itself"):
        encode(circular(kind))


def test_what_is_nested_too_deeply_is_told() -> None:
    result: Any = []
    for _ in range(5000):
        result = [result]
    with pytest.raises(EncodingError, match="nested too deeply"):
        encode(result)


TWICE = pd.concat([pd.Series([1], name="score"), pd.Series([2], name="score")], axis=1)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (TWICE, "result: a frame with columns named twice: score"),
        ({"rows": [TWICE]}, 'result["rows"][0]: a frame with columns named twice: score'),
        (TWICE.iloc[:0], "result: a frame with columns named twice: score"),
        (pd.DataFrame([[1, 2]], columns=[1, "1"]), "result: a frame with columns named twice: 1"),
    ],
    ids=short,
)
@pytest.mark.filterwarnings("error")
def test_what_would_be_lost_in_json_is_refused(result: Any, message: str) -> None:
    with pytest.raises(EncodingError) as caught:
        encode(result)
    assert str(caught.value) == message


def test_a_series_may_have_an_index_with_equal_labels() -> None:
    assert encoded(pd.Series([1, 2], index=["a", "a"])) == [1, 2]


TEXTS = [
    "Zürich",
    "Grüße, 世界",
    "\x80\xff\u0100",
    "🚀 and ü",
    "C:\\\\xfc\\ü",
    "\\\\U0001f680 \\\\x41 ü",
    '"ü"\n\u2028',
    "\\\\",
    "\uffff\U0010ffff",
]


@pytest.mark.parametrize("text", TEXTS)
def test_letters_beyond_ascii_are_escaped_as_the_standard_library_does(text: str) -> None:
    for value in (text, {text: [1.5, text]}, [text, 2**70]):
        assert encode(value).replace(b" ", b"") == json.dumps(value, separators=(",", ":")).encode().replace(b" ", b"")


@given(strategies.text(strategies.characters(exclude_characters="\x7f", exclude_categories=["Cs"])))  # that is ASCII
def test_any_text_is_escaped_so(text: str) -> None:
    assert encode([text]) == json.dumps([text], separators=(",", ":")).encode()


class Tensor:
    """What PyTorch's and TensorFlow's look like from outside."""

    def tolist(self) -> list[int]:
        return [1]


class Model:
    """What pydantic's look like."""

    def model_dump(self) -> dict[str, float]:
        return {"size": 1.5}


async def nothing() -> None:
    """A coroutine."""


@pytest.mark.parametrize(
    ("value", "what_to_do"),
    [
        (Tensor(), ": return its .tolist()"),
        (Model(), ": return its .model_dump()"),
        (decimal.Decimal("1.5"), ": return float() or str() of it"),
        (datetime.timedelta(1), ": return its total_seconds()"),
        ({1}, ": return list() of it"),
        ((x for x in "ab"), ": return list() of it"),
        (range(2), ": return list() of it"),
        (object(), ""),
    ],
)
def test_a_value_without_json_is_told_with_what_to_do(value: Any, what_to_do: str) -> None:
    with pytest.raises(EncodingError) as caught:
        encode({"a": [value]})
    name = type(value).__name__
    assert str(caught.value) == f'result["a"][0]: object of type {name} cannot be written as JSON{what_to_do}'


def test_a_coroutine_is_told_to_be_awaited() -> None:
    coroutine = nothing()
    with pytest.raises(EncodingError, match="object of type coroutine cannot be written as JSON: await it"):
        encode(coroutine)
    coroutine.close()


def test_integers_have_up_to_as_many_digits_as_python_writes() -> None:
    assert json.loads(encode({"a": 10**4299})) == {"a": 10**4299}
    with pytest.raises(EncodingError, match=r'result\["a"\]: an integer of more than 4300 digits cannot be written'):
        encode({"a": 10**4300})
