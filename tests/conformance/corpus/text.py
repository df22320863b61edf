"""Scripts without a decorator: run() gets text."""

import gzip

from ..differences import (
    ALLOWED_METHODS,
    COMPRESSED,
    FORM_IS_A_BODY,
    METHOD_NOT_ALLOWED,
    NO_BYTE_ORDER_MARK,
    NO_HTTP,
    SAYS_WHICH_MARK,
    UNKNOWN_METHOD,
)
from ..exchange import JSON, Exchange, Script, ask, get, post

FORM = "application/x-www-form-urlencoded"
MULTIPART = "--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--\r\n"
LARGE = "zeichenfolge äöü " * 100_000  # 2 MB

SCRIPTS = (
    Script(
        "text",
        """
        import hashlib

        def init():
            pass

        def run(data):
            if len(data) > 10_000:
                data = f"{len(data)} {hashlib.sha256(data.encode()).hexdigest()}"
            return {"type": type(data).__name__, "got": data}
        """,
        (
            post("json", {"data": [1, 2.5, None, "x"]}),
            post("utf8", "Grüße, 世界 🚀"),
            post("utf8_of_another_type", "Grüße", type_="text/plain; charset=latin-1"),
            post("without_a_type", '{"data": 1}', type_=None),
            post("octet_stream", b"abc", type_="application/octet-stream"),
            post("byte_order_mark", b"\xef\xbb\xbfabc", NO_BYTE_ORDER_MARK),
            post("nul_and_newlines", "a\0b\r\nc"),
            post("invalid_utf8", b'{"data": "\xff\xfe"}'),
            post("invalid_utf8_at_the_end", b"abc\xc3"),
            post("utf16", "abc".encode("utf-16"), SAYS_WHICH_MARK),
            post("lone_surrogate", b"\xed\xa0\x80"),
            post("empty"),
            post("empty_without_a_type", type_=None),
            post("large", LARGE),
            post("chunked", (b'{"data"', b": [1", b", 2]}")),
            post("chunked_and_empty", ()),
            post("chunked_in_the_middle_of_a_character", ("ü".encode()[:1], "ü".encode()[1:])),
            post("form", "a=1&b=2", FORM_IS_A_BODY.with_body({"type": "str", "got": "a=1&b=2"}), type_=FORM),
            post(
                "multipart",
                MULTIPART,
                FORM_IS_A_BODY.with_body({"type": "str", "got": MULTIPART}),
                type_="multipart/form-data; boundary=x",
            ),
            post(
                "gzip",
                gzip.compress(b"abc", mtime=0),
                COMPRESSED.with_body({"type": "str", "got": "abc"}),
                headers=[("Content-Encoding", "gzip")],
            ),
            post("expect_continue", "abc", headers=[("Expect", "100-continue")]),
            post("with_a_query", "abc", path="/score?a=1"),
            post("keep_alive_off", "abc", headers=[("Connection", "close")]),
            get("no_query", "/score"),
            get("question_mark_alone", "/score?"),
            get("numbers", "/score?a=1&b=-2.50&c=1e3"),
            get("json_values", "/score?list=[1,2]&object=%7B%22x%22:true%7D&null=null&flag=false&text=%22t%22"),
            get("text_values", "/score?a=x&b=True&c=1,5"),
            get("not_a_number", "/score?a=NaN&b=Infinity&c=-Infinity"),
            get("repeated_keys", "/score?a=1&b=2&a=x&a="),
            get("order_of_keys", "/score?z=1&a=2&z=3&m=4"),
            get("keys_in_two_cases", "/score?Key=1&key=2"),
            get("empty_values", "/score?a=&b&c=1&&=x"),
            get("percent_encoding", "/score?a=%7B%7D&b=%2B+%20&c%20d=1%26%3D&e=100%"),
            get("unicode", "/score?gr%C3%BC%C3%9Fe=%F0%9F%9A%80&e=%C3%A9"),
            get("invalid_utf8_in_the_query", "/score?a=%FF%FE&b=1"),
            get("raw_utf8_in_the_query", "/score?a=\xc3\xbc", NO_HTTP),
            get("semicolon", "/score?a=1;b=2"),
            get("equals_signs", "/score?a=b=c&d==e"),
            get("big_integer", "/score?a=123456789012345678901234567890"),
            get("spaces_around", "/score?a=+1+&b=%0A2"),
            get("deeply_nested", "/score?a=" + "[" * 200 + "]" * 200),
            get("control_characters", "/score?a=%00%01&b=%22%0A%22"),
            get("hash_sign_encoded", "/score?a=%231"),
            Exchange("get_with_a_body", "GET", "/score?a=1", b"body", (("Content-Type", JSON),)),
            Exchange("http_1_0", "POST", "/score", b"abc", version="HTTP/1.0"),
            Exchange("http_1_0_get", "GET", "/score?a=1", version="HTTP/1.0"),
            ask("head", "HEAD", "/score", ALLOWED_METHODS),
            ask("put", "PUT", "/score", METHOD_NOT_ALLOWED, ALLOWED_METHODS),
            ask("delete", "DELETE", "/score", METHOD_NOT_ALLOWED, ALLOWED_METHODS),
            ask("patch", "PATCH", "/score", METHOD_NOT_ALLOWED, ALLOWED_METHODS),
            ask("trace", "TRACE", "/score", METHOD_NOT_ALLOWED, ALLOWED_METHODS),
            ask("own_method", "SCORE", "/score", UNKNOWN_METHOD),
            ask("options", "OPTIONS", "/score"),
        ),
    ),
    Script(
        "text_headers",
        """
        def init():
            pass

        def run(request_headers, data):
            wanted = {name: value for name, value in request_headers.items()}
            return {"type": type(request_headers).__name__, "headers": wanted, "data": data}
        """,
        (
            post("names_and_values", "x", headers=[("x-lower", "a"), ("X-UPPER", "B"), ("X-Mixed-cASE", "c")]),
            post("repeated", "x", headers=[("X-Two", "a"), ("X-Two", "b")]),
            post("empty_value", "x", headers=[("X-Empty", "")]),
            post("underscore", "x", headers=[("X_Under_Score", "a"), ("X-Dash", "b")]),
            post("latin1", "x", headers=[("X-Name", "J\xfcrgen")]),
            post("cookie_and_authorization", "x", headers=[("Cookie", "a=1; b=2"), ("Authorization", "Bearer t")]),
            post("spaces_around", "x", headers=[("X-Space", "  a  b ")]),
            post("ids", "x", headers=[("x-request-id", "r"), ("x-ms-client-request-id", "c")]),
            post("digits_in_the_name", "x", headers=[("x-b3-traceid", "1"), ("x1y-2z", "2")]),
            post("without_a_type", "x", type_=None),
            post("chunked", (b"x",)),
            get("of_a_get", "/score?a=1", headers=[("Accept", "*/*")]),
        ),
    ),
    Script(
        "text_keyword",
        """
        def init():
            pass

        def run(*, payload, request_headers=None, more="default"):
            return [payload, request_headers.get("X-Model"), more]
        """,
        (
            post("keyword_only", "x", headers=[("x-model", "m")]),
            get("get", "/score?payload=1&more=2"),
        ),
    ),
)
