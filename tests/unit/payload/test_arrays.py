"""NumPy parameters: what they accept, and what is said about what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scoredock.errors import RefusedValue, RequestProblem
from scoredock.payload import schema_arguments
from scoredock.payload.json_body import parse
from scoredock.signature import Argument

ROW = [("a", "i8"), ("b", "f8"), ("c", "U5")]


def test_an_array_takes_dtype_and_shape_of_the_sample(array: Callable[..., Any], accepted: Callable[..., Any]) -> None:
    converted = accepted(array((1, 3), "float32"), [[1, 2, 3], [4, 5, 6]])
    assert converted.dtype == np.float32
    assert converted.shape == (2, 3)


@pytest.mark.parametrize(
    ("dtype", "value", "expected"),
    [
        ("int32", [1, 2], np.array([1, 2], "int32")),
        ("uint8", [0, 255], np.array([0, 255], "uint8")),
        ("float64", [1, None], np.array([1, np.nan])),
        ("bool", [True, False], np.array([True, False])),
        ("U5", ["a", "b"], np.array(["a", "b"], "U5")),
        ("object", ["a", 1], np.array(["a", 1], object)),
        ("datetime64[D]", ["2020-01-31"], np.array(["2020-01-31"], "datetime64[D]")),
        ("timedelta64[s]", ["5 seconds", "1 minutes"], np.array([5, 60], "timedelta64[s]")),
    ],
)
def test_every_dtype_is_converted(
    dtype: str, value: Any, expected: Any, array: Callable[..., Any], accepted: Callable[..., Any]
) -> None:
    converted = accepted(array((1,), dtype), value)
    assert converted.dtype == expected.dtype
    np.testing.assert_array_equal(converted, expected)


@pytest.mark.parametrize("row", [{"a": 1, "b": 2.5, "c": "x"}, [1, 2.5, "x"]], ids=["object", "array"])
def test_rows_of_a_structured_dtype_are_objects_or_arrays(
    row: Any, array: Callable[..., Any], accepted: Callable[..., Any]
) -> None:
    converted = accepted(array([(0, 0, "")], ROW), [row])
    assert converted.tolist() == [(1, 2.5, "x")]


@pytest.mark.parametrize(
    ("shape", "value", "message"),
    [
        ((2, 10), [[1, 2, 3]], "data: expected shape (*, 10), got (*, 3)"),
        ((2, 10), [1, 2, 3], "data[0]: expected an array of 10 items, got integer 1"),
        ((2, 2), [], "data: expected shape (*, 2), got an empty array"),
        ((2, 2), [[]], "data: expected shape (*, 2), got (*, 0)"),
        ((2, 2), [[[1, 2]]], "data: expected shape (*, 2), got (*, 1, 2)"),
        ((3,), [[1]], "data: expected shape (*), got (*, 1)"),
        ((2, 3, 4), [[[1, 2]]], "data: expected shape (*, 3, 4), got (*, 1, 2)"),
    ],
)
def test_a_wrong_shape_is_told(
    shape: Any, value: Any, message: str, array: Callable[..., Any], refused: Callable[..., str]
) -> None:
    assert refused(array(shape), value) == message


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("text", "data: expected an array of shape (*, 2), got string 'text'"),
        (None, "data: expected an array of shape (*, 2), got null"),
        (True, "data: expected an array of shape (*, 2), got boolean true"),
        (1.5, "data: expected an array of shape (*, 2), got number 1.5"),
        ({"a": 1, "b": 2}, "data: expected an array of shape (*, 2), got object with keys a, b"),
        ({}, "data: expected an array of shape (*, 2), got empty object"),
    ],
)
def test_what_is_no_array_is_told(
    value: Any, message: str, array: Callable[..., Any], refused: Callable[..., str]
) -> None:
    assert refused(array((1, 2)), value) == message


@pytest.mark.parametrize(
    ("shape", "value", "start"),
    [
        ((1, 2), [[1, 2], [3]], "data[1]: expected 2 items like data[0], got 1"),
        ((1, 2), [[1, 2], 3], "data[1]: expected an array of 2 items like data[0], got integer 3"),
        ((3,), [1, [2]], "data[1]: expected a single value like data[0], got array of 1 item"),
        ((1, 2, 2), [[[1, 2], [3, 4]], [[1, 2]]], "data[1]: expected 2 items like data[0], got 1"),
        ((1, 2, 2), [[[1, 2], [3]]], "data[0][1]: expected 2 items like data[0][0], got 1"),
    ],
)
def test_the_first_ragged_place_is_told(
    shape: Any, value: Any, start: str, array: Callable[..., Any], refused: Callable[..., str]
) -> None:
    assert refused(array(shape), value).startswith(start)


@pytest.mark.parametrize(
    ("dtype", "value", "message"),
    [
        ("float64", [1, "x"], "data[1]: expected a number (float64), got string 'x'"),
        ("float32", [{}], "data[0]: expected a number (float32), got empty object"),
        ("int64", [1, None], "data[1]: expected an integer (int64), got null"),
        ("int8", [1, 128], "data[1]: expected an integer (int8), got integer 128"),
        ("uint8", [-1], "data[0]: expected an unsigned integer (uint8), got integer -1"),
    ],
)
def test_the_first_element_of_a_wrong_kind_is_told(
    dtype: str, value: Any, message: str, array: Callable[..., Any], refused: Callable[..., str]
) -> None:
    assert refused(array((1,), dtype), value) == message


@pytest.mark.parametrize(
    ("dtype", "good", "bad", "shown"),
    [
        ("datetime64[D]", "2020-01-01", "nonsense", "string 'nonsense'"),
        ("datetime64[D]", "2020-01-01", True, "boolean true"),
        ("timedelta64[s]", "5 seconds", "5 parsecs", "string '5 parsecs'"),
        ("timedelta64[s]", "5 seconds", 5, "integer 5"),
    ],
)
def test_the_element_of_a_date_or_duration_array_is_told(
    dtype: str, good: Any, bad: Any, shown: str, array: Callable[..., Any], refused: Callable[..., str]
) -> None:
    message = refused(array((1,), dtype), [good, bad, good])
    assert message.startswith("data[1]: expected ")
    assert message.endswith(f", got {shown}")


@pytest.mark.parametrize(
    ("rows", "start", "end"),
    [
        ([{"a": 1, "b": 2, "c": "x"}, {"a": 1}], "data[1]: expected ", "got object with keys a"),
        ([[1, 2, "x"], [1]], "data[1]: expected 3 values (a, b, c)", "got array of 1 item"),
        ([5], "data[0]: expected ", "got integer 5"),
        ([{"a": "q", "b": 2, "c": "x"}], "data[0].a: expected an integer (int64)", "got string 'q'"),
        ([[1, "q", "x"]], "data[0].b: expected a number (float64)", "got string 'q'"),
    ],
)
def test_the_row_and_column_of_a_structured_array_are_told(
    rows: Any, start: str, end: str, array: Callable[..., Any], refused: Callable[..., str]
) -> None:
    message = refused(array([(0, 0, "")], ROW), rows)
    assert message.startswith(start)
    assert message.endswith(end)


def test_shape_and_dtype_may_be_left_open(array: Callable[..., Any], accepted: Callable[..., Any]) -> None:
    assert accepted(array((1, 2), enforce_shape=False), [1, 2, 3]).shape == (3,)
    assert accepted(array((1, 2), enforce_column_type=False), [["a", "b"]]).dtype.kind == "U"


def test_an_open_shape_still_cannot_be_ragged(array: Callable[..., Any], refused: Callable[..., str]) -> None:
    assert refused(array((1, 2), enforce_shape=False), [[1], [2, 3]]).startswith("data[1]: expected 1 item")


def test_an_array_of_absurd_depth_is_refused_up_to_the_last_depth_that_can_be_read(
    array: Callable[..., Any],
) -> None:
    """Explaining a refusal must not need a deeper stack than reading the value did."""
    arguments = (Argument("data", type=array((1, 2))),)
    tried = 0
    for depth in range(1100, 60, -1):
        try:
            value = parse(b"[" * depth + b"]" * depth)
        except RequestProblem:
            continue
        with pytest.raises(RefusedValue):
            schema_arguments({"data": value}, arguments)
        tried += 1
        if tried == 25:
            return
    pytest.fail("nothing of that depth can be read")
