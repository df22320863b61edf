"""Request to arguments: text, query, the JSON object of a body, and the names that run() asks for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from scoredock.errors import RequestProblem
from scoredock.payload import query_text, query_values, schema_arguments, text_of
from scoredock.payload.json_body import object_of, parse
from scoredock.signature import Argument


def problem(call: Callable[..., Any], *arguments: Any) -> tuple[int, str]:
    """Status and message of the RequestProblem that a call raises."""
    with pytest.raises(RequestProblem) as caught:
        call(*arguments)
    return caught.value.status, str(caught.value)


@pytest.mark.parametrize("text", ["", "plain", "naïve ☃ \U0001f600", "\x00\r\n", '{"a": 1}'])
def test_the_body_is_passed_on_as_text(text: str) -> None:
    assert text_of(text.encode()) == text


@pytest.mark.parametrize("body", [b"\xff", "ü".encode("latin-1"), "x".encode("utf-16"), b"\xed\xa0\x80"])
def test_a_body_that_is_not_utf8_is_refused(body: bytes) -> None:
    status, message = problem(text_of, body)
    assert status == 400
    assert message.startswith("Input cannot be decoded as UTF-8: 'utf-8' codec can't decode byte")  # the reference's
    assert ("byte order mark" in message) == (body[:2] == b"\xff\xfe")


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert text_of(b'\xef\xbb\xbf{"a": 1}') == '{"a": 1}'
    assert text_of("a\ufeffb".encode()) == "a\ufeffb"


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("", {}),
        ("a=1&b=[1,2]&c=a&d=null", {"a": 1, "b": [1, 2], "c": "a", "d": None}),
        ("foo=bar1&foo=bar2&x=y", {"foo": ["bar1", "bar2"], "x": "y"}),
        ("a=1&a=true&a=x", {"a": [1, True, "x"]}),
        ("a=1.5&b=%22text%22&c=%7B%22d%22%3A%20%5B%5D%7D", {"a": 1.5, "b": "text", "c": {"d": []}}),
        ("a=&b", {"a": "", "b": ""}),
        ("a=x+y&b=x%20y&c=x%2By", {"a": "x y", "b": "x y", "c": "x+y"}),
        ("a=%C3%BC&b=%E2%98%83", {"a": "ü", "b": "☃"}),
        ("A=1&a=2", {"A": 1, "a": 2}),
        ("a=1;b=2", {"a": "1;b=2"}),
        ("a=b=c", {"a": "b=c"}),
        ("a=NaNx&b=01", {"a": "NaNx", "b": "01"}),
    ],
)
def test_the_values_of_a_query_are_json_where_they_can_be(query: str, values: dict[str, Any]) -> None:
    assert query_values(query.encode()) == values
    assert json.loads(query_text(query.encode())) == values


def test_a_percent_sign_that_is_no_utf8_stays() -> None:
    assert query_values(b"a=%FF&b=%zz") == {"a": "%FF", "b": "%zz"}


def test_a_query_of_deeply_nested_json_stays_text() -> None:
    text = "[" * 100_000
    assert query_values(f"a={text}".encode()) == {"a": text}


class TestObject:
    """The JSON object of a body."""

    @pytest.mark.parametrize(
        "content_type",
        [
            "application/json",
            "application/json; charset=utf-8",
            "APPLICATION/JSON",
            " application/json ;x=y",
            "application/vnd.api+json",
            "application/problem+json; charset=utf-8",
        ],
    )
    def test_json_content_types_are_taken(self, content_type: str) -> None:
        assert object_of(b'{"a": 1}', content_type) == {"a": 1}

    @pytest.mark.parametrize(
        "content_type",
        ["", "text/plain", "text/json", "application/jsonx", "application/x-www-form-urlencoded", "json"],
    )
    def test_other_content_types_are_415_whatever_the_body(self, content_type: str) -> None:
        got = repr(content_type) if content_type else "none"
        expected = (415, f"Expects Content-Type to be application/json, got {got}")
        assert problem(object_of, b'{"a": 1}', content_type) == expected
        assert problem(object_of, b"", content_type) == expected

    def test_an_empty_body_is_400(self) -> None:
        expected = (400, "POST body is empty. Expecting a JSON dictionary.")
        assert problem(object_of, b"", "application/json") == expected

    @pytest.mark.parametrize(
        ("body", "got"),
        [
            (b"[]", "array of 0 items."),
            (b"1", "integer 1."),
            (b'"text"', "string 'text'."),
            (b"null", "null."),
            (b"[{}]", "array of 1 item."),
            (b"true", "boolean true."),
            (b'"[1]"', "string '[1]': was it encoded twice?"),
        ],
    )
    def test_json_that_is_no_object_is_400(self, body: bytes, got: str) -> None:
        expected = (400, f"POST body should be a JSON dictionary. Got {got}")
        assert problem(object_of, body, "application/json") == expected

    @pytest.mark.parametrize(
        "body", [b"{", b"{'a': 1}", b'{"a": 1,}', b"text", b" ", b'{"a": "\xff"}', b"\xff", b"[" * 100_000]
    )
    def test_a_body_that_is_not_json_is_400_and_says_so(self, body: bytes) -> None:
        status, message = problem(object_of, body, "application/json")
        assert status == 400
        assert message.startswith("POST body could not be decoded as JSON: ")

    def test_the_message_says_where_the_text_stops_being_json(self) -> None:
        _, message = problem(object_of, b'{"a": 1,\n "b": x}', "application/json")
        assert "line 2 column 7" in message


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b"12345678901234567890123", 12345678901234567890123),
        (b"-0.0", -0.0),
        (b"[NaN, Infinity, -Infinity, 1e999]", None),
        (b'"\\ud800"', "\ud800"),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        ('{"a": "☃"}'.encode("utf-16"), {"a": "☃"}),
        ('{"a": "☃"}'.encode("utf-32-le"), {"a": "☃"}),
    ],
)
def test_what_the_standard_library_reads_is_read_alike(body: bytes, value: Any) -> None:
    parsed = parse(body)
    assert repr(parsed) == repr(json.loads(body))
    if value is not None:
        assert parsed == value


class TestNames:
    """Which values reach run(), under which names."""

    def test_unknown_keys_are_ignored(self) -> None:
        assert schema_arguments({"a": 1, "b": 2, "c": 3}, (Argument("b"),)) == {"b": 2}

    def test_an_absent_value_takes_the_default_even_when_that_is_none(self) -> None:
        arguments = (Argument("a", default=None), Argument("b", default=5))
        assert schema_arguments({}, arguments) == {"a": None, "b": 5}
        assert schema_arguments({"a": 0, "b": None}, arguments) == {"a": 0, "b": None}

    def test_a_required_value_that_is_missing_is_400_and_named(self) -> None:
        expected = (400, "A value is not provided for the 'data' parameter. Got 'Data'.")
        assert problem(schema_arguments, {"Data": 1}, (Argument("data"),)) == expected

    def test_the_first_missing_value_is_named(self) -> None:
        arguments = (Argument("a", default=1), Argument("b"), Argument("c"))
        assert "'b'" in problem(schema_arguments, {}, arguments)[1]

    def test_a_value_without_a_type_is_passed_as_it_is(self) -> None:
        value = {"a": [1, {"b": None}]}
        assert schema_arguments({"data": value}, (Argument("data"),))["data"] == value
