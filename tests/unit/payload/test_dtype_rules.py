"""What dtypes take of JSON, in arrays and in frames of every orient, and what clients are told to send instead."""

from __future__ import annotations

import itertools
import json
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType

from scoredock.errors import RefusedValue, RequestProblem
from scoredock.payload import SchemaReader, schema_arguments
from scoredock.payload.dates import moment
from scoredock.payload.json_arrays import MIN_BODY
from scoredock.signature import Argument

NAIVE = pd.to_datetime(["2024-01-01"])
COLUMNS: dict[str, Any] = {
    "bool": [True],
    "boolean": pd.array([True], dtype="boolean"),
    "int64": [1],
    "int8": pd.array([1], dtype="int8"),
    "uint8": pd.array([1], dtype="uint8"),
    "uint64": pd.array([1], dtype="uint64"),
    "Int64": pd.array([1], dtype="Int64"),
    "float32": np.array([1.5], "float32"),
    "float64": [1.5],
    "date": NAIVE,
    "zoned": NAIVE.tz_localize("UTC"),
    "span": pd.to_timedelta(["1h"]),
}
# (dtype, what is refused, a word of what to send instead)
REFUSED = [
    *(("bool", value, "true, false, 0 or 1") for value in ("no", "False", "true", "", None, 2, 0.5, -1, [True], {})),
    *(("boolean", value, "true, false, 0, 1 or null") for value in ("no", 2, 0.5)),
    *(("int64", value, "from -9223372036854775808 to") for value in (2**63, -(2**63) - 1, 2**70, 1e300, 9.3e18)),
    *(("int8", value, "from -128 to 127") for value in (128, 300, -129, 128.5, "300")),
    *(("uint8", value, "from 0 to 255") for value in (256, -1, -1.5, 1e9)),
    *(("uint64", value, "from 0 to 18446744073709551615") for value in (2**64, -1, 1e20)),
    *(("Int64", value, "from -9223372036854775808 to") for value in (2**63, -(2**70))),
    *(("float32", value, "up to 3.40") for value in (1e300, -1e39, 10**39, "1e300", 3.4028235677973366e38)),
    *(("date", value, 'date_format="iso"') for value in (1714550400000, 0, 1.5, True, [], 1714550400)),
    *(("date", value, "without a time zone") for value in ("2024-05-01T08:00:00Z", "2024-05-01 08:00+02:00")),
    *(
        ("date", value, "ISO 8601")
        for value in (
            "03/04/2024",
            "12.03.2024",
            "now",
            "today",
            "08:00",
            "1 May 0099",
            "May 2024",
            "6 May 24",
            "5",
            "soon",
        )
    ),
    *(("zoned", value, '"2024-05-01T08:00:00Z"') for value in (1714550400000, "03/04/2024", "now")),
    *(("span", value, "5 seconds") for value in (5, 1.5, True, "5", "1e3", "soon")),
]
TAKEN = [
    *(("bool", value, bool(value)) for value in (True, False, 0, 1, 0.0, 1.0)),
    *(("boolean", value, bool(value)) for value in (True, False, 0, 1)),
    ("boolean", None, None),
    ("int64", 2.9, 2),
    ("int64", -2.9, -2),
    ("int64", 2**63 - 1, 2**63 - 1),
    ("int64", -(2**63), -(2**63)),
    ("int64", "5", 5),
    ("int64", True, 1),
    ("int8", 127.9, 127),
    ("uint64", 2**64 - 1, 2**64 - 1),
    ("Int64", None, None),
    ("Int64", 2**53 + 1, 2**53 + 1),
    ("float32", 3.4e38, float(np.float32(3.4e38))),
    ("float32", "inf", float("inf")),
    ("float64", 1e300, 1e300),
    ("float64", None, None),
    *(
        ("date", value, pd.Timestamp("2024-05-01"))
        for value in ("2024-05-01", "2024/05/01", "20240501", "2024.5.1", "1 May 2024", "May 1, 2024", "2024-05")
    ),
    ("date", "2024-05-01 08:00", pd.Timestamp("2024-05-01T08:00")),
    ("date", "13.03.2024", pd.Timestamp("2024-03-13")),
    ("date", "05/05/2024 7:08 pm", pd.Timestamp("2024-05-05T19:08")),
    ("date", None, None),
    ("date", "", None),
    ("date", "NaT", None),
    ("zoned", "2024-05-01T08:00:00+02:00", pd.Timestamp("2024-05-01T06:00Z")),
    ("zoned", "2024-05-01T08:00:00Z", pd.Timestamp("2024-05-01T08:00Z")),
    ("zoned", "2024-05-01T08:00:00", pd.Timestamp("2024-05-01T08:00Z")),
    ("zoned", None, None),
    ("span", "2 hours", pd.Timedelta("2h")),
    ("span", "P1D", pd.Timedelta("1D")),
    ("span", None, None),
]
ORIENTS: dict[str, Callable[[str, list[Any]], Any]] = {
    "records": lambda name, values: [{name: value} for value in values],
    "split": lambda name, values: {"columns": [name], "data": [[value] for value in values]},
    "index": lambda name, values: {str(index): {name: value} for index, value in enumerate(values)},
    "columns": lambda name, values: {name: {str(index): value for index, value in enumerate(values)}},
}
PLACES = {"records": "data[1].x", "split": "data.data[1][0]", "index": "data.1.x", "columns": "data.x.1"}
GOOD = {"date": "2024-01-02", "zoned": "2024-01-02T00:00:00Z", "span": "1h", "bool": True, "boolean": True}
ARRAYS = {
    "bool": NumpyParameterType(np.array([True])),
    "int64": NumpyParameterType(np.array([1])),
    "int8": NumpyParameterType(np.array([1], "int8")),
    "uint8": NumpyParameterType(np.array([1], "uint8")),
    "uint64": NumpyParameterType(np.array([1], "uint64")),
    "float32": NumpyParameterType(np.array([1.5], "float32")),
    "float64": NumpyParameterType(np.array([1.5])),
    "date": NumpyParameterType(np.array(["2024-01-01"], "datetime64[us]")),
    "span": NumpyParameterType(np.array([1], "timedelta64[s]")),
}


@pytest.fixture(params=["quiet", "raise"], autouse=True)
def floating_point_errors(request: pytest.FixtureRequest) -> Iterator[None]:
    """Nothing depends on what the script has NumPy do about overflows."""
    with np.errstate(all=request.param if request.param == "raise" else "ignore"):
        yield


def frame_type(name: str, orient: str = "records") -> PandasParameterType:
    """A frame of one column, x, of a dtype."""
    return PandasParameterType(pd.DataFrame({"x": COLUMNS[name]}), orient=orient)


def read(type_: Any, value: Any) -> Any:
    """What a body with this value brings."""
    body = json.dumps({"data": value}).encode()
    return SchemaReader((Argument("data", type=type_),), 10**6).read(body, "application/json")["data"]


def plain(value: Any) -> Any:
    """A cell as JSON would have it: what is missing is None."""
    return None if value is None or pd.isna(value) else value


@pytest.mark.parametrize("orient", ORIENTS)
@pytest.mark.parametrize(("name", "value", "advice"), REFUSED, ids=repr)
def test_a_column_refuses_what_does_not_fit(name: str, value: Any, advice: str, orient: str) -> None:
    with pytest.raises(RefusedValue) as caught:
        read(frame_type(name, orient), ORIENTS[orient]("x", [GOOD.get(name, 1), value]))
    assert caught.value.path == PLACES[orient]
    assert advice in caught.value.expected


@pytest.mark.parametrize("orient", ORIENTS)
@pytest.mark.parametrize(("name", "value", "expected"), TAKEN, ids=repr)
def test_a_column_takes_what_fits(name: str, value: Any, expected: Any, orient: str) -> None:
    made = read(frame_type(name, orient), ORIENTS[orient]("x", [GOOD.get(name, 1), value]))
    assert made["x"].dtype == pd.DataFrame({"x": COLUMNS[name]})["x"].dtype
    assert plain(made["x"].iloc[1]) == expected


@pytest.mark.parametrize("orient", ["values", "records"])
def test_rows_without_names_have_the_samples_columns(orient: str) -> None:
    type_ = PandasParameterType(pd.DataFrame({"a": [1], "ok": [True]}), orient=orient)
    with pytest.raises(RefusedValue) as caught:
        read(type_, [[1, True], [1, "no"]])
    assert caught.value.path == "data[1][1]"
    assert list(read(type_, [[1, True]]).iloc[0]) == [1, True]


def test_a_boolean_that_a_row_does_not_have_is_refused() -> None:
    with pytest.raises(RefusedValue, match=r"^data\[1\]\.x: expected bool: true, false, 0 or 1, got nothing$"):
        read(
            PandasParameterType(pd.DataFrame({"x": [True], "y": [1]})),
            [{"x": True, "y": 1}, {"y": 1}],
        )


def test_names_of_columns_may_have_any_signs() -> None:
    type_ = PandasParameterType(pd.DataFrame({"{x}": [1], "%s": [True]}))
    with pytest.raises(RefusedValue) as caught:
        read(type_, [{"%s": True}])
    assert caught.value.path == "data[0].{x}"


@pytest.mark.parametrize("large", [2**53 + 1, -(2**62) - 1])
@pytest.mark.parametrize("orient", ORIENTS)
def test_large_integers_beside_nulls_and_fractions_stay_exact(large: int, orient: str) -> None:
    """pandas reads such a column as floats."""
    assert list(read(frame_type("Int64", orient), ORIENTS[orient]("x", [large, None])).x) == [large, pd.NA]
    assert list(read(frame_type("int64", orient), ORIENTS[orient]("x", [large, 1.5])).x) == [large, 1]


def test_columns_with_numbers_for_names_have_the_same_rules() -> None:
    type_ = PandasParameterType(pd.DataFrame({1: pd.array([True], "boolean"), 2: pd.array([1], "Int64")}))
    made = read(type_, [{"1": True, "2": 2**53 + 1}, {"1": 0, "2": float("nan")}])
    assert [list(made[label]) for label in (1, 2)] == [[True, False], [2**53 + 1, pd.NA]]


@pytest.mark.parametrize("shape", [1, 2])
@pytest.mark.parametrize(("name", "value"), [(name, value) for name, value, _ in REFUSED if name in ARRAYS], ids=repr)
def test_an_array_refuses_what_does_not_fit(name: str, value: Any, shape: int) -> None:
    sample = ARRAYS[name].sample_input
    good: Any = {"span": "1 hours"}.get(name, GOOD.get(name, 1))
    type_, sent = (ARRAYS[name], [good, value]) if shape == 1 else (NumpyParameterType(sample[None]), [[good], [value]])
    with pytest.raises(RefusedValue) as caught:
        read(type_, sent)
    assert caught.value.path.startswith("data[1]")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [one for one in TAKEN if one[0] in ARRAYS and one[:2] not in (("span", "P1D"), ("span", None))],
    ids=repr,
)
def test_an_array_takes_what_fits(name: str, value: Any, expected: Any) -> None:
    made = read(ARRAYS[name], [value])
    assert made.dtype == ARRAYS[name].sample_input.dtype
    found = pd.Timestamp(made[0]) if name == "date" else pd.Timedelta(made[0]) if name == "span" else made[0]
    assert plain(found) == expected


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"ok": "no", "at": "2024-01-01"}, "data[0].ok"),
        ({"ok": True, "at": "2024-01-01Z"}, "data[0].at"),
        ({"ok": True, "at": 5}, "data[0].at"),
        (["no", "2024-01-01"], "data[0].ok"),
    ],
)
def test_fields_of_a_structured_array_have_the_same_rules(value: Any, path: str) -> None:
    type_ = NumpyParameterType(np.array([(True, "2024-01-01")], [("ok", "?"), ("at", "M8[s]")]))
    with pytest.raises(RefusedValue) as caught:
        read(type_, [value])
    assert caught.value.path == path


def test_types_inside_nested_types_have_the_same_rules() -> None:
    type_ = StandardPythonParameterType({"f": frame_type("date"), "a": ARRAYS["bool"]})
    for value, path in [({"f": [{"x": 5}]}, "data.f[0].x"), ({"a": [1, 2]}, "data.a[1]")]:
        with pytest.raises(RefusedValue) as caught:
            read(type_, value)
        assert caught.value.path == path


def test_a_number_in_a_large_body_is_refused_on_the_fast_way_too() -> None:
    body = (json.dumps({"data": [1.5] * 9 + [1e39]}) + " " * MIN_BODY).encode()
    with pytest.raises(RefusedValue, match=r"^data\[9\]: expected a number \(float32\): up to 3.40"):
        SchemaReader((Argument("data", type=ARRAYS["float32"]),), 10**6).read(body, "application/json")


dates = st.datetimes(pd.Timestamp("0100-01-01"), pd.Timestamp("9998-01-01"))
FORMS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d.%m.%Y", "%m/%d/%Y", "%d-%m-%Y", "%d %B %Y", "%B %d, %Y"),
    *("%d-%b-%Y", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %I:%M %p"),
    *("%Y%m%dT%H%M%S", "%d %b %Y %H:%M", "%Y-%m-%dT%H:%M:%S,%f"),
)
DAY_OR_MONTH_FIRST = ("%d.%m.%Y", "%m/%d/%Y", "%d-%m-%Y")


@given(dates, st.sampled_from(FORMS))
@settings(deadline=None, max_examples=300, derandomize=True, suppress_health_check=list(HealthCheck))
def test_a_text_that_is_taken_says_the_same_to_everybody(when: pd.Timestamp, form: str) -> None:
    """Our reading, NumPy's and pandas' agree; what could be a day or a month is taken by none."""
    text = when.strftime(form.replace("%Y", f"{when.year:04}"))
    said = moment(text)
    if said is None:
        assert form in DAY_OR_MONTH_FIRST
        assert when.day <= 12
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas warns that it reads days before months
        made = read(frame_type("date"), [{"x": text}]).x.iloc[0]
    assert made == pd.Timestamp(np.datetime64(said.iso, "us"))


values = st.one_of(
    st.booleans(), st.integers(-(2**65), 2**65), st.integers(-3, 3), st.floats(), st.text(max_size=3), st.none()
)


@given(st.sampled_from(sorted(set(COLUMNS) - {"date", "zoned", "span"})), st.lists(values, min_size=1, max_size=3))
@settings(deadline=None, max_examples=300, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_orient_takes_the_same_values(name: str, cells: list[Any]) -> None:
    outcomes = []
    for orient, write in ORIENTS.items():
        try:
            argument = Argument("data", type=frame_type(name, orient))
            made = schema_arguments({"data": write("x", cells)}, (argument,))["data"]
            outcomes.append(repr([plain(one) for one in made.x]))
        except RequestProblem as problem:
            outcomes.append("refused" if "x" in str(problem) else str(problem))
    assert all(one == other for one, other in itertools.pairwise(outcomes)), outcomes


@pytest.mark.parametrize("date", ["9999-12-31", "2300-01-01", "1677-01-01", "0001-01-01T00:00:00"])
@pytest.mark.parametrize("structured", [False, True])
def test_a_date_that_an_array_cannot_hold_is_refused(date: str, structured: bool) -> None:
    dtype: Any = [("when", "datetime64[ns]"), ("n", "i4")] if structured else "datetime64[ns]"
    good: Any = ("2024-01-01", 1) if structured else "2024-01-01"
    type_ = NumpyParameterType(np.array([good], dtype))
    with pytest.raises(RefusedValue) as caught:
        read(type_, [good, (date, 1) if structured else date])
    assert caught.value.path == ("data[1].when" if structured else "data[1]")
    for coarse in ("s", "us", "D", "Y"):
        made = read(NumpyParameterType(np.array(["2024"], f"datetime64[{coarse}]")), [date])
        assert made[0].astype("datetime64[Y]") == np.datetime64(date[:4])


@pytest.mark.parametrize("zone", ["+24:00", "-99", "+01:60"])
def test_a_time_zone_that_none_has_is_refused(zone: str) -> None:
    assert moment("2024-01-01T08:00+14:00")
    assert moment(f"2024-01-01T08:00{zone}") is None


@pytest.mark.parametrize("schema", ["columns", "arrays"])
@pytest.mark.parametrize("text", ["1" * 100_000 + "x", "1." * 50_000, " " * 100_000 + "1 x"])
def test_a_long_text_for_a_duration_is_refused_at_once(schema: str, text: str) -> None:
    column = PandasParameterType(pd.DataFrame({"span": COLUMNS["span"]}))
    type_ = column if schema == "columns" else ARRAYS["span"]
    began = time.process_time()
    with pytest.raises(RefusedValue):
        read(type_, [{"span": text}] if schema == "columns" else [text])
    assert time.process_time() - began < 5  # seconds; a square of its length would be minutes
