"""Parameters of standard Python types, alone and nested."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scoredock.errors import RefusedValue
from scoredock.payload import schema_arguments
from scoredock.signature import Argument


@pytest.mark.parametrize(
    ("sample", "value", "expected"),
    [
        (1, 2, 2),
        (1.5, 2.5, 2.5),
        (1.5, 2, 2),
        ("a", "b", "b"),
        (True, False, False),
        (True, 1, True),
        (False, 0.0, False),
        ([1], ["anything", 2], ["anything", 2]),
        ({"a": 1}, {"b": [2]}, {"b": [2]}),
        (b"x", "YWI=", b"ab"),
        (bytearray(b"x"), "YWI=", bytearray(b"ab")),
        (datetime.date(2000, 1, 1), "2020-01-31", datetime.date(2020, 1, 31)),
        (datetime.datetime(2000, 1, 1), "2020-01-31T12:00:00", datetime.datetime(2020, 1, 31, 12)),
        (datetime.time(1), "12:30:00", datetime.time(12, 30)),
    ],
    ids=lambda one: repr(one)[:30],
)
def test_every_standard_type_is_converted(
    sample: Any, value: Any, expected: Any, standard: type, accepted: Callable[..., Any]
) -> None:
    converted = accepted(standard(sample), value)
    assert converted == expected
    assert type(converted) is type(expected)


def test_a_time_zone_is_kept(standard: type, accepted: Callable[..., Any]) -> None:
    converted = accepted(standard(datetime.datetime(2000, 1, 1)), "2020-01-31T12:00:00+02:00")
    assert converted.utcoffset() == datetime.timedelta(hours=2)


@pytest.mark.parametrize(
    ("sample", "value", "message"),
    [
        (1, "5", "x: expected an integer, got string '5'"),
        (1, 1.5, "x: expected an integer, got number 1.5"),
        (1, None, "x: expected an integer, got null"),
        (1.5, "2", "x: expected a number, got string '2'"),
        ("a", 5, "x: expected a string, got integer 5"),
        (True, 2, "x: expected a boolean, got integer 2"),
        (True, "true", "x: expected a boolean, got string 'true'"),
        (True, None, "x: expected a boolean, got null"),
        ([1], {"a": 1}, "x: expected an array, got object with keys a"),
        ({"a": 1}, [1, 2], "x: expected an object, got array of 2 items"),
        (b"x", 5, "x: expected bytes as base64 text, got integer 5"),
        (b"x", "a", "x: expected bytes as base64 text, got string 'a'"),
        (datetime.date(2000, 1, 1), "31.1.2020", "x: expected a date as YYYY-MM-DD, got string '31.1.2020'"),
        (datetime.date(2000, 1, 1), 5, "x: expected a date as YYYY-MM-DD, got integer 5"),
        (
            datetime.datetime(2000, 1, 1),
            "soon",
            "x: expected a date and time as ISO 8601 text, got string 'soon'",
        ),
        (
            datetime.datetime(2000, 1, 1),
            "03/04/2024 08:00",
            "x: expected a date and time as ISO 8601 text, got string '03/04/2024 08:00'",
        ),
        (datetime.datetime(2000, 1, 1), "08:00", "x: expected a date and time as ISO 8601 text, got string '08:00'"),
        (datetime.time(1), "10", "x: expected a time as ISO 8601 text, got string '10'"),
        (datetime.time(1), [], "x: expected a time as ISO 8601 text, got array of 0 items"),
    ],
    ids=lambda one: repr(one)[:30],
)
def test_a_refused_value_is_told_in_jsons_words(
    sample: Any, value: Any, message: str, standard: type, refused: Callable[..., str]
) -> None:
    assert refused(standard(sample), value, "x") == message


def test_a_long_value_is_shortened(standard: type, refused: Callable[..., str]) -> None:
    message = refused(standard(1), "long " * 1000)
    assert message.startswith("data: expected an integer, got string 'long ")
    assert len(message) < 200


@pytest.fixture
def inputs(standard: type, array: Callable[..., Any], frame: Callable[..., Any]) -> Any:
    """The nested type of a Power BI script."""
    return standard(
        {
            "input1": array((1, 2)),
            "input2": standard(1.5),
            "input3": frame({"a": [1]}),
            "input4": standard([standard({"deep": standard(datetime.date(2000, 1, 1))})]),
            "plain": "not a type, so any value",
        }
    )


def test_nested_values_are_converted_in_place(inputs: Any, accepted: Callable[..., Any]) -> None:
    converted = accepted(
        inputs,
        {
            "input1": [[1, 2]],
            "input2": 1,
            "input3": [{"a": 5}],
            "input4": [{"deep": "2020-01-01"}, {"deep": "2020-01-02", "more": 1}],
            "plain": [None],
            "unknown": "kept",
        },
        "Inputs",
    )
    assert isinstance(converted["input1"], np.ndarray)
    assert converted["input2"] == 1
    assert converted["input3"].loc[0, "a"] == 5
    assert converted["input4"] == [
        {"deep": datetime.date(2020, 1, 1)},
        {"deep": datetime.date(2020, 1, 2), "more": 1},
    ]
    assert (converted["plain"], converted["unknown"]) == ([None], "kept")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"input2": "x"}, "Inputs.input2: expected a number, got string 'x'"),
        ({"input1": [[1]]}, "Inputs.input1: expected shape (*, 2), got (*, 1)"),
        ({"input1": [["x", 1]]}, "Inputs.input1[0][0]: expected a number (float64), got string 'x'"),
        ({"input3": 5}, "Inputs.input3: expected a table of 1 columns (a) in orient 'records', got integer 5"),
        ({"input4": {}}, "Inputs.input4: expected an array, got empty object"),
        (
            {"input4": [{"deep": "2020-01-01"}, {"deep": "x"}]},
            "Inputs.input4[1].deep: expected a date as YYYY-MM-DD, got string 'x'",
        ),
        ({"input4": [5]}, "Inputs.input4[0]: expected an object, got integer 5"),
        ([], "Inputs: expected an object, got array of 0 items"),
    ],
    ids=lambda one: str(one)[:40],
)
def test_a_refused_value_inside_a_nested_type_is_told_with_its_path(
    value: Any, message: str, inputs: Any, refused: Callable[..., str]
) -> None:
    assert refused(inputs, value, "Inputs") == message


class TestOptional:
    """Parameters declared optional: an empty value is passed on unconverted."""

    @pytest.mark.parametrize("value", [None, [], "", 0, False, {}])
    def test_an_empty_value_is_passed_as_it_is(self, value: Any, array: Callable[..., Any]) -> None:
        argument = Argument("data", type=array((1, 2)), optional=True)
        assert schema_arguments({"data": value}, (argument,)) == {"data": value}

    def test_another_value_is_converted_or_refused(self, array: Callable[..., Any]) -> None:
        argument = Argument("data", type=array((1, 2)), optional=True, default=None)
        assert schema_arguments({"data": [[1, 2]]}, (argument,))["data"].shape == (1, 2)
        assert schema_arguments({}, (argument,)) == {"data": None}
        with pytest.raises(RefusedValue):
            schema_arguments({"data": "x"}, (argument,))


class TestDefaults:
    """Defaults of run() are of the schema's type too, where that accepts them."""

    def test_a_default_is_converted(self, array: Callable[..., Any], standard: type) -> None:
        arguments = (
            Argument("data", type=array((1, 2)), default=[[1, 2]]),
            Argument("when", type=standard(datetime.datetime(2000, 1, 1)), default="2020-01-01"),
        )
        chosen = schema_arguments({}, arguments)
        assert chosen["data"].tolist() == [[1.0, 2.0]]
        assert chosen["when"] == datetime.datetime(2020, 1, 1)

    @pytest.mark.parametrize("default", [None, "auto"])
    def test_a_default_that_the_type_refuses_stays(self, default: Any, array: Callable[..., Any]) -> None:
        argument = Argument("data", type=array((1, 2)), default=default)
        assert schema_arguments({}, (argument,)) == {"data": default}

    def test_a_converted_default_is_the_same_for_every_request(self, standard: type) -> None:
        argument = Argument(
            "data", type=standard({"day": standard(datetime.date(2000, 1, 1))}), default={"day": "2020-01-01"}
        )
        first, second = schema_arguments({}, (argument,)), schema_arguments({}, (argument,))
        assert first == second == {"data": {"day": datetime.date(2020, 1, 1)}}
