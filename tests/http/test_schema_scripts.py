"""Scripts with decorators: names, content types, defaults, refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from servers import InProcess

Start = Callable[..., InProcess]
NUMBER = "StandardPythonParameterType(1.5)"


def message(response: Any, status: int) -> str:
    """The message of an error, which has the right status and headers."""
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-ms-run-function-failed"] == "False"
    assert set(response.json()) == {"message"}
    return str(response.json()["message"])


def test_run_gets_the_named_values_of_the_schemas_types(schema_script: Start) -> None:
    response = schema_script().post(json={"data": [[1, 2], [3, 4]], "unknown": 1})
    assert (response.status_code, response.json()) == (200, [3.0, 7.0])


@pytest.mark.parametrize(("body", "expected"), [({"a": 1}, [1, 2.5, "x"]), ({"a": 1, "b": 3, "c": None}, [1, 3, None])])
def test_defaults_are_respected(body: Any, expected: Any, schema_script: Start) -> None:
    service = schema_script(
        "return [a, b, c]", "a, b=2.5, c='x'", f"@input_schema('a', {NUMBER})\n@input_schema('b', {NUMBER})"
    )
    assert service.post(json=body).json() == expected


def test_get_takes_the_values_from_the_query(schema_script: Start) -> None:
    service = schema_script()
    assert service.get("/score", params={"data": "[[1, 2]]", "other": "x"}).json() == [3.0]
    assert "'data'" in message(service.get("/score"), 400)
    assert message(service.get("/score?data=x"), 400).startswith("data: expected an array of shape (*, 2)")


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/xml", "multipart/form-data"])
def test_another_content_type_is_415(content_type: str | None, schema_script: Start) -> None:
    headers = {"content-type": content_type} if content_type else {}
    response = schema_script().post(content=b'{"data": [[1, 2]]}', headers=headers)
    got = repr(content_type) if content_type else "none"
    assert message(response, 415) == f"Expects Content-Type to be application/json, got {got}"


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON", "application/x+json"]
)
def test_every_spelling_of_json_is_taken(content_type: str, schema_script: Start) -> None:
    response = schema_script().post(content=b'{"data": [[1, 2]]}', headers={"content-type": content_type})
    assert response.json() == [3.0]


@pytest.mark.parametrize(
    ("body", "start"),
    [
        (b"", "POST body is empty. Expecting a JSON dictionary."),
        (b"{", "POST body could not be decoded as JSON: "),
        (b'{"data": "\xff"}', "POST body could not be decoded as JSON: "),
        (b"[1]", "POST body should be a JSON dictionary. Got array of 1 item."),
        (b"null", "POST body should be a JSON dictionary. Got null."),
        (b'"{}"', "POST body should be a JSON dictionary. Got string '{}': was it encoded twice?"),
        (b"{}", "A value is not provided for the 'data' parameter. Got nothing."),
        (b'{"Data": [[1, 2]]}', "A value is not provided for the 'data' parameter. Got 'Data'."),
        (
            b'{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1}',
            "A value is not provided for the 'data' parameter. Got 'a', 'b', 'c', ",
        ),
        (b'{"data": [[1, 2, 3]]}', "data: expected shape (*, 2), got (*, 3)"),
        (b'{"data": [["x", 2]]}', "data[0][0]: expected a number (float64), got string 'x'"),
        (b'{"data": "text"}', "data: expected an array of shape (*, 2), got string 'text'"),
        (b'{"data": null}', "data: expected an array of shape (*, 2), got null"),
        (b'{"data": ' + b"[" * 100_000, "POST body could not be decoded as JSON: "),
    ],
    ids=lambda one: repr(one)[:30],
)
def test_a_bad_body_is_400_and_never_reaches_run(body: bytes, start: str, schema_script: Start) -> None:
    service = schema_script("raise AssertionError('run() was called')")
    response = service.post(content=body, headers={"content-type": "application/json"})
    assert message(response, 400).startswith(start)


@pytest.mark.parametrize("depth", [60, 500, *range(940, 1000, 4)])
def test_a_deeply_nested_value_is_400(depth: int, schema_script: Start) -> None:
    body = b'{"data": ' + b"[" * depth + b"]" * depth + b"}"
    message(schema_script().post(content=body, headers={"content-type": "application/json"}), 400)


def test_a_refused_value_of_a_nested_type_is_told_with_its_path(schema_script: Start) -> None:
    service = schema_script(
        "return {'Results': Inputs['input1'].tolist()}",
        "Inputs, GlobalParameters=1.0",
        "@input_schema('Inputs', StandardPythonParameterType({'input1': NumpyParameterType(np.zeros((1, 2))),"
        f" 'input2': {NUMBER}}}))\n@input_schema('GlobalParameters', {NUMBER})",
    )
    assert service.post(json={"Inputs": {"input1": [[1, 2]]}}).json() == {"Results": [[1.0, 2.0]]}
    response = service.post(json={"Inputs": {"input1": [[1, 2]], "input2": "x"}})
    assert message(response, 400) == "Inputs.input2: expected a number, got string 'x'"


def test_a_fault_inside_run_is_no_refusal(schema_script: Start) -> None:
    response = schema_script("raise ValueError('expected shape')").post(json={"data": [[1, 2]]})
    assert response.status_code == 500
    assert response.headers["x-ms-run-function-failed"] == "True"


def test_a_value_changed_by_run_does_not_change_the_default(schema_script: Start) -> None:
    service = schema_script(
        "options['seen'] = True; return sorted(options)",
        "options={'a': 1}",
        "@input_schema('options', StandardPythonParameterType({'a': 1}))",
    )
    assert [service.post(json={}).json() for _ in range(2)] == [["a", "seen"], ["a", "seen"]]


def test_results_of_decorated_scripts_are_encoded_too(schema_script: Start) -> None:
    service = schema_script("return {'sum': data.sum(), 'rows': data, 'nan': np.nan}")
    assert service.post(json={"data": [[1, 2]]}).json() == {"sum": 3.0, "rows": [[1.0, 2.0]], "nan": None}


def test_options_and_an_undecorated_parameter_get_what_json_holds(schema_script: Start) -> None:
    service = schema_script("return [data, type(data).__name__]", decorators=f"@output_schema({NUMBER})")
    assert service.post(json={"data": {"a": [1]}}).json() == [{"a": [1]}, "dict"]


TIMED = """
import functools

def timed(name):
    def decorate(function):
        @functools.wraps(function)
        def timing(*args, **kwargs):
            return {name: function(*args, **kwargs)}
        return timing
    return decorate

def counted(function):
    @functools.wraps(function)
    def counting(**kwargs):
        return {'sum': function(**kwargs)}
    return counting
"""


@pytest.mark.parametrize("order", ["above", "between"])
def test_a_decorator_of_the_scripts_own_changes_no_refusal(order: str, schema_script: Start) -> None:
    one = "@input_schema('data', NumpyParameterType(np.zeros((1, 2))))"
    other = "@input_schema('more', StandardPythonParameterType({'n': StandardPythonParameterType(1.5)}))"
    decorators = [one, other]
    decorators.insert(*(0, "@timed('sum')") if order == "above" else (1, "@counted"))
    service = schema_script("return data.sum() + more['n']", "data, more", "\n".join([TIMED, *decorators]))
    assert service.post(json={"data": [[1, 2]], "more": {"n": 1}}).json() == {"sum": 4.0}
    assert message(service.post(json={"data": [["x", 2]], "more": {"n": 1}}), 400).startswith("data[0][0]: expected")
    assert message(service.post(json={"data": [[1, 2]], "more": {"n": "x"}}), 400).startswith("more.n: expected")
    assert service.get("/swagger.json").json()["definitions"]["ServiceInput"]["properties"].keys() == {"data", "more"}
