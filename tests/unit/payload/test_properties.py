"""Properties that hold for any JSON: reading, refusing and writing never surprise."""

from __future__ import annotations

import copy
import datetime
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema

from scoredock.entry.decorators import unwrap
from scoredock.errors import EncodingError, RequestProblem
from scoredock.payload import encode, schema_arguments
from scoredock.payload.json_body import parse
from scoredock.signature import Argument

quietly = settings(deadline=None, max_examples=150, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

any_text = st.text(st.characters(codec=None), max_size=20)
json_like_bytes = st.text('[]{}":,-+.eE019\\u \ntrfalsn\ud800', max_size=30).map(
    lambda text: text.encode("utf-8", "surrogatepass")
)
scalars = st.none() | st.booleans() | st.integers() | st.integers(-(2**80), 2**80) | st.floats() | any_text
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4), max_leaves=15
)
number_rows = st.lists(st.lists(st.floats(-1e6, 1e6) | st.integers(-99, 99), min_size=2, max_size=2), max_size=4)
records = st.lists(
    st.fixed_dictionaries({"a": st.integers(-99, 99), "b": st.floats(-9, 9), "c": st.text(max_size=5)}), max_size=4
)
near_misses = st.one_of(
    json_values,
    number_rows,
    records,
    st.lists(st.lists(scalars, max_size=3), max_size=3),
    st.dictionaries(st.sampled_from(["a", "b", "c", "columns", "index", "data", "schema"]), json_values, max_size=4),
    st.lists(st.dates().map(str) | st.datetimes().map(str) | any_text, max_size=3),
)

FRAME = pd.DataFrame({"a": [1], "b": [1.5], "c": ["x"]})
TYPES: dict[str, Any] = {
    "array": NumpyParameterType(np.zeros((1, 2))),
    "integers": NumpyParameterType(np.zeros((1, 2), "int32")),
    "free": NumpyParameterType(np.zeros((1, 2)), enforce_shape=False, enforce_column_type=False),
    "dates": NumpyParameterType(np.array(["2020-01-01"], "datetime64[D]")),
    "rows": NumpyParameterType(np.array([(1, 1.5, "x")], [("a", "i8"), ("b", "f8"), ("c", "U5")])),
    **{f"frame {orient}": PandasParameterType(FRAME, orient=orient) for orient in ("records", "split", "index")},
    **{f"table {orient}": PandasParameterType(FRAME, orient=orient) for orient in ("columns", "values", "table")},
    "number": StandardPythonParameterType(1.5),
    "text": StandardPythonParameterType("x"),
    "bytes": StandardPythonParameterType(b"x"),
    "date": StandardPythonParameterType(datetime.date(2020, 1, 1)),
    "datetime": StandardPythonParameterType(datetime.datetime(2020, 1, 1)),
    "nested": StandardPythonParameterType(
        {"a": StandardPythonParameterType([StandardPythonParameterType(1)]), "data": NumpyParameterType(np.zeros(1))}
    ),
}


def text_of(value: Any) -> str:
    """A value as text in which 1, 1.0 and True differ and NaN equals itself."""
    return json.dumps(value, sort_keys=True)


@given(json_values, st.booleans(), st.sampled_from([None, 1]), st.sampled_from(["utf-8", "utf-16", "utf-32-be"]))
@quietly
def test_any_document_is_read_as_the_standard_library_reads_it(
    value: Any, ascii_only: bool, indent: int | None, encoding: str
) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode(encoding, "surrogatepass")
    assert text_of(parse(body)) == text_of(json.loads(body))


@given(st.binary(max_size=40) | json_like_bytes)
@quietly
def test_any_bytes_are_read_or_refused_as_the_standard_library_does(body: bytes) -> None:
    try:
        expected = json.loads(body)
    except (ValueError, RecursionError):
        expected = ...
    try:
        value = parse(body)
    except RequestProblem as problem:
        assert problem.status == 400
        value = ...
    if expected is ... or value is ...:
        assert value is expected
    else:
        assert text_of(value) == text_of(expected)


def without_nan(value: Any) -> Any:
    """What JSON makes of a value: no NaN, no infinities."""
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, list):
        return [without_nan(item) for item in value]
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    return value


@given(json_values)
@quietly
def test_any_json_value_survives_being_written(value: Any) -> None:
    expected = {} if value is None else without_nan(value)
    assert text_of(json.loads(encode(value))) == text_of(expected)


@given(
    st.recursive(
        scalars | st.binary(max_size=5) | st.dates() | st.datetimes() | st.decimals() | st.complex_numbers(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(scalars | st.tuples(), inner, max_size=3),
        max_leaves=10,
    )
)
@quietly
def test_any_python_value_is_written_as_json_or_refused_with_its_path(value: Any) -> None:
    try:
        json.loads(encode(value), parse_constant=lambda word: 1 / 0)
    except EncodingError as error:
        assert str(error).startswith("result")


@pytest.mark.filterwarnings("ignore:The 'generic' unit:DeprecationWarning")  # inference-schema has no unit for ""
@given(st.sampled_from(sorted(TYPES)), near_misses)
@settings(quietly, max_examples=600)
def test_any_json_value_is_converted_or_refused_and_never_worse(name: str, value: Any) -> None:
    try:
        schema_arguments({"data": value}, (Argument("data", type=TYPES[name]),))
    except RequestProblem as problem:
        assert problem.status == 400
        assert str(problem).startswith("data")
        assert len(str(problem)) < 2000


@given(st.sampled_from(sorted(set(TYPES) - {"date"})), near_misses, st.booleans())
@settings(quietly, max_examples=400)
def test_what_inference_schema_accepts_is_converted_as_it_does(name: str, value: Any, optional: bool) -> None:
    """Dates aside: inference-schema refuses every one of them."""
    decorated: Any = input_schema("data", TYPES[name], optional=optional)(lambda data: data)
    try:
        expected = decorated(data=copy.deepcopy(value))
    except Exception:
        return
    call, declared = unwrap(decorated)
    argument = Argument("data", type=declared["data"].type, optional=declared["data"].optional)
    converted = call(**schema_arguments({"data": copy.deepcopy(value)}, (argument,)))
    assert type(converted) is type(expected)
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(converted, expected)
    elif isinstance(expected, np.ndarray):
        assert converted.dtype == expected.dtype
        assert repr(converted.tolist()) == repr(expected.tolist())  # in which NaN equals itself
    else:
        assert repr(converted) == repr(expected)
