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
