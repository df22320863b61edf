"""Frames whose columns are named otherwise than the schema's, and values that a frame would take for others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from servers import InProcess

Start = Callable[..., InProcess]
FRAME = "import pandas as pd\nfrom inference_schema.parameter_types.pandas_parameter_type import PandasParameterType\n"
ROW = {"age": 3, "member": True, "since": "2024-05-01"}
SAMPLE = "pd.DataFrame({'age': [1], 'member': [True], 'since': pd.to_datetime(['2024-01-01'])})"
BY_NAME = "return (data['age'] / data['member']).tolist()"
BY_PLACE = "return [type(one).__name__ for one in data.iloc[0]]"
OTHER = {"Age": 3, "member": True, "since": "2024-05-01"}


@pytest.fixture
def frame_script(schema_script: Start) -> Start:
    """Start a script that takes a frame of ``age``, ``member`` and ``since``: the body of ``run(data)``."""

    def start(body: str, options: str = "", **more: Any) -> InProcess:
        return schema_script(
            body, decorators=f"{FRAME}@input_schema('data', PandasParameterType({SAMPLE}{options}))", **more
        )

    return start


def test_columns_of_other_names_are_scored_by_a_script_that_goes_by_place(frame_script: Start) -> None:
    response = frame_script(BY_PLACE).post(json={"data": [OTHER]})
    assert (response.status_code, response.json()) == (200, ["int", "bool", "Timestamp"])


@pytest.mark.parametrize(
    ("sent", "got"),
    [
        (OTHER, "Age, member, since"),
        ({"a": 1, "b": 2, "c": 3}, "a, b, c"),
    ],
)
def test_where_run_raises_the_answer_names_the_columns(
    sent: Any, got: str, frame_script: Start, log_lines: Callable[[], list[str]]
) -> None:
    response = frame_script(BY_NAME).post(json={"data": [sent]})
    assert response.status_code == 400
    assert response.headers["x-ms-run-function-failed"] == "False"
    assert response.json() == {"message": f"data: expected the columns age, member, since, got {got}"}
    assert any("KeyError: 'age'" in line for line in log_lines())


def test_columns_are_told_when_run_has_changed_its_frame(frame_script: Start) -> None:
    service = frame_script("data['more'] = 1; data.drop(columns='member', inplace=True); return 1 / 0")
    assert service.post(json={"data": [OTHER]}).status_code == 400
    assert service.post(json={"data": [ROW]}).status_code == 500  # what run() did to it is no fault of the client


def test_a_fault_of_a_script_stays_one(frame_script: Start) -> None:
    service = frame_script("raise ValueError('no model')")
    assert service.post(json={"data": [ROW]}).status_code == 500
    assert service.post(json={"data": [dict(reversed(ROW.items()))]}).status_code == 500  # another order


def test_an_exception_that_chose_its_status_keeps_it(frame_script: Start) -> None:
    service = frame_script("error = ValueError('busy'); error.status_code = 503; raise error")
    assert service.post(json={"data": [OTHER]}).status_code == 503


def test_columns_are_told_for_a_query_too(frame_script: Start) -> None:
    service = frame_script(BY_NAME, ", enforce_column_type=False")
    response = service.get("/score", params={"data": '[{"Age": 3, "member": true, "since": "x"}]'})
    assert response.status_code == 400
    assert "got Age, member, since" in response.json()["message"]


def test_frames_of_any_number_of_columns_are_told_what_is_missing(frame_script: Start) -> None:
    service = frame_script(BY_NAME, ", enforce_shape=False")
    response = service.post(json={"data": [{"age": 3}]})
    assert (response.status_code, response.json()["message"]) == (
        400,
        "data: expected the columns age, member, since, got age",
    )


def test_a_table_without_names_is_the_scripts_own_affair(frame_script: Start) -> None:
    service = frame_script(BY_NAME, ", orient='values'")
    assert service.post(json={"data": [[1, True, "2024-05-01"]]}).status_code == 500


def test_columns_of_a_wide_frame_are_told_by_those_that_differ(schema_script: Start) -> None:
    service = schema_script(
        "return data['c0'].tolist()",
        decorators=f"{FRAME}@input_schema('data', PandasParameterType(pd.DataFrame([range(60)]).add_prefix('c')))",
    )
    message = service.post(json={"data": [{f"c{one}" if one else "C0": 1 for one in range(60)}]}).json()["message"]
    assert message == "data: expected the 60 columns of the schema, among them c0, got 60, without them and with C0"


class TestStrictColumns:
    """SCOREDOCK_STRICT_COLUMNS: other names are refused before run() is called."""

    def test_other_names_are_refused(self, frame_script: Start) -> None:
        service = frame_script(BY_PLACE, SCOREDOCK_STRICT_COLUMNS="true")
        response = service.post(json={"data": [OTHER]})
        assert response.status_code == 400
        assert response.json() == {"message": "data: expected the columns age, member, since, got Age, member, since"}
        assert service.get("/score", params={"data": '[{"a": 1, "b": 2, "c": 3}]'}).status_code == 400

    def test_another_order_is_no_other_name(self, frame_script: Start) -> None:
        service = frame_script(BY_NAME, SCOREDOCK_STRICT_COLUMNS="true")
        assert service.post(json={"data": [dict(reversed(ROW.items()))]}).json() == [3.0]

    def test_frames_of_any_number_of_columns_stay_free(self, frame_script: Start) -> None:
        service = frame_script("return list(data)", ", enforce_shape=False", SCOREDOCK_STRICT_COLUMNS="true")
        assert service.post(json={"data": [{"age": 3}]}).json() == ["age"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"member": "no"}, "data[0].member: expected bool: true, false, 0 or 1, got string 'no'"),
        (
            {"since": 1714550400000},
            'data[0].since: expected datetime64[us]: ISO 8601 text like "2024-05-01T08:00:00", as pandas writes with '
            'to_json(date_format="iso"), got integer 1714550400000',
        ),
    ],
)
def test_a_value_that_would_be_another_is_400(value: Any, message: str, frame_script: Start) -> None:
    response = frame_script(BY_NAME).post(json={"data": [{**ROW, **value}]})
    unit = "datetime64[us]"
    told = response.json()["message"].replace("datetime64[ns]", unit).replace("datetime64[s]", unit)
    assert (response.status_code, told) == (400, message)


def test_what_a_script_has_numpy_raise_changes_no_answer(schema_script: Start) -> None:
    service = schema_script(
        "return data.tolist()",
        decorators="np.seterr(all='raise')\n@input_schema('data', NumpyParameterType(np.array([1.5], 'f4')))",
    )
    response = service.post(json={"data": [1e300]})
    assert (response.status_code, response.json()["message"]) == (
        400,
        "data[0]: expected a number (float32): up to 3.4028234663852886e+38, got number 1e+300",
    )
    assert service.post(json={"data": [1e-300, 0.5]}).json() == [0.0, 0.5]


def test_a_frame_with_columns_of_one_name_is_no_result(frame_script: Start, log_lines: Callable[[], list[str]]) -> None:
    service = frame_script("return pd.concat([data[['age']], data[['age']]], axis=1)")
    assert service.post(json={"data": [ROW]}).status_code == 500
    assert any("result: a frame with columns named twice: age" in line for line in log_lines())
