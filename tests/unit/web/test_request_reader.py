"""Requests out of bytes: what a client may make of them, and what it may cost."""

from __future__ import annotations

import sys
import tracemalloc
from typing import Any

import pytest

from scoredock.web.head_limits import MAX_HEAD
from scoredock.web.incoming import Incoming
from scoredock.web.intake import Intake
from scoredock.web.request_reader import RequestReader

CHUNKED = b"POST /score HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
UPGRADE = b"Connection: upgrade\r\nUpgrade: h2c\r\n"


class Receiver:
    """Keeps what a reader tells."""

    scheme, address, server, who = "http", None, None, ""

    def __init__(self, max_body: int = 10_000_000, intake: Intake | None = None) -> None:
        self.requests: list[Incoming] = []
        self.refusals: list[int] = []
        self.waits = 0
        self.reader = RequestReader(self, intake or Intake(max_body))

    def received(self, incoming: Incoming) -> None:
        self.requests.append(incoming)

    def discarded(self) -> None:
        raise AssertionError

    def awaited(self) -> None:
        self.waits += 1

    def refused(self, status: int, message: str) -> None:
        self.refusals.append(status)

    def send(self, *_: Any) -> None:
        raise AssertionError

    stream = send

    def feed(self, *pieces: bytes) -> list[Incoming]:
        """The requests of these pieces."""
        for piece in pieces:
            self.reader.feed(piece)
            while self.reader.rest:
                self.reader.go_on()
        return self.requests


def memory(receiver: Receiver, piece: bytes, times: int) -> int:
    """Bytes that are kept for pieces."""
    tracemalloc.start()
    try:
        for _ in range(times):
            receiver.reader.feed(piece)
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def test_trailers_are_no_headers() -> None:
    (request,) = Receiver().feed(CHUNKED + b"1\r\na\r\n0\r\nx-request-id: forged\r\n\r\n")
    assert request.body == b"a"
    assert request.pairs == [(b"host", b"a"), (b"transfer-encoding", b"chunked")]
    assert b"x-request-id" not in request.by_name


@pytest.mark.parametrize("trailer", [b"a: b\r\n" * 100, b"y" * 600], ids=["many", "one"])
def test_endless_trailers_are_431_and_not_kept(trailer: bytes) -> None:
    receiver = Receiver()
    receiver.feed(CHUNKED + b"1\r\na\r\n0\r\nx: ")
    assert memory(receiver, trailer, 100_000 // len(trailer) + 1) < 3 * MAX_HEAD
    assert receiver.refusals == [431]
    assert not receiver.feed(b"\r\n\r\n")


def test_an_endless_extension_of_a_chunk_is_431() -> None:
    receiver = Receiver()
    receiver.feed(CHUNKED + b"1;x=", *[b"y" * 1000] * 100)
    assert receiver.refusals == [431]


def test_a_body_of_many_small_chunks_is_no_endless_head() -> None:
    (request,) = Receiver().feed(CHUNKED, *[b"1\r", b"\n", b"a\r", b"\n"] * 30_000, b"0\r\n", b"\r\n")
    assert request.body == b"a" * 30_000


def test_pipelined_requests_that_are_cut_in_their_heads_are_no_endless_head() -> None:
    one = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
    assert len(Receiver().feed(one[:9], one[9:] + one * 3000 + one[:9], one[9:])) == 3002


@pytest.mark.parametrize(
    "head", [CHUNKED, b"POST /score HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n"], ids=["chunked", "declared"]
)
def test_a_body_in_small_pieces_takes_hardly_more_memory_than_its_bytes(head: bytes) -> None:
    receiver = Receiver()
    receiver.feed(head)
    piece = b"2\r\nab\r\n" if head is CHUNKED else b"ab"
    assert memory(receiver, piece, 99_999) < 300_000
    (request,) = receiver.feed(piece, b"0\r\n\r\n" if head is CHUNKED else b"")
    assert request.body == b"ab" * 100_000
    assert type(request.body) is bytes


def test_pieces_of_all_sizes_stay_in_their_order() -> None:
    sizes = [1, 5000, 2, 3, 4096, 4095, 1, 100_000, 7]
    pieces = [bytes([number]) * size for number, size in enumerate(sizes)]
    framed = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces]
    (request,) = Receiver().feed(CHUNKED, *framed, b"0\r\n\r\n")
    assert request.body == b"".join(pieces)


def test_any_number_of_requests_may_ask_for_another_protocol() -> None:
    count = sys.getrecursionlimit()
    one = b"POST /score HTTP/1.1\r\nHost: a\r\n" + UPGRADE + b"Content-Length: 1\r\n\r\nx"
    requests = Receiver().feed(one * count)
    assert [request.body for request in requests] == [b"x"] * count


@pytest.mark.parametrize(("version", "stays"), [("1.0", False), ("1.1", True)])
def test_a_request_that_asks_for_another_protocol_keeps_its_version(version: str, stays: bool) -> None:
    (request,) = Receiver().feed(b"GET /livez HTTP/%b\r\nHost: a\r\n" % version.encode() + UPGRADE + b"\r\n")
    assert (request.http_version, request.keep_alive) == (version, stays)


def test_inside_is_between_the_first_byte_of_a_request_and_its_last() -> None:
    receiver = Receiver()
    seen = []
    for piece in (b"\r\n", b"POST", b" /score HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n", b"a", b"b", b"GET"):
        receiver.feed(piece)
        seen.append(receiver.reader.inside)
    assert seen == [False, True, True, True, False, True]


def test_the_host_of_a_url_stands_above_the_header() -> None:
    (request,) = Receiver().feed(b"GET http://b:80/livez?a HTTP/1.1\r\nX: y\r\nHost: a\r\n\r\n")
    assert (request.path, request.raw_path, request.query) == ("/livez", b"/livez", b"a")
    assert request.pairs == [(b"host", b"b:80"), (b"x", b"y")]
    assert request.by_name[b"host"] == b"b:80"


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_only_a_client_of_http_1_1_is_told_to_go_on(version: bytes) -> None:
    receiver = Receiver()
    receiver.feed(b"POST /score HTTP/%b\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n" % version)
    assert receiver.waits == (version == b"1.1")


def test_a_fault_of_our_own_is_not_the_clients() -> None:
    class Broken(Receiver):
        def received(self, incoming: Incoming) -> None:
            raise ZeroDivisionError

    receiver = Broken()
    receiver.reader.feed(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert receiver.refusals == [500]


def test_whoever_has_much_ahead_of_its_turn_does_not_keep_out_who_has_little() -> None:
    intake = Intake(max_held=8 * 1024 * 1024)
    large, small = b"GET /livez HTTP/1.1\r\nh: " + b"x" * 60_000, b"GET /livez HTTP/1.1\r\nh: " + b"x" * 3000
    kept = []
    for head, most in ((large, intake.max_ahead), (small, 2 * intake.max_ahead)):
        while not kept or not kept[-1].refusals:
            kept.append(Receiver(intake=intake))
            kept[-1].feed(head)
        assert kept[-1].refusals == [429]
        assert most * 0.9 < intake.ahead <= most
        kept.append(Receiver(intake=intake))
    for one in kept:
        one.reader.end()
    assert intake.ahead == intake.held == 0
