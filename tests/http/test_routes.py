"""Routes and methods: what there is, what there is not, and what probes say."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from servers import InProcess, wait_until

Start = Callable[..., InProcess]


def test_the_root_says_healthy(text_script: Start) -> None:
    response = text_script().get("/")
    assert (response.status_code, response.text) == (200, "Healthy")
    assert response.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/nothing", "/score/", "/scores", "/Score", "/livez/x", "/swagger"])
def test_an_unknown_path_is_404_for_every_method(method: str, path: str, text_script: Start) -> None:
    response = text_script().request(method, path)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/json"
    assert path in response.json()["message"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "PURGE"])
def test_score_refuses_other_methods(method: str, text_script: Start) -> None:
    response = text_script().request(method, "/score")
    assert response.status_code == 405
    assert response.json() == {"message": "Method not allowed"}
    assert {"GET", "POST", "OPTIONS"} <= set(response.headers["allow"].split(", "))


@pytest.mark.parametrize(
    ("path", "status"), [("/", 200), ("/swagger.json", 200), ("/livez", 200), ("/score", 405), ("/nothing", 404)]
)
def test_head_answers_without_a_body(path: str, status: int, text_script: Start) -> None:
    response = text_script().request("HEAD", path)
    assert (response.status_code, response.content) == (status, b"")


@pytest.mark.parametrize("path", ["/", "/swagger.json", "/livez", "/readyz"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_pages_refuse_to_be_written_to(method: str, path: str, text_script: Start) -> None:
    response = text_script().request(method, path)
    assert response.status_code == 405
    assert response.json() == {"message": "Method not allowed"}


@pytest.mark.parametrize("kind", ["text", "schema"])
def test_options_of_score_is_an_empty_200_unless_the_script_is_raw(
    kind: str, text_script: Start, schema_script: Start
) -> None:
    service = text_script() if kind == "text" else schema_script()
    response = service.request("OPTIONS", "/score")
    assert (response.status_code, response.content) == (200, b"")


def test_score_answers_get_and_post(text_script: Start) -> None:
    service = text_script()
    assert service.post(content="x").json() == "x"
    assert json.loads(service.get("/score", params={"a": "1"}).json()) == {"a": 1}


class TestSwagger:
    """GET /swagger.json?version="""

    @pytest.mark.parametrize(
        ("query", "key", "start"),
        [
            ("", "swagger", "2.0"),
            ("?version=2", "swagger", "2.0"),
            ("?version=2.0", "swagger", "2.0"),
            ("?version=3", "openapi", "3.0"),
            ("?version=3.0", "openapi", "3.0"),
            ("?version=3.1", "openapi", "3.1"),
            ("?other=5", "swagger", "2.0"),
        ],
    )
    def test_each_version_is_found(self, query: str, key: str, start: str, schema_script: Start) -> None:
        response = schema_script().get(f"/swagger.json{query}")
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json"
        assert response.json()[key].startswith(start)

    @pytest.mark.parametrize("version", ["4", "", "x", "3.1.0"])
    def test_an_unknown_version_is_404(self, version: str, schema_script: Start) -> None:
        response = schema_script().get("/swagger.json", params={"version": version})
        assert response.status_code == 404
        assert f"Swagger version [{version}] is not valid" in response.json()["message"]

    def test_the_prefix_changes_the_documents_only(self, text_script: Start) -> None:
        service = text_script(SERVICE_PATH_PREFIX="/api/v1")
        assert "/api/v1/score" in service.get("/swagger.json").json()["paths"]
        assert service.post(content="x").status_code == 200
        assert service.post("/api/v1/score", content="x").status_code == 404


class TestProbes:
    """/livez and /readyz."""

    @pytest.mark.parametrize("path", ["/", "/livez", "/readyz"])
    def test_they_answer_while_run_is_busy(
        self, path: str, text_script: Start, background: Callable[..., Future[Any]]
    ) -> None:
        service = text_script(
            "entered.set(); return gate.wait(20)",
            head="import threading\nentered, gate = threading.Event(), threading.Event()",
        )
        script = sys.modules["entry_module"]
        busy = background(service.post, content="x")
        wait_until(script.entered.is_set)
        assert service.get(path).status_code == 200
        assert not busy.done()
        script.gate.set()
        assert busy.result(10).json() is True

    def test_they_say_so_in_json(self, text_script: Start) -> None:
        service = text_script()
        assert service.get("/livez").json()["status"] == "alive"
        assert service.get("/readyz").json()["phase"] == "ready"

    def test_a_draining_service_lives_but_is_not_ready(self, text_script: Start) -> None:
        service = text_script()
        service.service.begin_drain()
        response = service.get("/readyz")
        assert response.status_code == 503
        assert response.json()["phase"] == "draining"
        assert "draining" in response.json()["message"]
        assert int(response.headers["retry-after"]) >= 1
        assert service.get("/livez").status_code == 200

    @pytest.mark.parametrize("path", ["/", "/livez", "/readyz"])
    def test_successful_probes_are_not_logged(
        self, path: str, text_script: Start, log_lines: Callable[[], list[str]]
    ) -> None:
        service = text_script()
        service.get(path)
        service.post(content="x", headers={"x-request-id": "the-scored-one"})
        wait_until(lambda: any("the-scored-one" in line for line in log_lines()))
        assert not any(f"GET {path} " in line for line in log_lines())


@pytest.mark.parametrize("path", ["/%2Fscore", "/%2fmetrics", "/%2F%2Flivez", "//%2Fscore", "/docs%2Fservice.json"])
def test_an_encoded_slash_is_no_slash(path: str, text_script: Start, wire: Any) -> None:
    client = wire(text_script(SCOREDOCK_METRICS="true"))
    client.send(f"GET {path} HTTP/1.1")
    assert client.answer()[0] == "404 Not Found"


@pytest.mark.parametrize("path", ["/%2Flivez", "/%2f"])
def test_an_encoded_slash_opens_no_door(path: str, text_script: Start, wire: Any) -> None:
    client = wire(text_script(SCOREDOCK_PRIMARY_KEY="a-key-that-nobody-guesses"))
    client.send(f"GET {path} HTTP/1.1")
    assert client.answer()[0] == "401 Unauthorized"


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://b/score", 200),
        ("http://b:/score", 200),
        ("HTTPS://b.example:8443/score?a=1", 200),
        ("http://[::1]:5/score", 200),
        ("http://b:99999/score", 400),
        ("http://b:65536/score", 400),
        ("http://b!c/score", 400),
        ("http://b~c/score", 400),
        ("http://%62/score", 400),
        ("http://[:::::]/score", 400),
        ("http://b@c/score", 400),
        ("http:///score", 400),
        ("ftp://b/score", 400),
    ],
)
def test_a_url_as_a_target_is_taken_or_refused_and_no_fault_of_the_server(
    target: str, status: int, raw_script: Start, wire: Any, log_lines: Callable[[], list[str]]
) -> None:
    client = wire(raw_script("return request.url"))
    client.send(f"POST {target} HTTP/1.1", "Content-Length: 2", body=b"hi")
    assert client.answer()[0].startswith(f"{status} ")
    assert not any("Traceback" in line for line in log_lines())


def test_an_address_that_is_none_is_no_host(raw_script: Start, wire: Any) -> None:
    client = wire(raw_script("return request.url"))
    client.send("GET /score HTTP/1.1", "Host: [:::::]")
    assert client.answer()[0] == "400 Bad Request"
