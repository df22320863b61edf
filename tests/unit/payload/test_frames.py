"""pandas parameters in every orient: what they accept, and what is said about what they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

ORIENTS = ("records", "split", "index", "columns", "values", "table")
COLUMNS = {"a": [1, 2], "b": [1.5, 2.5], "c": ["x", "y"]}


def in_orient(orient: str, columns: dict[str, list[Any]] | None = None) -> Any:
    """A frame as JSON in an orient."""
    return json.loads(pd.DataFrame(columns or COLUMNS).to_json(orient=orient))


@pytest.mark.parametrize("orient", ORIENTS)
def test_a_frame_comes_back_in_every_orient(
    orient: str, frame: Callable[..., Any], accepted: Callable[..., Any]
) -> None:
    converted = accepted(frame(COLUMNS, orient=orient), in_orient(orient))
    assert converted.to_numpy().tolist() == pd.DataFrame(COLUMNS).to_numpy().tolist()


def test_columns_take_the_samples_dtypes(frame: Callable[..., Any], accepted: Callable[..., Any]) -> None:
    sample = {
        "i": [1],
        "f": [1.5],
        "t": pd.to_datetime(["2020-01-01"]),
        "d": pd.to_timedelta(["1 day"]),
        "b": [True],
    }
    row = {"i": 7, "f": 2, "t": "2021-02-03T04:05:06", "d": "2 days", "b": False}
    converted = accepted(frame(sample), [row])
    assert converted.dtypes.to_list() == pd.DataFrame(sample).dtypes.to_list()
    assert converted.loc[0, "t"] == pd.Timestamp("2021-02-03T04:05:06")
    assert converted.loc[0, "d"] == pd.Timedelta("2 days")


@pytest.mark.parametrize("orient", ORIENTS)
@pytest.mark.parametrize("value", ["text", None, 5, True])
def test_what_is_no_table_is_told(
    orient: str, value: Any, frame: Callable[..., Any], refused: Callable[..., str]
) -> None:
    message = refused(frame(COLUMNS, orient=orient), value)
    assert message.startswith(f"data: expected a table of 3 columns (a, b, c) in orient '{orient}', got ")


@pytest.mark.parametrize("orient", ORIENTS)
@pytest.mark.parametrize(
    "value",
    [[1], [[1]], [{"a": 1}], {"a": 1}, {"columns": 5, "data": []}, {"schema": [], "data": {}}, [None], [[]]],
    ids=str,
)
def test_no_refusal_speaks_of_pythons_insides(
    orient: str, value: Any, frame: Callable[..., Any], refused: Callable[..., str]
) -> None:
    message = refused(frame(COLUMNS, orient=orient), value)
    for word in ("object has no attribute", "indices must be", "Mixing dicts", "('schema')", "('columns')"):
        assert word not in message


@pytest.mark.parametrize(
    ("orient", "form"),
    [
        ("records", "an array of objects, one a row"),
        ("values", "an array of arrays, one a row"),
        ("split", "an object with columns, index and data"),
        ("index", "an object of rows"),
        ("columns", "an object of columns"),
        ("table", "an object with schema and data"),
    ],
)
def test_a_table_of_another_form_is_told_the_form(
    orient: str, form: str, frame: Callable[..., Any], refused: Callable[..., str]
) -> None:
    other = {"a": 1} if orient in ("records", "values") else [[1]]
    assert refused(frame(COLUMNS, orient=orient), other).startswith(f"data: expected {form}, got ")


@pytest.mark.parametrize("orient", [one for one in ORIENTS if one != "values"])
def test_a_wrong_number_of_columns_is_told_with_their_names(
    orient: str, frame: Callable[..., Any], refused: Callable[..., str]
) -> None:
    value = in_orient(orient, {"a": [1], "b": [2.5]})
    assert refused(frame(COLUMNS, orient=orient), value) == "data: expected 3 columns (a, b, c), got 2 (a, b)"


def test_an_empty_table_has_no_columns(frame: Callable[..., Any], refused: Callable[..., str]) -> None:
    assert refused(frame(COLUMNS), []).startswith("data: expected 3 columns (a, b, c), got 0")


@pytest.mark.parametrize(
    ("rows", "start", "end"),
    [
        ([[1, 2]], "data[0]: expected an object", "got array of 2 items"),
        ([{"a": 1, "b": 2, "c": "x"}, 5], "data[1]: expected an object", "got integer 5"),
        ([{"a": "q", "b": 1, "c": "x"}], "data[0].a: expected ", "got string 'q'"),
        ([{"a": 1, "b": 1, "c": "x"}, {"a": None, "b": 1, "c": "x"}], "data[1].a: expected ", "got null"),
        ([{"a": 1, "b": [1], "c": "x"}], "data[0].b: expected ", "got array of 1 item"),
        ([{"a": 2**70, "b": 1, "c": "x"}], "data[0].a: expected ", f"got integer {2**70}"),
    ],
)
def test_the_row_and_column_of_a_refused_record_are_told(
    rows: Any, start: str, end: str, frame: Callable[..., Any], refused: Callable[..., str]
) -> None:
    message = refused(frame(COLUMNS), rows)
    assert message.startswith(start)
    assert message.endswith(end)


@pytest.mark.parametrize(
    ("orient", "path"),
    [("split", "data.data[0][0]"), ("index", "data.0.a"), ("columns", "data.a.0"), ("table", "data.data[0].a")],
)
def test_a_refused_cell_of_another_orient_is_told_with_its_place(
    orient: str, path: str, frame: Callable[..., Any], refused: Callable[..., str]
) -> None:
    value = in_orient(orient, {"a": ["q"], "b": [1.5], "c": ["x"]})
    assert refused(frame(COLUMNS, orient=orient), value) == f"{path}: expected int64, got string 'q'"


def test_types_and_columns_may_be_left_open(frame: Callable[..., Any], accepted: Callable[..., Any]) -> None:
    assert accepted(frame(COLUMNS, enforce_shape=False), [{"a": 1}]).shape == (1, 1)
    assert accepted(frame({"a": [1]}, enforce_column_type=False), [{"a": "q"}]).loc[0, "a"] == "q"


def test_columns_are_counted_and_their_names_left_to_the_script(
    frame: Callable[..., Any], accepted: Callable[..., Any]
) -> None:
    """inference-schema looks at no names, so the reference serves such a request: a client's answer must not change."""
    assert list(accepted(frame(COLUMNS), [{"a": 1, "b": 2.5, "other": "x"}])) == ["a", "b", "other"]
