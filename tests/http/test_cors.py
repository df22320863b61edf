"""Cross-origin answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from servers import InProcess

Start = Callable[..., InProcess]
ALLOW = "access-control-allow-origin"
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "content-type, x-a"}


def test_without_the_setting_there_are_no_cors_headers(text_script: Start) -> None:
    headers = {"origin": "https://a.example", **PREFLIGHT}
    for method in ("POST", "OPTIONS"):
        response = text_script().request(method, "/score", headers=headers)
        assert not [name for name in response.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("setting", "origin", "allowed"),
    [
        ("*", "https://any.example", True),
        ("https://a.example", "https://a.example", True),
        ("https://a.example", "https://b.example", False),
        ("https://a.example", "https://a.example.evil.example", False),
        ("https://a.example", "https://aXexample", False),
        ("https://a.example, http://b.example:8080", "http://b.example:8080", True),
        (r"https://.*\.example", "https://deep.sub.example", True),
        (r"https://.*\.example", "https://sub.example.evil", False),
        ("https://a.example", "null", False),
        ("https://*.a.example", "https://one.a.example", True),
        ("https://*.a.example", "https://two.one.a.example", True),
        ("https://*.a.example", "https://xa.example", False),
        ("https://*.a.example", "https://a.example", False),
        ("https://*.a.example", "https://evil.example/.a.example", False),
        ("http://localhost:*", "http://localhost:8080", True),
        ("http://localhost:*", "http://localhost.evil.example", False),
        (r"https://.*\.example", "https://evil.com/.example", False),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_allowed_origins_are_told_so(method: str, setting: str, origin: str, allowed: bool, text_script: Start) -> None:
    service = text_script(AML_CORS_ORIGINS=setting)
    response = service.request(method, "/score", headers={"origin": origin})
    assert response.status_code == 200
    assert response.headers.get(ALLOW) == (origin if allowed else None)
    assert "Origin" in response.headers["vary"]


def test_a_preflight_is_answered_with_methods_and_the_headers_asked_for(text_script: Start) -> None:
    service = text_script(AML_CORS_ORIGINS="https://a.example")
    response = service.request("OPTIONS", "/score", headers={"origin": "https://a.example", **PREFLIGHT})
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["access-control-allow-methods"] == "GET, POST"
    assert response.headers["access-control-allow-headers"] == "content-type, x-a"


@pytest.mark.parametrize(("method", "origin"), [("DELETE", "https://a.example"), ("POST", "https://b.example")])
def test_another_preflight_is_not_granted(method: str, origin: str, text_script: Start) -> None:
    service = text_script(AML_CORS_ORIGINS="https://a.example")
    headers = {"origin": origin, "access-control-request-method": method}
    assert "access-control-allow-methods" not in service.request("OPTIONS", "/score", headers=headers).headers


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/swagger.json", 200), ("/nothing", 404)])
def test_pages_and_errors_carry_the_headers_too(path: str, status: int, text_script: Start) -> None:
    response = text_script(AML_CORS_ORIGINS="*").get(path, headers={"origin": "https://a.example"})
    assert response.status_code == status
    assert response.headers[ALLOW] == "https://a.example"


def test_a_fault_of_the_script_carries_them_too(text_script: Start) -> None:
    service = text_script("raise ValueError", AML_CORS_ORIGINS="*")
    response = service.post(headers={"origin": "https://a.example"})
    assert (response.status_code, response.headers[ALLOW]) == (500, "https://a.example")


def test_the_flag_is_the_setting(text_script: Start) -> None:
    service = text_script(cors_origins="https://a.example")
    assert service.get("/", headers={"origin": "https://a.example"}).headers[ALLOW] == "https://a.example"


def test_a_raw_script_answers_its_own_preflight(raw_script: Start) -> None:
    service = raw_script("return AMLResponse('mine', 200)", AML_CORS_ORIGINS="*")
    response = service.request("OPTIONS", "/score", headers={"origin": "https://a.example", **PREFLIGHT})
    assert response.text == "mine"
    assert response.headers["access-control-allow-methods"] == "GET, POST"


@pytest.mark.parametrize("own", ["*", "https://mine.example"])
def test_what_a_script_says_itself_stands_alone(own: str, raw_script: Start, exchange: Callable[..., Any]) -> None:
    service = raw_script(
        f"return AMLResponse('x', 200, {{'Access-Control-Allow-Origin': {own!r}}})",
        AML_CORS_ORIGINS="https://a.example",
    )
    answer = exchange(service, headers=[(b"origin", b"https://a.example")])
    values = [value for name, value in answer.headers if name.lower() == ALLOW.encode()]
    assert values == [own.encode()]
