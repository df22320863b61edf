"""What is no request, or a strange one: the bytes, what comes back, and the section of RFC 9112 that says so."""

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    """Bytes of a connection, and the statuses that come back; behind the last one it is closed or stays ``open``."""

    name: str
    section: str
    data: bytes
    statuses: list[int]
    open: bool = False


HOST = b"Host: a\r\n"
POST = b"POST /score HTTP/1.1\r\n" + HOST
GET = b"GET /livez HTTP/1.1\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
NONE = b"0\r\n\r\n"
HIDDEN = b"GET /livez HTTP/1.1\r\nHost: hidden\r\n\r\n"  # must never be answered for itself


def post(headers: bytes, body: bytes = b"") -> bytes:
    """A POST with further header lines."""
    return POST + headers + b"\r\n" + body


def get(line: bytes, headers: bytes = HOST) -> bytes:
    """A request without a body."""
    return line + b"\r\n" + headers + b"\r\n"


def _framing() -> list[Case]:
    te = b"Transfer-Encoding: "
    behind = NONE + HIDDEN
    refused = {
        "a length and chunks": b"Content-Length: 3\r\n" + te + b"chunked\r\n",
        "chunks and a length": te + b"chunked\r\nContent-Length: 3\r\n",
        "chunks, twice": te + b"chunked\r\n" + te + b"chunked\r\n",
        "chunks and then identity": te + b"chunked\r\n" + te + b"identity\r\n",
        "chunked, identity": te + b"chunked, identity\r\n",
        "chunked, chunked": te + b"chunked, chunked\r\n",
        "chunked, and a comma": te + b"chunked,\r\n",
        "chunked with a parameter": te + b"chunked;q=1\r\n",
        "chunked in quotes": te + b'"chunked"\r\n',
        "identity": te + b"identity\r\n",
        "xchunked": te + b"xchunked\r\n",
        "nothing": te + b"\r\n",
        "a vertical tab behind it": te + b"chunked\x0b\r\n",
        "a vertical tab before it": te + b"\x0bchunked\r\n",
        "a form feed": te + b"\x0cchunked\r\n",
        "a zero byte": te + b"chunked\0\r\n",
        "a space before the colon": b"Transfer-Encoding : chunked\r\n",
        "a folded line": b"Transfer-Encoding:\r\n chunked\r\n",
        "a bare CR before it": b"X: y\rTransfer-Encoding: chunked\r\n",
        "a bare LF before it": b"X: y\nTransfer-Encoding: chunked\r\n",
    }
    cases = [Case(f"coding: {name}", "6.1", post(lines, behind), [400]) for name, lines in refused.items()]
    cases += [
        Case("coding: gzip, chunked", "6.1", post(te + b"gzip, chunked\r\n", behind), [501]),
        Case(
            "coding: identity and then chunks", "6.1", post(te + b"identity\r\n" + te + b"chunked\r\n", behind), [501]
        ),
        Case("coding: upper case", "7", post(te + b"CHUNKED\r\n", NONE), [200], open=True),
        Case("coding: in HTTP/1.0", "6.1", post(te + b"chunked\r\n", behind).replace(b"1.1", b"1.0", 1), [400]),
        Case("coding: an underscore is another header", "5", post(b"Transfer_Encoding: chunked\r\n"), [200], open=True),
        Case("coding: before 100 Continue", "6.1", post(te + b"xchunked\r\nExpect: 100-continue\r\n", behind), [400]),
    ]
    lengths = [
        *(
            b"+3",
            b"-3",
            b"3 3",
            b"3, 3",
            b"3,4",
            b"0x3",
            b"1_0",
            b"3.0",
            b"3;q",
            b"",
            b"three",
            b"3\x0b",
            b"\xd9\xa3",
            b"9" * 30,
        ),
        *(b"3\r\nContent-Length: 3", b"3\r\nContent-Length: 4", b"1\r\n 2", b"3\0"),
    ]
    cases += [
        Case(f"length: {length!r}", "6.3", post(b"Content-Length: " + length + b"\r\n", b"abc" + HIDDEN), [400])
        for length in lengths
    ]
    cases += [
        Case("length: leading zeros", "6.2", post(b"Content-Length: 0003\r\n", b"abc"), [200], open=True),
        Case("length: tabs around it", "5.1", post(b"Content-Length:\t3\t\r\n", b"abc"), [200], open=True),
        Case(
            "length: the largest of 64 bits",
            "6.2",
            post(b"Content-Length: 18446744073709551615\r\n", b"abc"),
            [413],
            open=True,
        ),
        Case(
            "length: less than comes",
            "6.3",
            get(b"PUT /livez HTTP/1.1", HOST + b"Content-Length: 3\r\n") + b"abcdef",
            [405, 400],
        ),
    ]
    return cases


def _chunks() -> list[Case]:
    refused = {
        "negative": b"-1\r\na\r\n",
        "plus": b"+1\r\na\r\n",
        "0x": b"0x1\r\na\r\n",
        "a space before": b" 1\r\na\r\n",
        "a space behind": b"1 \r\na\r\n",
        "a tab behind": b"1\t\r\na\r\n",
        "17 digits": b"10000000000000001\r\na\r\n",
        "no digits": b"\r\na\r\n",
        "not hexadecimal": b"g\r\na\r\n",
        "LF behind the size": b"1\na\r\n",
        "CR behind the size": b"1\ra\r\n",
        "two CRs": b"1\r\r\na\r\n",
        "LF behind the data": b"1\r\na\n",
        "nothing behind the data": b"1\r\na",
        "more data than the size": b"1\r\nab\r\n",
        "LF in an extension": b"1;a=b\na\r\n",
        "CR in an extension": b"1;a\rb\r\na\r\n",
        "a zero byte in an extension": b"1;a=\x00\r\na\r\n",
        "LF in a quoted extension": b'1;a="\n"\r\na\r\n',
    }
    cases = [Case(f"chunk: {name}", "7.1", CHUNKED + piece + NONE + HIDDEN, [400]) for name, piece in refused.items()]
    long = b"1;" + b"e" * 66_000 + b"\r\na\r\n"
    return [
        *cases,
        Case("chunk: an extension", "7.1.1", CHUNKED + b'1;a=b;c="d"\r\na\r\n' + NONE, [200], open=True),
        Case("chunk: an extension without an end", "7.1.1", CHUNKED + b"1;" + b"e" * 600_000, [431]),
        Case("chunk: a long extension", "7.1.1", CHUNKED + long[:60_000] + b"\r\na\r\n" + NONE, [200], open=True),
        Case("chunk: zeros before the size", "7.1", CHUNKED + b"0000000000000001\r\na\r\n" + NONE, [200], open=True),
        Case("chunk: LF ends the last one", "7.1", CHUNKED + b"0\n\n" + HIDDEN, [400]),
        Case("trailer", "7.1.2", CHUNKED + b"1\r\na\r\n0\r\nX: y\r\n\r\n", [200], open=True),
        Case("trailer: a length", "6.5.1", CHUNKED + b"0\r\nContent-Length: 9\r\n\r\n" + HIDDEN, [400]),
        Case("trailer: a coding", "6.5.1", CHUNKED + b"0\r\nTransfer-Encoding: chunked\r\n\r\n" + HIDDEN, [400]),
        Case("trailer: folded", "5.2", CHUNKED + b"0\r\nX: y\r\n z\r\n\r\n" + HIDDEN, [400]),
        Case("trailer: no end", "7.1.2", CHUNKED + b"0\r\nX: " + b"y" * 600_000, [431]),
    ]


def _lines() -> list[Case]:
    fields = {
        "folded": b"X: a\r\n b\r\n",
        "folded with a tab": b"X: a\r\n\tb\r\n",
        "a space before the colon": b"X : a\r\n",
        "a space in the name": b"X Y: a\r\n",
        "no colon": b"X\r\n",
        "no name": b": a\r\n",
        "a zero byte in the name": b"X\0: a\r\n",
        "a zero byte in the value": b"X: a\0b\r\n",
        "a control character": b"X: a\x01b\r\n",
        "DEL": b"X: a\x7fb\r\n",
        "a name beyond ASCII": b"X\xff: a\r\n",
        "a bare CR": b"X: a\rb\r\n",
        "a bare LF": b"X: a\nY: b\r\n",
        "CR CR LF": b"X: a\r\r\n",
    }
    cases = [
        Case(f"field: {name}", "5", get(GET.strip(), HOST + line) + HIDDEN, [400]) for name, line in fields.items()
    ]
    lines = {
        "lower case": b"get /livez HTTP/1.1",
        "an unknown method": b"FOO /livez HTTP/1.1",
        "a very long method": b"G" * 20_000 + b" /livez HTTP/1.1",
        "no method": b" /livez HTTP/1.1",
        "no target": b"GET HTTP/1.1",
        "tabs": b"GET\t/livez\tHTTP/1.1",
        "a space in the target": b"GET /li vez HTTP/1.1",
        "a zero byte in the target": b"GET /li\0vez HTTP/1.1",
        "a control character in the target": b"GET /li\x01vez HTTP/1.1",
        "a target beyond ASCII": b"GET /li\xffvez HTTP/1.1",
        "a fragment": b"GET /livez#a HTTP/1.1",
        "a relative target": b"GET livez HTTP/1.1",
        "an asterisk with GET": b"GET * HTTP/1.1",
        "an authority with GET": b"GET a:80 HTTP/1.1",
        "a URL of another scheme": b"GET ftp://a/livez HTTP/1.1",
        "a URL with a user": b"GET http://user@a/livez HTTP/1.1",
        "a URL without a host": b"GET http:///livez HTTP/1.1",
        "CONNECT": b"CONNECT a:80 HTTP/1.1",
        "a space behind the version": b"GET /livez HTTP/1.1 ",
        "a version in lower case": b"GET /livez http/1.1",
        "HTTP/1.2": b"GET /livez HTTP/1.2",
        "HTTP/9.9": b"GET /livez HTTP/9.9",
        "HTTP/1.10": b"GET /livez HTTP/1.10",
        "HTTP/11": b"GET /livez HTTP/11",
        "an answer": b"HTTP/1.1 200 OK",
        "a space before the first field": b"GET /livez HTTP/1.1\r\n X: y",
    }
    cases += [Case(f"line: {name}", "3", get(line) + HIDDEN, [400]) for name, line in lines.items()]
    return [
        *cases,
        Case("line: HTTP/0.9", "2.3", b"GET /livez\r\n\r\n" + HIDDEN, [505]),
        Case("line: HTTP/0.9 that says so", "2.3", get(b"GET /livez HTTP/0.9") + HIDDEN, [505]),
        Case("line: HTTP/2.0", "2.3", get(b"GET /livez HTTP/2.0") + HIDDEN, [505]),
        Case("line: no version, a body", "2.3", b"POST /score\r\nContent-Length: 36\r\n\r\n" + HIDDEN, [505]),
        Case("line: the preface of HTTP/2", "2.3", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), [400]),
        Case("line: LF alone", "2.2", b"GET /livez HTTP/1.1\nHost: a\n\n" + HIDDEN, [400]),
        Case("line: LF at the end of the head", "2.2", b"GET /livez HTTP/1.1\r\nHost: a\r\n\n" + HIDDEN, [400]),
        Case("line: empty ones before it", "2.2", b"\r\n\r\n" + get(b"GET /livez HTTP/1.1"), [200], open=True),
        Case("line: two spaces", "3", get(b"GET  /livez  HTTP/1.1"), [200], open=True),
        Case("line: a URL", "3.2.2", get(b"GET http://b:1/livez HTTP/1.1"), [200], open=True),
        Case("line: a URL of https", "3.2.2", get(b"GET https://b/livez HTTP/1.1"), [200], open=True),
        Case("line: an asterisk", "3.2.4", get(b"OPTIONS * HTTP/1.1"), [404], open=True),
        Case("line: TRACE", "3.1", get(b"TRACE /livez HTTP/1.1"), [405], open=True),
        Case("a client hello of TLS", "3", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)), [400]),
        Case("host: none", "3.2", get(b"GET /livez HTTP/1.1", b"") + HIDDEN, [400]),
        Case("host: none in HTTP/1.0", "3.2", get(b"GET /livez HTTP/1.0", b""), [200]),
        Case("host: two", "3.2", get(b"GET /livez HTTP/1.1", HOST + b"Host: b\r\n") + HIDDEN, [400]),
        Case("host: twice the same", "3.2", get(b"GET /livez HTTP/1.1", HOST * 2) + HIDDEN, [400]),
        Case("host: two in HTTP/1.0", "3.2", get(b"GET /livez HTTP/1.0", HOST * 2) + HIDDEN, [400]),
        Case("host: a list", "3.2", get(b"GET /livez HTTP/1.1", b"Host: a, b\r\n") + HIDDEN, [400]),
        Case("host: a path", "3.2", get(b"GET /livez HTTP/1.1", b"Host: a/b\r\n") + HIDDEN, [400]),
        Case("host: a user", "3.2", get(b"GET /livez HTTP/1.1", b"Host: u@a\r\n") + HIDDEN, [400]),
        Case("host: empty", "3.2", get(b"GET /livez HTTP/1.1", b"Host:\r\n"), [200], open=True),
        Case("host: IPv6", "3.2", get(b"GET /livez HTTP/1.1", b"Host: [::1]:5001\r\n"), [200], open=True),
        Case(
            "host: none behind HTTP/1.0",
            "3.2",
            get(b"GET /livez HTTP/1.0", b"Connection: keep-alive\r\n") + get(b"GET /livez HTTP/1.1", b""),
            [200],  # which ends the connection
        ),
    ]


def _conversations() -> list[Case]:
    body = b"Content-Length: %d\r\n" % len(HIDDEN)
    upgrade = b"Connection: upgrade\r\nUpgrade: h2c\r\n"
    line = b"GET /livez HTTP/1.1"
    return [
        Case("a request in a body", "6.3", post(body, HIDDEN), [200], open=True),
        Case("a request in a body of GET", "6.3", get(line, HOST + body) + HIDDEN, [200], open=True),
        Case(
            "a request in a body of HEAD", "6.3", get(b"HEAD /livez HTTP/1.1", HOST + body) + HIDDEN, [200], open=True
        ),
        Case(
            "a request in a body of DELETE",
            "6.3",
            get(b"DELETE /score HTTP/1.1", HOST + body) + HIDDEN,
            [405],
            open=True,
        ),
        Case(
            "a request in a body of OPTIONS",
            "6.3",
            get(b"OPTIONS /score HTTP/1.1", HOST + body) + HIDDEN,
            [200],
            open=True,
        ),
        Case(
            "a request in a chunk", "7.1", CHUNKED + b"%x\r\n" % len(HIDDEN) + HIDDEN + b"\r\n" + NONE, [200], open=True
        ),
        Case("an upgrade with a body", "7.8", post(upgrade + body, HIDDEN), [200], open=True),
        Case(
            "an upgrade with chunks", "7.8", post(upgrade + b"Transfer-Encoding: chunked\r\n", NONE), [200], open=True
        ),
        Case("an upgrade without a host", "3.2", get(line, upgrade) + HIDDEN, [400]),
        Case("an upgrade with a wrong coding", "6.1", post(upgrade + b"Transfer-Encoding: x\r\n", HIDDEN), [400]),
        Case("an upgrade of HTTP/1.0", "6.1", get(b"GET /livez HTTP/1.0", upgrade), [200]),
        Case(
            "Expect: something else",
            "10.1.1 of 9110",
            post(b"Expect: 200-ok\r\nContent-Length: 1\r\n", b"a"),
            [200],
            open=True,
        ),
        Case(
            "Expect in HTTP/1.0",
            "10.1.1 of 9110",
            b"POST /score HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na",
            [200],
        ),
        Case(
            "Expect",
            "10.1.1 of 9110",
            post(b"Expect: 100-continue\r\nContent-Length: 1\r\n", b"a"),
            [100, 200],
            open=True,
        ),
        Case("a request behind the last one", "9.6", get(line, HOST + b"Connection: close\r\n") + HIDDEN, [200]),
        Case("a request behind one of HTTP/1.0", "9.3", get(b"GET /livez HTTP/1.0") + HIDDEN, [200]),
        Case(
            "a request behind a body too large",
            "9.6",
            post(b"Content-Length: 1048577\r\n", b"x" * 1048577) + HIDDEN,
            [413],
        ),
        Case(
            "a request behind the last one's body",
            "9.6",
            post(b"Connection: close\r\nContent-Length: 3\r\n", b"abc") + HIDDEN,
            [200],
        ),
        Case("rubbish behind two requests", "3", get(line) * 2 + b"\0\0\0\0\r\n\r\n" + HIDDEN, [200, 200, 400]),
    ]


CASES = _framing() + _chunks() + _lines() + _conversations()
