"""Raw scripts: the Flask request, inside its context, and every kind of answer."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from servers import InProcess, wait_until

Start = Callable[..., InProcess]


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_run_gets_the_request_for_every_method(method: str, raw_script: Start) -> None:
    service = raw_script("return {'method': request.method, 'path': request.full_path, 'type': type(request).__name__}")
    answer = service.request(method, "/score?a=1").json()
    assert answer == {"method": method, "path": "/score?a=1", "type": "Request"}


@pytest.mark.parametrize(
    ("trusted", "scheme"),
    [(None, "https"), ("127.0.0.1", "https"), ("127.0.0.0/8", "https"), ("*", "https"), ("10.0.0.0/8", "http")],
)
def test_the_scheme_is_what_a_trusted_proxy_says(trusted: str | None, scheme: str, raw_script: Start) -> None:
    service = raw_script("return request.scheme", **({"FORWARDED_ALLOW_IPS": trusted} if trusted else {}))
    assert service.post(headers={"x-forwarded-proto": "https"}).json() == scheme


def test_head_is_the_scripts_too(raw_script: Start) -> None:
    service = raw_script("return AMLResponse('', 204, {'X-Method': request.method})")
    assert service.request("HEAD", "/score").headers["x-method"] == "HEAD"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_405(method: str, raw_script: Start) -> None:
    assert raw_script("return 1").request(method, "/score").status_code == 405


def test_bytes_come_in_and_go_out_unchanged(raw_script: Start) -> None:
    service = raw_script("return AMLResponse(request.get_data(False)[::-1], 200, {'Content-Type': 'image/png'})")
    body = bytes(range(256)) * 100
    response = service.post(content=body, headers={"content-type": "image/png"})
    assert response.content == body[::-1]
    assert response.headers["content-type"] == "image/png"


def test_args_headers_and_cookies_are_there(raw_script: Start) -> None:
    service = raw_script(
        "return [request.args.getlist('a'), request.headers['X-One'], request.cookies['c'], request.host,"
        " request.remote_addr, request.is_json]"
    )
    response = service.get("/score?a=1&a=%C3%BC", headers={"x-one": "1", "cookie": "c=d", "host": "scoredock"})
    assert response.json() == [["1", "ü"], "1", "d", "scoredock", "127.0.0.1", False]


def test_forms_and_files_are_parsed(raw_script: Start) -> None:
    service = raw_script("""
        file = request.files["image"]
        return [request.form["name"], file.filename, file.mimetype, len(file.read())]
    """)
    response = service.post(data={"name": "ü"}, files={"image": ("a.png", b"\x89PNG" * 1000, "image/png")})
    assert response.json() == ["ü", "a.png", "image/png", 4000]


def test_a_large_file_is_parsed(raw_script: Start) -> None:
    service = raw_script("return len(request.files['f'].read())")
    assert service.post(files={"f": b"x" * 3_000_000}).json() == 3_000_000


def test_urlencoded_forms_and_json_are_parsed(raw_script: Start) -> None:
    service = raw_script("return request.get_json() if request.is_json else request.form.to_dict()")
    assert service.post(data={"a": "1"}).json() == {"a": "1"}
    assert service.post(json={"a": [1]}).json() == {"a": [1]}


def test_flasks_globals_work_and_belong_to_one_request(raw_script: Start) -> None:
    service = raw_script("""
        flask.g.count = flask.g.get("count", 0) + 1
        return [flask.request is not None and flask.request.args["a"], flask.g.count, flask.has_app_context()]
    """)
    assert [service.get(f"/score?a={number}").json() for number in range(3)] == [
        [str(number), 1, True] for number in range(3)
    ]


def test_flasks_helpers_make_responses(raw_script: Start) -> None:
    service = raw_script("""
        @flask.after_this_request
        def sign(response):
            response.headers["X-Signed"] = "yes"
            return response
        return flask.make_response(flask.jsonify(a=1), 201)
    """)
    response = service.post()
    assert (response.status_code, response.json()) == (201, {"a": 1})
    assert response.headers["x-signed"] == "yes"


@pytest.mark.parametrize(
    ("result", "expected"), [("None", {}), ("{'a': 1}", {"a": 1}), ("'text'", "text"), ("[1, 2]", [1, 2])]
)
def test_what_is_no_response_goes_out_as_json(result: str, expected: Any, raw_script: Start) -> None:
    response = raw_script(f"return {result}").post()
    assert response.json() == expected
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-ms-run-function-failed"] == "False"


@pytest.mark.parametrize(
    ("status", "flag", "failed"),
    [(200, False, "False"), (400, False, "False"), (200, True, "True"), (500, False, "True"), (503, False, "True")],
)
def test_a_status_of_500_or_more_says_that_run_failed(status: int, flag: bool, failed: str, raw_script: Start) -> None:
    response = raw_script(f"return AMLResponse('x', {status}, run_function_failed={flag})").post()
    assert response.status_code == status
    assert response.headers["x-ms-run-function-failed"] == failed


def test_comma_separated_values_go_out_as_repeated_headers(raw_script: Start, exchange: Callable[..., Any]) -> None:
    reply = exchange(raw_script("return AMLResponse('x', 200, {'X-Many': 'a, b,c'})"))
    assert reply.all("x-many") == ["a", "b", "c"]


def test_several_cookies_go_out(raw_script: Start, exchange: Callable[..., Any]) -> None:
    reply = exchange(
        raw_script("""
            response = flask.Response("x")
            response.set_cookie("a", "1")
            response.set_cookie("b", "2")
            return response
        """)
    )
    assert [cookie.split(";")[0] for cookie in reply.all("set-cookie")] == ["a=1", "b=2"]


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_has_no_length(status: int, raw_script: Start, exchange: Callable[..., Any]) -> None:
    reply = exchange(raw_script(f"return AMLResponse('', {status})"))
    assert (reply.status, reply.body) == (status, b"")
    assert reply.all("content-length") == []


def test_the_ids_of_the_request_go_out_with_a_response_of_the_scripts(raw_script: Start) -> None:
    service = raw_script("return AMLResponse('x', 200, {'x-request-id': 'forged'})")
    response = service.post(headers={"x-request-id": "r", "TraceId": "t"})
    assert response.headers.get_list("x-request-id") == ["r"]
    assert response.headers["traceid"] == "t"


def test_a_raw_script_may_ask_for_headers(in_process: Start) -> None:
    service = in_process("""
        from azureml.contrib.services.aml_request import rawhttp
        def init(): pass
        @rawhttp
        def run(request, request_headers):
            return [request.headers["X-One"], request_headers["X-One"]]
    """)
    assert service.post(headers={"x-one": "1"}).json() == ["1", "1"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("flask.abort(404)", 404),
        ("flask.abort(422, 'too small')", 422),
        ("request.get_json()", 415),
        ("request.files['missing']", 400),
        ("raise ValueError('secret')", 500),
    ],
)
def test_an_exception_of_flask_chooses_its_status(body: str, status: int, raw_script: Start) -> None:
    response = raw_script(body).post(content=b"{")
    assert response.status_code == status
    assert set(response.json()) == {"message"}
    assert "secret" not in response.text
    assert response.headers["x-ms-run-function-failed"] == str(status >= 500)


@pytest.mark.parametrize("where", ["files", "form", "args", "cookies", "values"])
def test_what_the_script_looks_for_in_vain_is_named(where: str, raw_script: Start) -> None:
    response = raw_script(f"return request.{where}['image'].read()").post(files={"picture": b"x"})
    expected = "The scoring script expects 'image' among the request's fields, files or cookies; there is none."
    assert (response.status_code, response.json()) == (400, {"message": expected})


class TestStreaming:
    """Bodies that are made while they are sent."""

    def test_the_pieces_go_out_one_by_one(self, raw_script: Start, exchange: Callable[..., Any]) -> None:
        service = raw_script("return flask.Response((f'{n}\\n' for n in range(100)), mimetype='text/plain')")
        reply = exchange(service)
        assert reply.body.decode().split() == [str(number) for number in range(100)]
        assert reply.complete
        assert reply.all("content-length") == []
        assert len(reply.all("x-ms-run-fn-exec-ms")) == 1

    def test_the_first_piece_is_sent_before_the_last_is_made(
        self, raw_script: Start, exchange: Callable[..., Any], background: Callable[..., Future[Any]]
    ) -> None:
        service = raw_script(
            """
            def pieces():
                yield b"first"
                gate.wait(20)
                yield b" last"
            return flask.Response(pieces())
            """,
            head="import threading\ngate = threading.Event()\n",
        )
        arrived: list[bytes] = []
        sending = background(exchange, service, arrived=arrived)
        wait_until(lambda: arrived)
        assert (arrived, sending.done()) == ([b"first"], False)
        sys.modules["entry_module"].gate.set()
        assert sending.result(10).body == b"first last"

    def test_the_request_may_be_used_while_streaming(self, raw_script: Start, exchange: Callable[..., Any]) -> None:
        service = raw_script("""
            @flask.stream_with_context
            def pieces():
                yield flask.request.args["a"]
                yield flask.request.method
            return flask.Response(pieces())
        """)
        assert exchange(service, query=b"a=1").body == b"1POST"

    def test_a_producer_that_raises_ends_the_answer_early_and_is_logged(
        self, raw_script: Start, exchange: Callable[..., Any], log_lines: Callable[[], list[str]]
    ) -> None:
        service = raw_script(
            """
            def pieces():
                yield b"one"
                raise ValueError("the producer broke")
            return flask.Response(pieces())
            """
        )
        reply = exchange(service, headers=[(b"x-request-id", b"req-1")])
        assert (reply.status, reply.body, reply.complete) == (200, b"one", False)
        assert any("the producer broke" in line for line in log_lines())
        assert json.loads(exchange(service, path="/livez", method="GET").body)["status"] == "alive"

    def test_a_client_that_leaves_ends_the_producer(self, raw_script: Start) -> None:
        service = raw_script(
            """
            def pieces():
                try:
                    while True:
                        yield b"x" * 1000
                finally:
                    closed.set()
            return AMLResponse(str(closed.is_set()), 200) if request.method == "GET" else flask.Response(pieces())
            """,
            head="import threading\nclosed = threading.Event()\n",
        )
        with socket.create_connection(("127.0.0.1", service.port), timeout=20) as client:
            client.sendall(b"POST /score HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 200 OK")
        assert service.get("/score").text == "True"

    def test_a_client_that_leaves_before_its_stream_begins_has_its_line(
        self, raw_script: Start, log_lines: Callable[[], list[str]]
    ) -> None:
        service = raw_script(
            """
            entered.set()
            left.wait(20)
            return flask.Response(iter([b"x"]))
            """,
            head="import threading\nentered, left = threading.Event(), threading.Event()\n",
        )
        script = sys.modules["entry_module"]
        with socket.create_connection(("127.0.0.1", service.port), timeout=20) as client:
            client.sendall(b"POST /score HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
            assert script.entered.wait(20)
        wait_until(lambda: not service.connections)
        script.left.set()
        wait_until(lambda: any("POST /score 499" in line for line in log_lines()))


@pytest.mark.parametrize("status", [0, 99, 100, 103, 199, 600, 999])
@pytest.mark.parametrize("made_by", ["flask.Response('x', status={})", "AMLResponse('x', {})"])
def test_a_status_that_is_no_answers_is_an_error_of_the_script(
    status: int, made_by: str, raw_script: Start, log_lines: Callable[[], list[str]]
) -> None:
    """An interim answer would leave the client waiting for the one that it announces."""
    response = raw_script(f"return {made_by.format(status)}").post(content="x")
    assert response.status_code == 500
    assert response.headers["x-ms-run-function-failed"] == "True"
    told = f"a response of status {status} is no answer: expected one from 200 to 599"
    assert [line for line in log_lines() if told in line]


@pytest.mark.parametrize("status", [200, 299, 599])
def test_every_status_that_is_an_answers_goes_out(status: int, raw_script: Start) -> None:
    assert raw_script(f"return AMLResponse('x', {status})").post(content="x").status_code == status


@pytest.mark.parametrize("status", [99, 100, 399, 600])
def test_an_exception_cannot_choose_such_a_status(status: int, raw_script: Start) -> None:
    body = f"error = flask.abort(flask.Response('x', status={status})) if request.data else ValueError()\n"
    service = raw_script(f"{body}error.status_code = {status}\nraise error")
    assert service.post(content="x").status_code == 500
    assert service.post(content="").status_code == 500


def test_json_that_is_broken_is_told_as_what_it_is(raw_script: Start) -> None:
    response = raw_script("return request.get_json()['size']").post(
        content='{"size": x}', headers={"content-type": "application/json"}
    )
    assert response.status_code == 400
    assert response.json()["message"].startswith(
        "POST body could not be decoded as JSON: Expecting value: line 1 column 10"
    )
