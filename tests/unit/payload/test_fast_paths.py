"""The fast ways from a body to arrays and frames give what the plain way gives, for any body."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType

from scoredock.errors import RequestProblem
from scoredock.payload import SchemaReader, json_records, schema_arguments
from scoredock.payload.json_arrays import MIN_BODY, ArrayReader
from scoredock.payload.json_body import object_of
from scoredock.payload.json_frames import FrameReader
from scoredock.payload.json_records import RecordsReader
from scoredock.signature import Argument

JSON = "application/json"
MAX_BODY = 1_000_000
DTYPES = ("float64", "float32", "int64", "uint64", "int32", "bool", ">f8")
ARRAYS = {
    **{f"{dtype} rows": NumpyParameterType(np.zeros((1, 2), dtype)) for dtype in DTYPES},
    **{f"{dtype} line": NumpyParameterType(np.zeros(1, dtype)) for dtype in DTYPES},
    "cube": NumpyParameterType(np.zeros((1, 2, 2))),
    "no columns": NumpyParameterType(np.zeros((1, 0))),
    "free": NumpyParameterType(np.zeros((1, 2)), enforce_shape=False),
    "any": NumpyParameterType(np.zeros((1, 2)), enforce_column_type=False),
}
FRAME = pd.DataFrame({"i": [1], "f": [1.5], "s": ["x"], "b": [True]})
FRAMES = {
    "simple": PandasParameterType(FRAME),
    "objects": PandasParameterType(FRAME.astype({"s": object})),
    "small": PandasParameterType(FRAME.astype({"i": "int32", "f": "float32"})),
    "one": PandasParameterType(pd.DataFrame({"i": [1]})),
    "dates": PandasParameterType(pd.DataFrame({"made_at": [1], "date": ["x"]})),
    "times": PandasParameterType(pd.DataFrame({"t": pd.to_datetime(["2020-01-01"])})),
    "numbered": PandasParameterType(pd.DataFrame({"1": [1], "2": [1.5]})),
    "numbers": PandasParameterType(pd.DataFrame({1: [1], 2: [1.5]})),
    "free": PandasParameterType(FRAME, enforce_shape=False),
}
quietly = settings(deadline=None, max_examples=400, derandomize=True, suppress_health_check=list(HealthCheck))

numbers = st.one_of(
    st.integers(-5, 5).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(2**65), 2**65).map(str),
    st.sampled_from(["0", "-0", "-0.0", "1e5", "1E-5", "1.0", "0.1", "9007199254740993", "16777217", "1e999", "1e300"]),
    st.sampled_from(["NaN", "Infinity", "null", "true", '"1"', '"["', "[]", "[1]", "{}", "01", "1.", "+1", "-"]),
)
plain_numbers = st.integers(-99, 99).map(str) | st.floats(-1e6, 1e6).map(repr)
separators = st.sampled_from([",", ", ", " ,\n", ",\t"])


def array_text(elements: Any, width: int = 4, **sizes: Any) -> Any:
    """Texts of JSON arrays."""
    items = st.lists(elements, max_size=width, **sizes)
    return st.builds(lambda parts, between: f"[{between.join(parts)}]", items, separators)


rows = array_text(array_text(plain_numbers, 2, min_size=2))
array_values = st.one_of(
    rows, array_text(plain_numbers), array_text(array_text(numbers)), array_text(numbers), array_text(rows), numbers
)
keys = st.sampled_from(["data", "data", "other", "data ", "\\u0064ata", "[", "\\ud800"])
pairs = st.lists(st.tuples(keys, array_values), max_size=2)

cells = st.one_of(
    st.integers(-(2**64), 2**64),
    st.floats(),
    st.text(max_size=5),
    st.booleans(),
    st.none(),
    st.just([1]),
    st.just("\ud800"),
)
good_record = st.fixed_dictionaries(
    {"i": st.integers(-9, 9), "f": st.floats(-9, 9) | st.integers(-9, 9), "s": st.text(max_size=3), "b": st.booleans()}
)
bad_record = st.dictionaries(st.sampled_from(["i", "f", "s", "b", "1", "2", "t", "made_at", "date"]), cells, max_size=4)
numbered = st.fixed_dictionaries({"1": st.integers(-9, 9), "2": st.floats(-9, 9)})
ones = st.fixed_dictionaries({"i": cells})
records = st.one_of(
    st.lists(good_record, max_size=3),
    st.lists(good_record | bad_record, max_size=3),
    *(st.lists(one, max_size=3) for one in (bad_record, numbered, ones)),
    cells,
)


def outcome(read: Callable[[], dict[str, Any]]) -> Any:
    """What a way of reading brings: the arguments, or status and message of a refusal."""
    try:
        with np.errstate(all="ignore"):  # casts of extreme numbers warn, on either way
            return read()
    except RequestProblem as problem:
        return problem.status, str(problem)


def both_ways(body: bytes, type_: Any, **more: Any) -> tuple[Any, Any]:
    """What the fast and the plain way make of a body."""
    arguments = (Argument("data", type=type_, **more), Argument("other", default=None))
    fast = outcome(lambda: SchemaReader(arguments, MAX_BODY).read(body, JSON))
    return fast, outcome(lambda: schema_arguments(object_of(body, JSON), arguments))


def padded(text: str) -> bytes:
    """A document that is large enough for the fast way."""
    return (text + " " * MIN_BODY).encode()


@given(st.sampled_from(sorted(ARRAYS)), array_values, pairs, st.booleans())
@example("float64 rows", "[[1, 2]]", [], True)
@example("float64 rows", "[]", [], True)
@example("float64 rows", "[[1, [2]]]", [], False)
@example("float64 rows", "[[1, 2, 3], [4]]", [], False)
@example("int64 line", "[1, 2]", [("data", "[3]")], False)
@quietly
def test_arrays(name: str, value: str, more: list[tuple[str, str]], optional: bool) -> None:
    text = ", ".join(f'"{key}": {text}' for key, text in [*more, ("data", value)])
    fast, plain = both_ways(padded(f"{{{text}}}"), ARRAYS[name], optional=optional)
    if isinstance(plain, dict) and isinstance(plain["data"], np.ndarray):
        assert fast["data"].dtype == plain["data"].dtype
        assert fast["data"].flags.writeable
        assert fast["data"].tobytes() == plain["data"].tobytes()
        assert fast["data"].shape == plain["data"].shape
        assert repr(fast["other"]) == repr(plain["other"])
    else:
        assert repr(fast) == repr(plain)


@given(st.sampled_from(sorted(FRAMES)), records, st.booleans())
@example("simple", [{"i": 1, "f": 2, "s": "x", "b": True}], True)
@example("simple", [], True)
@example("simple", [{"i": 1, "f": 2, "s": "x", "b": True}, 3], True)
@quietly
def test_frames(name: str, value: Any, optional: bool) -> None:
    fast, plain = both_ways(json.dumps({"data": value}).encode(), FRAMES[name], optional=optional)
    if isinstance(plain, dict) and isinstance(plain["data"], pd.DataFrame):
        # pandas' own reader loses the last digits of some floats
        pd.testing.assert_frame_equal(fast["data"], plain["data"], rtol=1e-6, atol=1e-12)
    else:
        assert repr(fast) == repr(plain)


@given(st.sampled_from(sorted(FRAMES)), records, st.booleans(), st.booleans())
@example("simple", [{"i": 1, "f": 2, "s": "x", "b": True}] * 40, False, False)
@example("simple", [{"b": True, "s": "x", "f": 2, "i": 1}] * 40, False, False)
@example("simple", [{"i": 1, "f": 2**70, "s": "x", "b": True}], False, False)
@example("simple", [{"i": 1, "f": 2, "s": '"data"', "b": True}], False, False)
@example("simple", [{"i": 1, "f": 2, "s": "x", "b": True}], False, True)
@quietly
def test_large_bodies_of_records(name: str, value: Any, optional: bool, repeated: bool) -> None:
    text = json.dumps({"data": value})
    if repeated:  # the last one counts
        text = f'{{"data": [{{"f": 1.5, "i": 1}}], {text[1:]}'
    body = (text + " " * json_records.MIN_BODY).encode()
    arguments = (Argument("data", type=FRAMES[name], default=None, optional=optional),)
    fast = outcome(lambda: SchemaReader(arguments, MAX_BODY).read(body, JSON))
    plain = outcome(lambda: schema_arguments(object_of(body, JSON), arguments))
    if isinstance(plain, dict) and isinstance(plain["data"], pd.DataFrame):
        pd.testing.assert_frame_equal(fast["data"], plain["data"], rtol=1e-6, atol=1e-12)
    else:
        assert repr(fast) == repr(plain)


@pytest.mark.parametrize("name", ["simple", "objects", "one"])
@pytest.mark.parametrize("backwards", [False, True])
def test_large_bodies_of_plain_columns_take_the_fast_way(name: str, backwards: bool) -> None:
    argument = Argument("data", type=FRAMES[name])
    reader = FrameReader.for_argument(argument)
    assert reader is not None
    values = {"i": 1, "f": 2.5, "s": "x", "b": True}
    record = {key: values[key] for key in sorted(reader.columns, reverse=backwards)}
    frame = RecordsReader(argument, reader).read(json.dumps({"data": [record] * 100}).encode())
    assert frame.to_dict(orient="records") == [record] * 100
    assert list(frame) == list(record)


@pytest.mark.parametrize("name", [f"{dtype} {form}" for dtype in DTYPES[:4] for form in ("rows", "line")])
def test_arrays_of_plain_numbers_take_the_fast_way(name: str) -> None:
    reader = ArrayReader.for_arguments((Argument("data", type=ARRAYS[name]),))
    assert reader is not None
    value = [[1, 2], [3, 4]] if name.endswith("rows") else [1, 2, 3]
    values = reader.read(json.dumps({"data": value, "more": {"a": "text"}}).encode())
    assert values is not None
    assert values["data"].tolist() == value
    assert values["more"] == {"a": "text"}


@pytest.mark.parametrize("name", ["simple", "objects", "one"])
def test_frames_of_plain_columns_take_the_fast_way(name: str) -> None:
    reader = FrameReader.for_argument(Argument("data", type=FRAMES[name]))
    assert reader is not None
    record = {key: value for key, value in {"i": 1, "f": 2.5, "s": "x", "b": True}.items() if key in reader.columns}
    assert reader.read([record]).to_dict(orient="records") == [record]


def test_an_array_outlives_the_next_body() -> None:
    """The parser's memory is used again; what run() kept must not change."""
    reader = SchemaReader((Argument("data", type=ARRAYS["float64 line"]),), MAX_BODY)
    first = reader.read(padded('{"data": [1, 2, 3]}'), JSON)["data"]
    kept = [reader.read(padded(f'{{"data": [{number}, 8, 9]}}'), JSON)["data"] for number in range(50)]
    assert first.tolist() == [1, 2, 3]
    assert [one.tolist()[0] for one in kept] == list(range(50))


def test_a_large_array_is_read_whole() -> None:
    rows = np.arange(200_000, dtype="float64").reshape(-1, 2) / 7
    reader = SchemaReader((Argument("data", type=ARRAYS["float64 rows"]),), MAX_BODY)
    read = reader.read(json.dumps({"data": rows.tolist()}).encode(), JSON)["data"]
    np.testing.assert_array_equal(read, rows)


@pytest.mark.parametrize("content_type", ["text/plain", ""])
def test_a_large_body_of_another_content_type_is_415(content_type: str) -> None:
    reader = SchemaReader((Argument("data", type=ARRAYS["float64 line"]),), MAX_BODY)
    assert outcome(lambda: reader.read(padded('{"data": [1]}'), content_type))[0] == 415


def test_values_beside_an_array_are_converted_by_their_own_types() -> None:
    arguments = (
        Argument("data", type=ARRAYS["float64 line"]),
        Argument("nested", type=StandardPythonParameterType({"a": ARRAYS["int64 line"]})),
        Argument("frame", type=FRAMES["one"]),
    )
    body = padded('{"data": [1], "nested": {"a": [2]}, "frame": [{"i": 3}]}')
    chosen = SchemaReader(arguments, MAX_BODY).read(body, JSON)
    assert chosen["data"].tolist() == [1.0]
    assert chosen["nested"]["a"].tolist() == [2]
    assert chosen["frame"].loc[0, "i"] == 3
