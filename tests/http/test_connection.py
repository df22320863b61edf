"""HTTP/1.1 over one connection: what a client may send, and what it gets for what it may not."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from scoredock.web.connection import MAX_WAITING
from scoredock.web.head_limits import MAX_HEAD, MAX_SHOWN, MAX_TARGET
from servers import InProcess, wait_until

Start = Callable[..., InProcess]
GATE = "import threading\nentered, gate = threading.Event(), threading.Event()"


def test_many_requests_share_a_connection(text_script: Start, wire: Any) -> None:
    service = text_script()
    client = wire(service)
    for number in range(20):
        client.post(b"%d" % number)
        assert client.answer() == ("200 OK", b'"%d"' % number)
    assert len(service.connections) == 1


def test_pipelined_requests_are_answered_in_their_order(text_script: Start, wire: Any) -> None:
    client = wire(text_script("import time; time.sleep(0.02 if data == '0' else 0); return data"))
    requests = [b"POST /score HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n%d" % number for number in range(9)]
    requests.insert(4, b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
    client.socket.sendall(b"".join(requests))
    answers = [client.answer()[1] for _ in requests]
    assert answers.pop(4) == b'{"status":"alive"}'
    assert answers == [b'"%d"' % number for number in range(9)]


def test_more_pipelined_requests_than_are_kept_are_all_answered(text_script: Start, wire: Any) -> None:
    client = wire(text_script())
    count = 5 * MAX_WAITING
    requests = [b"POST /score HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n%04d" % number for number in range(count)]
    sender = threading.Thread(target=client.socket.sendall, args=[b"".join(requests)])
    sender.start()
    assert [client.answer()[1] for _ in requests] == [b'"%04d"' % number for number in range(count)]
    sender.join()


@pytest.mark.parametrize("cut", [1, 7, 40, 65, 70])
def test_a_request_may_come_in_pieces(cut: int, text_script: Start, wire: Any) -> None:
    client = wire(text_script())
    whole = b"POST /score?a=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world" * 2
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for start in range(0, len(whole), cut):
        client.socket.sendall(whole[start : start + cut])
        time.sleep(0.001)
    assert [client.answer() for _ in range(2)] == [("200 OK", b'"hello world"')] * 2


@pytest.mark.parametrize("size", [0, 1, 65_536, 3_000_001])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_any_size_arrives_whole_and_the_next_request_after_it(
    size: int, chunked: bool, raw_script: Start, wire: Any
) -> None:
    client = wire(raw_script("import hashlib; return hashlib.sha256(request.get_data()).hexdigest()"))
    import hashlib

    body = bytes(number % 251 for number in range(size))
    sent = body
    if chunked:
        pieces = [body[start : start + 99_991] for start in range(0, size, 99_991)]
        sent = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
    # the next request is in the same segment as the body's end
    client.send("POST /score HTTP/1.1", length, body=sent + b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
    assert client.answer() == ("200 OK", f'"{hashlib.sha256(body).hexdigest()}"'.encode())
    assert client.answer() == ("200 OK", b'{"status":"alive"}')


def test_a_large_answer_waits_for_a_slow_reader(text_script: Start, wire: Any) -> None:
    client = wire(text_script("return 'x' * 8_000_000"))
    for _ in range(3):
        client.post(b"")
    time.sleep(0.2)
    for _ in range(3):
        status, body = client.answer()
        assert (status, len(body)) == ("200 OK", 8_000_002)


def test_http_1_0_is_answered_and_closed(text_script: Start, wire: Any) -> None:
    client = wire(text_script())
    client.send("POST /score HTTP/1.0", "Content-Length: 1", body=b"x")
    assert client.answer() == ("200 OK", b'"x"')
    assert client.is_closed()


def test_a_streamed_body_goes_to_an_http_1_0_client_without_chunks(raw_script: Start, wire: Any) -> None:
    client = wire(raw_script("return AMLResponse((piece for piece in [b'one ', b'two']), 200)", head=""))
    client.send("GET /score HTTP/1.0")
    status, headers = client.head()
    assert status == "200 OK"
    assert "transfer-encoding" not in headers
    assert client.rest() == b"one two"


def test_connection_close_is_obeyed(text_script: Start, wire: Any) -> None:
    client = wire(text_script())
    client.post(b"x", "Connection: close")
    status, headers = client.head()
    assert (status, headers["connection"]) == ("200 OK", "close")
    assert client.rest() == b'"x"'


def test_a_client_that_waits_for_100_is_told_to_go_on(text_script: Start, wire: Any) -> None:
    client = wire(text_script())
    client.send("POST /score HTTP/1.1", "Content-Length: 2", "Expect: 100-continue")
    assert client.head() == ("100 Continue", {})
    client.socket.sendall(b"ab")
    assert client.answer() == ("200 OK", b'"ab"')


def test_a_client_that_waits_for_100_with_too_much_is_told_at_once(text_script: Start, wire: Any) -> None:
    client = wire(text_script(SCOREDOCK_MAX_BODY_MB="1"))
    client.send("POST /score HTTP/1.1", "Content-Length: 2000000", "Expect: 100-continue")
    status, body = client.answer()
    assert status == "413 Request Entity Too Large" or status.startswith("413 ")
    assert b"SCOREDOCK_MAX_BODY_MB" in body


@pytest.mark.parametrize("chunked", [False, True])
def test_a_client_that_sends_too_much_gets_its_answer_after_it_has_sent_all(
    chunked: bool, text_script: Start, wire: Any
) -> None:
    client = wire(text_script(SCOREDOCK_MAX_BODY_MB="1"))
    if chunked:
        client.send("POST /score HTTP/1.1", "Transfer-Encoding: chunked")
        for _ in range(60):
            client.socket.sendall(b"10000\r\n" + bytes(65536) + b"\r\n")
        client.socket.sendall(b"0\r\n\r\n")
    else:
        client.post(bytes(4_000_000))
    status, headers = client.head()
    assert status.startswith("413 ")
    assert headers["connection"] == "close"
    assert b"SCOREDOCK_MAX_BODY_MB" in client.rest()


def test_another_protocol_is_not_spoken_but_the_request_is_answered(text_script: Start, wire: Any) -> None:
    client = wire(text_script())
    client.post(b"x", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA")
    assert client.answer() == ("200 OK", b'"x"')


@pytest.mark.parametrize(
    "text",
    [
        "not HTTP at all",
        "POST /score HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2",
        "POST /score HTTP/1.1\r\nHost: a\r\nContent-Length: -1",
        "POST /score HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked",
        "GET /livez HTTP/1.1\r\nHost: a\r\nBad Name: x",
        "GET /livez HTTP/1.1\r\nHost: a\r\nName: a\rb",
    ],
)
def test_what_is_not_http_is_400_and_closed(text: str, text_script: Start, wire: Any) -> None:
    service = text_script()
    client = wire(service)
    client.send(text)
    status, headers = client.head()
    assert status == "400 Bad Request"
    assert headers["connection"] == "close"
    assert b"Invalid HTTP request" in client.rest()
    assert service.post(content="next").json() == "next"


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        ("not HTTP at all\r\n\r\n", "- - 400"),
        ("\x16\x03\x01 rubbish\r\n\r\n", "- - 400"),
        ("POST /score?a=1 HTTP/1.1\r\nX-Request-Id: mine\r\n\r\n", "POST /score?a=1 400"),
        ("POST /score HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\nContent-Length: 9\r\n\r\nx", "POST /score 408"),
        ("POST /sco", "POST /sco 408"),
        (f"GET /score?a={'1' * MAX_TARGET} HTTP/1.1\r\nHost: a\r\n\r\n", f"GET /score?a={'1' * (MAX_SHOWN - 9)} 414"),
        ("POST /score HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "POST /score 501"),
        ("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "CONNECT a:1 400"),
        ("GET /nothing HTTP/1.1\r\n\r\n", "GET /nothing 400"),
        ("", None),
    ],
    ids=lambda one: str(one)[:30].encode("unicode_escape").decode(),
)
def test_what_is_refused_has_its_line(
    sent: str, line: str | None, text_script: Start, wire: Any, log_lines: Callable[[], list[str]]
) -> None:
    service = text_script(SCOREDOCK_HEADER_TIMEOUT_S="1", SCOREDOCK_BODY_TIMEOUT_S="1")
    client = wire(service)
    client.socket.sendall(sent.encode("latin-1"))
    status, headers = client.head()
    assert headers["connection"] == "close"
    service.post(content="next", headers={"x-request-id": "next"})
    wait_until(lambda: any("[next]" in one for one in log_lines()))
    told = [one for one in log_lines() if " scoredock.request - " in one and "[next]" not in one]
    assert [
        f"[{headers['x-request-id']}] {line} " in one and ("mine" not in sent or "[mine]" in one) for one in told
    ] == [True] * bool(line)
    assert line is None or line.endswith(status[:3])


def test_a_body_that_was_refused_is_refused_once(text_script: Start, wire: Any) -> None:
    client = wire(text_script(SCOREDOCK_MAX_BODY_MB="1"))
    client.send("POST /score HTTP/1.1", "Transfer-Encoding: chunked")
    client.socket.sendall(b"110000\r\n" + bytes(0x110000) + b"\r\n")
    assert client.answer()[0].startswith("413 ")
    client.socket.sendall(b"nonsense\r\n")
    assert client.is_closed()


def test_rubbish_behind_a_request_does_not_spoil_its_answer(text_script: Start, wire: Any) -> None:
    client = wire(text_script("import time; time.sleep(0.1); return data"))
    client.post(b"x")
    client.socket.sendall(b"\x16\x03\x01 rubbish\r\n\r\n")
    assert client.answer() == ("200 OK", b'"x"')
    assert client.is_closed()


@pytest.mark.parametrize("pieces", [1, 20])
def test_endless_headers_are_431(pieces: int, text_script: Start, wire: Any) -> None:
    client = wire(text_script())
    client.socket.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\nx-long: ")
    size = 2 * MAX_HEAD // pieces
    for _ in range(pieces):
        client.socket.sendall(b"y" * size)
        time.sleep(0.005)
    if pieces == 1:
        client.socket.sendall(b"\r\n\r\n")
    status, _ = client.head()
    assert status.startswith("431 ")


def test_an_idle_connection_is_closed(text_script: Start, wire: Any) -> None:
    service = text_script(idle_s=0.3)
    client, silent = wire(service), wire(service)
    client.post(b"x")
    assert client.answer()[0] == "200 OK"
    started = time.monotonic()
    assert client.is_closed() and silent.is_closed()
    assert time.monotonic() - started < 5


def test_a_client_that_never_reads_its_answer_is_let_go(text_script: Start, wire: Any) -> None:
    service = text_script("return 'x' * 50_000_000", idle_s=0.3)
    client = wire(service)
    client.post(b"")
    wait_until(lambda: len(service.connections) == 1)
    wait_until(lambda: not service.connections)
    received = 0
    while piece := client.socket.recv(1_000_000):
        received += len(piece)
    assert received < 50_000_000  # the rest was thrown away


def test_a_connection_is_not_idle_while_it_waits_for_its_answer(text_script: Start, wire: Any) -> None:
    client = wire(text_script("import time; time.sleep(0.8); return data", idle_s=0.2))
    client.post(b"x")
    assert client.answer() == ("200 OK", b'"x"')


def test_a_server_that_ends_closes_idle_connections_and_finishes_others(text_script: Start, wire: Any) -> None:
    service = text_script("entered.set(); gate.wait(20); return data", head=GATE)
    idle, busy = wire(service), wire(service)
    busy.post(b"x")
    wait_until(sys.modules["entry_module"].entered.is_set)
    service.tell_connections_to_end()
    assert idle.is_closed()
    sys.modules["entry_module"].gate.set()
    status, headers = busy.head()
    assert (status, headers["connection"]) == ("200 OK", "close")
    assert busy.rest() == b'"x"'


def test_a_server_that_ends_leaves_its_last_answer_time_to_be_read(text_script: Start, wire: Any) -> None:
    service = text_script("entered.set(); gate.wait(20); return data", head=GATE)
    client = wire(service)
    client.post(b"x")
    wait_until(sys.modules["entry_module"].entered.is_set)
    service.tell_connections_to_end()
    sys.modules["entry_module"].gate.set()
    assert client.rest().endswith(b'"x"')  # the server's side is closed
    assert len(service.connections) == 1  # and the client's is not
    client._file.close()
    client.socket.close()
    wait_until(lambda: not service.connections)


def test_header_values_that_cannot_be_sent_are_the_scripts_fault(raw_script: Start, wire: Any) -> None:
    service = raw_script(
        "response = AMLResponse('ok', 200)\nresponse.headers._list.append(('x-a', 'b\\r\\nx-c: d'))\nreturn response"
    )
    response = service.post(content="x")
    assert response.status_code == 500
    assert "x-c" not in response.headers


@pytest.mark.parametrize("asked", ["Connection: keep-alive", "Connection: Keep-Alive, x", "X: y"])
def test_a_client_of_http_1_0_is_told_that_the_connection_ends(asked: str, text_script: Start, wire: Any) -> None:
    client = wire(text_script())
    client.send("POST /score HTTP/1.0", "Content-Length: 1", asked, body=b"x")
    status, headers = client.head()
    assert (status, headers["connection"]) == ("200 OK", "close")
    assert client.rest() == b'"x"'


def test_what_came_ahead_is_answered_in_its_order_before_rubbish_is_refused(text_script: Start, wire: Any) -> None:
    client = wire(text_script())
    count = 1000
    sent = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n" * count + b"\x16\x03\x01 rubbish\r\n\r\n"
    sender = threading.Thread(target=client.socket.sendall, args=[sent])
    sender.start()
    assert [client.answer()[0] for _ in range(count)] == ["200 OK"] * count
    assert client.answer()[0] == "400 Bad Request"
    assert client.is_closed()
    sender.join()
