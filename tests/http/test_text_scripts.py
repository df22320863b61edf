"""Undecorated scripts: the body or the query as text, the headers, results of every kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from servers import InProcess

Start = Callable[..., InProcess]


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""])
@pytest.mark.parametrize("body", ["", '{"a": 1}', "a=1&b=2", "ü☃", "x" * 100_000])
def test_run_gets_the_body_as_text_whatever_its_content_type(body: str, content_type: str, text_script: Start) -> None:
    service = text_script("assert isinstance(data, str); return data")
    response = service.post(content=body.encode(), headers={"content-type": content_type} if content_type else {})
    assert (response.status_code, response.json()) == (200, body)
    assert response.headers["content-type"] == "application/json"


def test_a_body_that_is_not_utf8_is_400_and_never_reaches_run(text_script: Start) -> None:
    service = text_script("calls.append(data); return len(calls)", head="calls = []")
    response = service.post(content=b"\xff\xfe")
    assert response.status_code == 400
    assert "cannot be decoded as UTF-8" in response.json()["message"]
    assert response.headers["x-ms-run-function-failed"] == "False"
    assert service.post(content=b"x").json() == 1


def test_get_gets_the_query_as_json_text(text_script: Start) -> None:
    response = text_script().get("/score?a=1&b=[1,2]&c=x&c=y&d=null")
    assert json.loads(response.json()) == {"a": 1, "b": [1, 2], "c": ["x", "y"], "d": None}


def test_get_without_a_query_gets_an_empty_object(text_script: Start) -> None:
    assert text_script().get("/score").json() == "{}"


def test_a_body_in_pieces_is_put_together(text_script: Start, exchange: Callable[..., Any]) -> None:
    reply = exchange(text_script(), chunks=[b"a", b"", "ü".encode()[:1], "ü".encode()[1:], b"z"])
    assert json.loads(reply.body) == "aüz"


class TestRequestHeaders:
    """A parameter called request_headers."""

    @pytest.fixture
    def headers_script(self, in_process: Start) -> InProcess:
        """Answers with the headers that run() got."""
        return in_process("""
            def init(): pass
            def run(data, request_headers):
                assert type(request_headers) is dict
                return request_headers
        """)

    def test_it_gets_a_dict_of_title_cased_names(self, headers_script: InProcess) -> None:
        headers = headers_script.post(content="x", headers={"X-Custom-Header": "v", "host": "a:1"}).json()
        assert headers["X-Custom-Header"] == "v"
        assert headers["Host"] == "a:1"

    def test_repeated_headers_are_joined(self, headers_script: InProcess, exchange: Callable[..., Any]) -> None:
        reply = exchange(headers_script, headers=[(b"x-many", b"a"), (b"x-many", b"b")])
        assert json.loads(reply.body)["X-Many"].replace(" ", "") == "a,b"

    def test_it_works_with_get_and_with_a_schema(self, headers_script: InProcess, schema_script: Start) -> None:
        assert headers_script.get("/score", headers={"x-one": "1"}).json()["X-One"] == "1"
        service = schema_script("return [len(data), request_headers['X-One']]", "request_headers, data")
        response = service.post(json={"data": [[1, 2]]}, headers={"x-one": "1"})
        assert response.json() == [1, "1"]

    def test_a_body_cannot_forge_it(self, schema_script: Start) -> None:
        service = schema_script("return request_headers.get('X-Forged', 'none')", "data, request_headers")
        body = {"data": [[1, 2]], "request_headers": {"X-Forged": "yes"}}
        assert service.post(json=body).json() == "none"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("None", {}),
        ("'text'", "text"),
        ("json.dumps([1])", "[1]"),
        ("[1, 2.5, None, True]", [1, 2.5, None, True]),
        ("np.arange(4).reshape(2, 2)", [[0, 1], [2, 3]]),
        ("{'p': np.float32(0.5)}", {"p": 0.5}),
        ("pd.DataFrame({'a': [1, 2], 'b': ['x', None]})", [{"a": 1, "b": "x"}, {"a": 2, "b": None}]),
        ("datetime.datetime(2020, 1, 2)", "2020-01-02T00:00:00"),
        ("b'ab'", "YWI="),
        ("[float('nan'), np.inf]", [None, None]),
        ("{1: 2**70}", {"1": 2**70}),
    ],
)
def test_results_go_out_as_json(expression: str, expected: Any, text_script: Start) -> None:
    head = "import datetime, json\nimport numpy as np\nimport pandas as pd"
    response = text_script(f"return {expression}", head=head).post(content="x")
    assert (response.status_code, response.json()) == (200, expected)
    assert response.headers["x-ms-run-function-failed"] == "False"


def test_a_result_that_cannot_be_encoded_is_a_scoring_error_whose_log_line_names_the_path(
    text_script: Start, log_lines: Callable[[], list[str]]
) -> None:
    response = text_script('return {"scores": [1, 2, 3, object()]}').post(headers={"x-request-id": "req-1"})
    assert response.status_code == 500
    assert response.json()["message"].startswith("An unexpected error occurred in scoring script.")
    assert response.headers["x-ms-run-function-failed"] == "True"
    line = next(line for line in log_lines() if "object of type" in line)
    assert 'result["scores"][3]: object of type object' in line
    assert "[req-1]" in line


@pytest.mark.parametrize("status", [200, 202, 404, 503])
def test_a_flask_response_goes_out_as_it_is(status: int, text_script: Start) -> None:
    service = text_script(
        f"return flask.Response('body', status={status}, headers={{'X-Own': '1'}}, mimetype='text/csv')",
        head="import flask",
    )
    response = service.post(content="x")
    assert (response.status_code, response.text) == (status, "body")
    assert response.headers["x-own"] == "1"
    assert response.headers["content-type"].startswith("text/csv")
    assert (response.headers.get("x-ms-run-function-failed") == "True") is (status >= 500)


def test_an_amlresponse_goes_out_as_it_is(text_script: Start, exchange: Callable[..., Any]) -> None:
    service = text_script(
        "return AMLResponse({'a': 1}, 201, {'X-Many': 'a, b'}, json_str=True)",
        head="from azureml.contrib.services.aml_response import AMLResponse",
    )
    reply = exchange(service)
    assert (reply.status, json.loads(reply.body)) == (201, {"a": 1})
    assert reply.all("x-many") == ["a", "b"]
    assert reply.all("x-ms-run-function-failed") == ["False"]
    assert len(reply.all("x-ms-run-fn-exec-ms")) == 1


def test_init_and_run_share_one_thread(text_script: Start) -> None:
    service = text_script(
        "return threading.get_ident() == STARTED_IN and LOCAL.value",
        head="import threading\nSTARTED_IN = threading.get_ident()\nLOCAL = threading.local()\nLOCAL.value = 'same'",
    )
    assert [service.post(content="x").json() for _ in range(3)] == ["same"] * 3
