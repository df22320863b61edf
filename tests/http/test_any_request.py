"""No request, however strange, meets a fault of the server's own."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servers import InProcess

Start = Callable[..., InProcess]
SERVERS_FAULT = "An unexpected internal error"
METHODS = ["GET", "POST", "OPTIONS", "HEAD", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "M-SEARCH"]
NAMES = [
    "accept", "accept-encoding", "authorization", "connection", "content-encoding", "content-length", "content-type",
    "cookie", "date", "expect", "forwarded", "host",
    "if-none-match", "origin", "range", "referer", "te", "trace-id", "traceid",
    "transfer-encoding", "upgrade", "user-agent", "x-forwarded-for", "x-forwarded-host", "x-http-method-override",
    "x-ms-client-request-id", "x-ms-request-id", "x-request-id", "access-control-request-method",
    "access-control-request-headers", "access-control-request-private-network",
]  # fmt: skip
# Bytes that an HTTP parser lets through in a header's value.
value_bytes = st.binary(max_size=120).map(lambda value: bytes(byte for byte in value if byte >= 32 or byte == 9))
usual_values = st.sampled_from(
    [
        *(b"application/json", b"application/json; charset=latin-1", b"text/plain", b"a:b:c", b"-1", b"true", b""),
        *(b"multipart/form-data; boundary=x", b"multipart/form-data", b"application/x-www-form-urlencoded", b"POST"),
        *(b"gzip", b"gzip, gzip", b"identity", b"br"),
        *(b"localhost:5001", b"[::1", b"https://a.example", b"99999999999999999999", b"bytes=0-"),
        *(b"x" * 100, b"x" * 101),
    ]
)
names = st.sampled_from(NAMES) | st.from_regex(r"[a-z0-9!#$%&'*+.^_`|~-]{1,20}", fullmatch=True)
headers = st.lists(st.tuples(names.map(str.encode), value_bytes | usual_values), max_size=6)
usual_paths = st.sampled_from(
    [
        "/score",
        "/",
        "/swagger.json",
        "/livez",
        "/readyz",
        "/metrics",
        "/docs",
        "/docs/../score",
        "//score",
        "/score//",
        "*",
        "",
    ]
)
paths = usual_paths | st.text(st.characters(codec="utf-8"), max_size=15).map(lambda text: f"/{text}")
queries = st.binary(max_size=60) | st.sampled_from(
    [b"data=[[1,2]]", b"version=3", b"version=%FF", b"a=1&a=2&&=&b", b"data=NaN", b"%", b"a=" + b"[" * 5000]
)
bodies = st.binary(max_size=80) | st.sampled_from(
    [
        b'{"data": [[1, 2]]}',
        b'{"data": [[1, NaN]], "factor": 1e999}',
        b'{"data": "\xff"}',
        b'{"data": [["\\ud800"]], "factor": "\\udfff"}',
        b'{"data": ' + b"[" * 970 + b"]" * 970 + b"}",
        b'--x\r\nContent-Disposition: form-data; name="a"; filename="\xff"\r\n\r\n\x00\r\n--x--\r\n',
        b"--x\r\n\r\n",
        gzip.compress(b'{"data": [[1, 2]]}'),
        b"a=1&b=%FF&" + b"c" * 100,
        '{"data": []}'.encode("utf-16"),
    ]
)

SCRIPTS: dict[str, tuple[str, dict[str, Any]]] = {
    "text_script": ("return data", {}),
    "schema_script": (
        "return [data, factor]",
        {
            "parameters": "data, factor=1.0",
            "decorators": "@input_schema('data', NumpyParameterType(np.zeros((1, 2))))\n"
            "@input_schema('factor', StandardPythonParameterType(1.5), optional=True)",
        },
    ),
    "raw_script": (
        "return [request.url, request.host, request.form.to_dict(), len(request.files), request.args.to_dict(),"
        " request.get_data(as_text=True), request.cookies, dict(request.headers), request.get_json(silent=True)]",
        {},
    ),
}


@pytest.mark.parametrize("kind", SCRIPTS)
def test_every_request_is_answered_without_a_fault_of_the_server(
    kind: str, request: pytest.FixtureRequest, exchange: Callable[..., Any]
) -> None:
    body, options = SCRIPTS[kind]
    service: InProcess = request.getfixturevalue(kind)(body, AML_CORS_ORIGINS="*", **options)

    @settings(deadline=None, max_examples=300, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
    @given(st.sampled_from(METHODS), paths, headers, queries, st.lists(bodies, min_size=1, max_size=3))
    def check(method: str, path: str, headers: Any, query: bytes, chunks: list[bytes]) -> None:
        reply = exchange(service, method, path, headers, chunks, query)
        assert reply.complete
        assert 200 <= reply.status < 600
        assert SERVERS_FAULT.encode() not in reply.body
        if kind != "raw_script":
            assert reply.status < 500 or reply.status == 501  # another transfer coding than chunked
        for name, value in reply.headers:
            assert name == name.lower()
            assert not {b"\r", b"\n"} & {bytes([byte]) for byte in name + value}
        if reply.all("content-type") == ["application/json"] and reply.body:
            json.loads(reply.body, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
        assert len(reply.all("x-request-id")) <= 1

    check()
    assert service.get("/readyz").status_code == 200
