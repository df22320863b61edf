"""A request as the scoring thread sees it."""

from __future__ import annotations

from scoredock.web.incoming import Incoming


def incoming(*headers: tuple[bytes, bytes]) -> Incoming:
    """A request with these headers."""
    return Incoming("POST", "/score", b"a=1", list(headers), dict(headers), b"body")


def test_names_are_title_cased_and_repeated_values_joined() -> None:
    request = incoming((b"x-many", b"a"), (b"content-type", b"text/plain"), (b"x-many", b" b "))
    assert request.header_dict() == {"X-Many": "a,b", "Content-Type": "text/plain"}


def test_a_name_with_an_underscore_cannot_pass_for_one_with_a_dash() -> None:
    request = incoming((b"x_forwarded_for", b"forged"), (b"x-forwarded-for", b"real"))
    assert request.header_dict() == {"X-Forwarded-For": "real"}


def test_values_that_are_not_ascii_are_read_as_latin_1() -> None:
    assert incoming((b"x-name", b"\xfc")).header_dict() == {"X-Name": "ü"}


def test_the_content_type_is_empty_when_absent() -> None:
    assert incoming().content_type == ""
    assert incoming((b"content-type", b" text/plain ")).content_type == "text/plain"
