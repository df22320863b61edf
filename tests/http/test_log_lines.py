"""The line of a request: nothing that a client sends makes it another one, and which requests have one."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Callable, Iterator

import pytest

from scoredock.observe.json_lines import JsonFormatter
from scoredock.observe.logs import LineFormatter
from servers import InProcess, wait_until

Start = Callable[..., InProcess]
Lines = Callable[[], list[str]]
LINE = re.compile(
    r"[\d-]{10} [\d:,]{12} I \[\d+\] scoredock\.request - \[(?P<id>[^ \[\]]+)\] (?P<method>[A-Z]+) (?P<target>\S+) "
    r"(?P<status>\d{3}) [\d.]+ms (\d+|-|N/A)( queue=[\d.]+ms)? in=\d+ client=127\.0\.0\.1"
)
FORGERIES = [
    b"x] POST /score 200 0.1ms 2  [fake",
    b"one\x85two",
    b"\x9b31mred",
    b"tab\there",
    b"back\\slash]",
    b"\xa0\xad",
]


@pytest.fixture
def written() -> Iterator[Callable[[bool], Lines]]:
    """Log as text or as JSON; the lines of requests so far, as most readers tell lines apart."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)

    def configure(as_json: bool) -> Lines:
        handler.setFormatter(JsonFormatter() if as_json else LineFormatter())
        logging.root.addHandler(handler)
        logging.root.setLevel(logging.INFO)
        return lambda: [line for line in stream.getvalue().splitlines() if "scoredock.request" in line]

    yield configure
    logging.root.removeHandler(handler)


@pytest.mark.parametrize("sent", FORGERIES, ids=repr)
def test_an_id_is_no_more_than_an_id(sent: bytes, text_script: Start, written: Callable[[bool], Lines]) -> None:
    service = text_script()
    lines = written(False)
    response = service.post(content="x", headers={b"x-request-id": sent, b"x-ms-client-request-id": sent})
    raw = dict(response.headers.raw)
    assert raw[b"x-request-id"] == raw[b"x-ms-client-request-id"] == sent
    (line,) = wait_until(lines, 5)
    assert line.isprintable()
    match = LINE.fullmatch(line)
    assert match is not None
    assert (match["method"], match["status"]) == ("POST", "200")


@pytest.mark.parametrize("sent", FORGERIES, ids=repr)
def test_an_id_is_a_field_of_json(sent: bytes, text_script: Start, written: Callable[[bool], Lines]) -> None:
    service = text_script()
    lines = written(True)
    service.post(content="x", headers={b"x-request-id": sent})
    (line,) = wait_until(lines, 5)
    content = json.loads(line)
    assert not {" ", "[", "]"} & set(content["request_id"])
    assert (content["status"], content["client"], content["message"]) == (200, "127.0.0.1", "request")


@pytest.mark.parametrize("query", [b"%20[x]%0a", b"a=1|2]"], ids=repr)
def test_a_target_is_one_word(query: bytes, text_script: Start, written: Callable[[bool], Lines], exchange) -> None:
    service = text_script()
    lines = written(False)
    exchange(service, query=query)
    (line,) = wait_until(lines, 5)
    match = LINE.fullmatch(line)
    assert match is not None
    assert match["target"].startswith("/score?")
    assert line.isprintable()


def test_a_path_is_one_word_where_the_request_was_none(
    text_script: Start, written: Callable[[bool], Lines], wire
) -> None:
    service = text_script(SCOREDOCK_BODY_TIMEOUT_S="1")
    lines = written(False)
    client = wire(service)
    client.send("POST /a%0a2026%20x%C2%85 HTTP/1.1", "Content-Length: 9")
    assert client.head()[0].startswith("408")
    (line,) = wait_until(lines, 5)
    match = LINE.fullmatch(line)
    assert match is not None
    assert (match["status"], match["target"]) == ("408", "/a%0a2026%20x%C2%85")


@pytest.mark.parametrize(
    ("wish", "expected"), [("all", ["200", "405", "415"]), ("errors", ["405", "415"]), ("none", [])]
)
def test_which_requests_have_a_line(
    wish: str, expected: list[str], text_script: Start, written: Callable[[bool], Lines]
) -> None:
    service = text_script(SCOREDOCK_REQUEST_LOG=wish)
    lines = written(False)
    assert service.post(content="x").status_code == 200
    assert service.request("PUT", "/score").status_code == 405
    assert service.post(content="x", headers={"content-encoding": "br"}).status_code == 415
    if expected:
        wait_until(lambda: len(lines()) == len(expected))
    matches = [LINE.fullmatch(line) for line in lines()]
    assert [match["status"] for match in matches if match is not None] == expected
    page = service.get("/metrics").text
    assert 'scoredock_requests_total{status="200"} 1' in page
