"""Every sample's documents load in the real Swagger UI, and a request can be sent from it.

Swagger UI's own files are served by the test, under the service's address, so that the browser sees one origin.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from samples import NAMES
from servers import Server

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><link rel="stylesheet" href="/ui/swagger-ui.css"><link rel="icon" href="data:,"></head>
<body><div id="ui"></div><script src="/ui/swagger-ui-bundle.js"></script><script>
  window.ui = SwaggerUIBundle({
    url: "/swagger.json?version=VERSION", dom_id: "#ui", docExpansion: "full", defaultModelsExpandDepth: 3,
    validatorUrl: null, presets: [SwaggerUIBundle.presets.apis], onComplete: () => { window.loaded = true },
  })
</script></body></html>
"""
WITH_SCHEMA = ["onnx-digits", "pandas-frame", "sklearn-diabetes"]


@pytest.fixture
def swagger_ui(open_page: Callable[..., Any], node_modules: Path) -> Callable[[Server, str], Any]:
    """Open Swagger UI on a server's document of a version; returns the watched page once it has loaded."""

    def opened(server: Server, version: str) -> Any:
        watched = open_page()
        folder = node_modules / "swagger-ui-dist"
        watched.page.route(
            re.compile(r"/ui/"),
            lambda route: (
                route.fulfill(path=folder / route.request.url.rpartition("/")[2])
                if "/ui/index" not in route.request.url
                else route.fulfill(body=PAGE.replace("VERSION", version), content_type="text/html")
            ),
        )
        watched.page.goto(f"{server.url}/ui/index")
        watched.page.wait_for_function("window.loaded")
        watched.page.wait_for_selector(".opblock")
        return watched

    return opened


@pytest.mark.parametrize("name", NAMES)
def test_every_version_of_a_samples_document_loads_and_its_sample_is_scored(name, sample, swagger_ui):
    server = sample(name)
    for version in ("2", "3", "3.1"):
        watched = swagger_ui(server, version)
        page = watched.page
        assert page.locator(".opblock").count() == 3
        for section in page.locator(".opblock").all():  # all details are shown, so that all of them are resolved
            assert section.locator(".responses-wrapper").is_visible()
        assert page.evaluate("window.ui.errSelectors.allErrors().toJS()") == []
        if name in WITH_SCHEMA:
            score_what_is_offered(page, server, send=version != "2")
        assert watched.errors == []
        assert all(url.startswith((server.url, "data:")) for url in watched.asked)
        page.close()


def score_what_is_offered(page, server, send):
    """Score the sample in the document; from the browser with ``send``: the document of 2.0 names https alone."""
    score = page.locator(".opblock-post")
    score.get_by_role("button", name="Try it out").click()
    expected = server.post(json=json.loads(score.locator("textarea").input_value()))
    assert expected.status_code == 200, expected.text
    if send:
        with page.expect_response(lambda answer: answer.url.endswith("/score")) as scored:
            score.get_by_role("button", name="Execute").click()
        assert scored.value.json() == expected.json()


def test_what_is_wrong_in_a_document_would_be_seen(serve, swagger_ui, tmp_path):
    wrong = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/score": {"post": {}}}}
    wrong["paths"]["/score"]["post"] = {"responses": {"200": {"$ref": "#/components/responses/Missing"}}}
    (tmp_path / "swagger3.1.json").write_text(json.dumps(wrong))
    server = serve("def init(): pass\ndef run(data): return data\n", AML_APP_ROOT=str(tmp_path))
    page = swagger_ui(server, "3.1").page
    page.wait_for_function("window.ui.errSelectors.allErrors().size > 0")
