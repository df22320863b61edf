"""What hostile clients do, byte by byte, while another client goes on scoring."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import httpx
import pytest

from scoredock.web.connection import MAX_WAITING
from scoredock.web.head_limits import MAX_HEADERS, MAX_TARGET
from scoredock.web.intake import SPARE
from servers import TRUSTS_NOBODY, InProcess, wait_until

Start = Callable[..., InProcess]
Undisturbed = Callable[[InProcess], AbstractContextManager[None]]
MIB = 1024 * 1024
PROMPT_S = 2.0  # for each answer of the client that must not be disturbed


@pytest.fixture
def undisturbed() -> Undisturbed:
    """A client that scores all the while, over a connection of its own, and whose answers are prompt."""

    @contextmanager
    def keep_scoring(service: InProcess, body: str = "1", path: str = "/score") -> Iterator[None]:
        over, times = threading.Event(), list[float]()

        def work() -> None:
            with httpx.Client(base_url=f"http://127.0.0.1:{service.port}", timeout=30, verify=TRUSTS_NOBODY) as client:
                while not over.is_set() or not times:
                    started = time.monotonic()
                    answer = client.post(path, content=body, headers={"content-type": "application/json"})
                    times.append(time.monotonic() - started if answer.status_code == 200 else 99)
                    over.wait(0.01)

        thread = threading.Thread(target=work)
        thread.start()
        wait_until(lambda: times)
        try:
            yield
        finally:
            over.set()
            thread.join()
        assert max(times) < PROMPT_S

    return keep_scoring


def refusal(client: Any) -> tuple[int, str]:
    """An answer's status and message, after which the server closes."""
    status, headers = client.head()
    assert headers["connection"] == "close"
    return int(status[:3]), json.loads(client.rest())["message"]


class TestHeads:
    """Lines and headers: how many, how long."""

    def test_as_many_headers_as_there_may_be_are_taken(self, text_script: Start, wire: Any) -> None:
        client = wire(text_script())
        client.send("GET /livez HTTP/1.1", *(f"x-{number}: y" for number in range(MAX_HEADERS - 1)))
        assert client.answer()[0] == "200 OK"

    @pytest.mark.parametrize("name", ["x-{}", "x"])
    def test_more_headers_are_431(self, name: str, text_script: Start, wire: Any, undisturbed: Undisturbed) -> None:
        service = text_script()
        with undisturbed(service):
            client = wire(service)
            client.send("GET /livez HTTP/1.1", *(f"{name.format(number)}: y" for number in range(MAX_HEADERS + 1)))
            assert refusal(client) == (431, f"The request has more than {MAX_HEADERS} headers.")

    @pytest.mark.parametrize("complete", [True, False])
    def test_a_long_target_is_414(self, complete: bool, text_script: Start, wire: Any) -> None:
        client = wire(text_script())
        target = "/score?a=" + "1" * (MAX_TARGET - 8)
        client.socket.sendall(f"GET {target}{' HTTP/1.1' if complete else ''}".encode())
        if complete:
            client.socket.sendall(b"\r\n\r\n")
        status, message = refusal(client)
        assert status == 414
        assert str(MAX_TARGET) in message

    def test_a_target_of_the_limit_is_taken(self, text_script: Start, wire: Any) -> None:
        client = wire(text_script("return len(data)"))
        client.send("GET /score?a=" + "x" * (MAX_TARGET - 9) + " HTTP/1.1")
        assert client.answer() == ("200 OK", b"%d" % (MAX_TARGET - 9 + len('{"a": ""}')))


class TestSlowness:
    """SCOREDOCK_HEADER_TIMEOUT_S and SCOREDOCK_BODY_TIMEOUT_S, and clients that read slowly."""

    @pytest.mark.parametrize(
        ("sent", "setting", "what"),
        [
            ("", "SCOREDOCK_HEADER_TIMEOUT_S", "A request did not come"),
            ("POST /score HTTP/1.1\r\nx-slow: ", "SCOREDOCK_HEADER_TIMEOUT_S", "line and headers"),
            ("POST /score HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n", "SCOREDOCK_BODY_TIMEOUT_S", "body"),
            (
                "POST /score HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n63\r\n",
                "SCOREDOCK_BODY_TIMEOUT_S",
                "body",
            ),
        ],
        ids=["nothing", "headers", "body", "chunk"],
    )
    def test_a_trickle_is_408(
        self, sent: str, setting: str, what: str, text_script: Start, wire: Any, undisturbed: Undisturbed
    ) -> None:
        service = text_script(SCOREDOCK_HEADER_TIMEOUT_S="1", SCOREDOCK_BODY_TIMEOUT_S="1")
        with undisturbed(service):
            client = wire(service)
            started = time.monotonic()
            client.socket.sendall(sent.encode())
            client.socket.settimeout(0.2)
            while sent:
                client.socket.sendall(b"y")
                try:
                    client.socket.recv(1, socket.MSG_PEEK)
                    break
                except TimeoutError:
                    assert time.monotonic() - started < 10
            client.socket.settimeout(20)
            status, message = refusal(client)
        assert status == 408
        assert setting in message and what in message
        assert time.monotonic() - started >= 1
        wait_until(lambda: service.service.gateway.intake.held == 0)

    def test_a_kept_connection_may_rest_longer_than_headers_may_take(self, text_script: Start, wire: Any) -> None:
        client = wire(text_script(SCOREDOCK_HEADER_TIMEOUT_S="1"))
        for _ in range(2):
            client.post(b"x")
            assert client.answer() == ("200 OK", b'"x"')
            time.sleep(1.3)  # nothing is to happen in that time
        client.socket.sendall(b"POST /score")
        assert refusal(client)[0] == 408

    def test_the_time_of_a_next_request_runs_while_one_is_scored(self, text_script: Start, wire: Any) -> None:
        service = text_script("import time; time.sleep(2); return data", SCOREDOCK_HEADER_TIMEOUT_S="1")
        client = wire(service)
        client.post(b"x")
        client.socket.sendall(b"POST /score")
        status, headers = client.head()
        assert (status, headers["connection"]) == ("200 OK", "close")
        assert client.rest() == b'"x"'

    def test_a_client_that_falls_silent_in_a_body_is_told(self, text_script: Start, wire: Any) -> None:
        client = wire(text_script(idle_s=0.3))
        client.send("POST /score HTTP/1.1", "Content-Length: 10", body=b"x")
        assert refusal(client)[0] == 408

    def test_a_reader_that_takes_a_little_now_and_then_is_let_go(
        self, text_script: Start, wire: Any, undisturbed: Undisturbed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("scoredock.web.watch.SLOWEST", 100_000_000)  # what it takes is less than that
        service = text_script("return 'x' * 50_000_000 if data == 'much' else data", idle_s=0.5)
        with undisturbed(service):
            client = wire(service)
            client.post(b"much")
            assert client.head()[0] == "200 OK"
            received, started = 0, time.monotonic()
            while piece := client.socket.recv(100_000):
                received += len(piece)
                assert time.monotonic() - started < 20
                time.sleep(0.05)
        assert received < 50_000_000

    def test_answers_that_are_not_read_are_not_piled_up(self, text_script: Start, wire: Any) -> None:
        service = text_script("calls.append(data); return 'x' * 10_000_000", head="calls = []")
        client = wire(service)
        one = b"POST /score HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"
        client.socket.sendall(one * (MAX_WAITING - 1))
        (connection,) = wait_until(lambda: service.connections)
        wait_until(lambda: not connection._writable.is_set())
        assert connection._transport.get_write_buffer_size() <= 10_000_002 + 1000
        for _ in range(MAX_WAITING - 1):
            assert len(client.answer()[1]) == 10_000_002

    def test_a_pipelined_expectation_is_answered_when_its_turn_comes(self, text_script: Start, wire: Any) -> None:
        client = wire(text_script("import time; time.sleep(0.2); return data"))
        client.post(b"x")
        client.send("POST /score HTTP/1.1", "Content-Length: 2", "Expect: 100-continue")
        assert client.answer() == ("200 OK", b'"x"')
        assert client.head() == ("100 Continue", {})
        client.socket.sendall(b"ab")
        assert client.answer() == ("200 OK", b'"ab"')


class TestConnections:
    """SCOREDOCK_MAX_CONNECTIONS."""

    def test_health_is_answered_when_all_connections_are_in_use(
        self, text_script: Start, wire: Any, undisturbed: Undisturbed
    ) -> None:
        service = text_script(SCOREDOCK_MAX_CONNECTIONS="4")
        with undisturbed(service):
            held = [wire(service) for _ in range(3)]
            wait_until(lambda: len(service.connections) == 4)
            refused = service.post(content="x" * 100_000, headers={"x-request-id": "one-too-many"})
            assert (refused.status_code, refused.headers["x-request-id"]) == (503, "one-too-many")
            assert int(refused.headers["retry-after"]) >= 1
            assert refused.headers["connection"] == "close"
            assert "SCOREDOCK_MAX_CONNECTIONS" in refused.json()["message"]
            for path in ("/", "/livez", "/readyz"):
                answer = service.get(path)
                assert (answer.status_code, answer.headers["connection"]) == (200, "close")
            held.pop().socket.shutdown(socket.SHUT_RDWR)
            wait_until(lambda: len(service.connections) == 3)
            assert service.post(content="x").status_code == 200

    def test_health_is_answered_through_a_flood_of_connections(
        self, text_script: Start, wire: Any, undisturbed: Undisturbed
    ) -> None:
        service = text_script(SCOREDOCK_MAX_CONNECTIONS="4")
        with undisturbed(service):
            clients = [wire(service) for _ in range(200)]
            wait_until(lambda: len(service.service.gateway.spare) == SPARE)
            assert service.get("/livez").status_code == 200
            assert len(service.connections) <= 4 + SPARE + 1
            status, message = refusal(clients[5])
            assert status == 503
            assert "SCOREDOCK_MAX_CONNECTIONS" in message
            assert refusal(clients[-1])[0] == 503  # after the second that it had to ask for something

    def test_a_spare_connection_takes_no_body(self, text_script: Start, wire: Any) -> None:
        service = text_script(SCOREDOCK_MAX_CONNECTIONS="1")
        wire(service)
        wait_until(lambda: len(service.connections) == 1)
        client = wire(service)
        client.send("POST /score HTTP/1.1", "Content-Length: 50000000", body=bytes(100_000))
        assert refusal(client)[0] == 503
        wait_until(lambda: service.service.gateway.intake.held == 0)


class TestHeldBodies:
    """SCOREDOCK_MAX_QUEUE_MB."""

    def test_bodies_that_come_slowly_do_not_fill_the_memory(
        self, text_script: Start, wire: Any, undisturbed: Undisturbed
    ) -> None:
        service = text_script("return len(data)", SCOREDOCK_MAX_BODY_MB="4", SCOREDOCK_MAX_QUEUE_MB="8")
        intake = service.service.gateway.intake
        with undisturbed(service):
            held = [wire(service) for _ in range(5)]
            for client in held:  # each all but the last byte; the last ones find no room
                client.send("POST /score HTTP/1.1", f"Content-Length: {4 * MIB}")
            for client in held[:2]:
                client.socket.sendall(bytes(4 * MIB - 1))
            wait_until(lambda: intake.held >= 8 * MIB - 2)
            for client in held[2:]:
                client.socket.sendall(bytes(4 * MIB - 1))
                status, body = client.answer()
                assert status.startswith("429 ")
                assert b"SCOREDOCK_MAX_QUEUE_MB" in body
            refused = service.post(content=bytes(2 * MIB))
            assert refused.status_code == 429
            assert int(refused.headers["retry-after"]) >= 1
            assert intake.held < 9 * MIB
            for client in held:
                client.socket.shutdown(socket.SHUT_RDWR)
            wait_until(lambda: intake.held < 1000)
            assert service.post(content="x" * 4 * MIB).json() == 4 * MIB

    @pytest.mark.parametrize("chunked", [False, True])
    def test_what_was_answered_is_held_no_longer(self, chunked: bool, raw_script: Start, wire: Any) -> None:
        service = raw_script("return flask.Response(iter([b'x'])) if request.args else len(request.get_data())")
        client = wire(service)
        for target in ("/score", "/score?stream=1", "/livez", "/nowhere"):
            body = bytes(1_000_000)
            sent = b"f4240\r\n" + body + b"\r\n0\r\n\r\n" if chunked else body
            length = "Transfer-Encoding: chunked" if chunked else "Content-Length: 1000000"
            client.send(f"POST {target} HTTP/1.1", length, body=sent)
            status, headers = client.head()
            assert status[:3] in ("200", "404", "405")
            if "content-length" in headers:
                client._file.read(int(headers["content-length"]))
            else:
                assert client._file.read(len(b"1\r\nx\r\n0\r\n\r\n")) == b"1\r\nx\r\n0\r\n\r\n"
        wait_until(lambda: service.service.gateway.intake.held == 0)

    def test_requests_that_a_client_leaves_behind_are_held_no_longer(self, text_script: Start, wire: Any) -> None:
        service = text_script("import time; time.sleep(0.2); return 1")
        client = wire(service)
        for _ in range(5):
            client.post(bytes(100_000))
        wait_until(lambda: 500_000 < service.service.gateway.intake.held < 520_000)
        client.socket.shutdown(socket.SHUT_RDWR)
        wait_until(lambda: service.service.gateway.intake.held == 0)


GZIP = {"content-encoding": "gzip", "content-type": "application/json"}


class TestCompression:
    """Content-Encoding: gzip."""

    @pytest.mark.parametrize("size", [0, 1, 1000, 300_000, 3_000_000])
    @pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZIP"])
    def test_a_compressed_body_is_scored(self, size: int, coding: str, text_script: Start) -> None:
        service = text_script("return [len(data), data[:3]]")
        body = gzip.compress(b"abc" * (size // 3))
        answer = service.post(content=body, headers={"content-encoding": coding})
        assert answer.json() == [size // 3 * 3, "abc"[: size // 3 * 3]]
        wait_until(lambda: service.service.gateway.intake.held == 0)

    def test_members_behind_one_another_are_one_body(self, text_script: Start) -> None:
        body = gzip.compress(b"one ") + gzip.compress(b"") + gzip.compress(b"two")
        assert text_script().post(content=body, headers=GZIP).json() == "one two"

    def test_a_raw_script_sees_the_decompressed_body_alone(self, raw_script: Start) -> None:
        service = raw_script(
            "return [request.get_data().decode(), request.headers.get('content-encoding'), request.content_length]"
        )
        assert service.post(content=gzip.compress(b"text"), headers=GZIP).json() == ["text", None, 4]

    def test_a_raw_script_reads_other_codings_itself(self, raw_script: Start) -> None:
        service = raw_script("return [request.get_data().decode(), request.headers['content-encoding']]")
        assert service.post(content="text", headers={"content-encoding": "br"}).json() == ["text", "br"]

    @pytest.mark.parametrize("coding", ["deflate", "br", "gzip, gzip", "gzip,identity"])
    def test_other_codings_are_415_and_say_what_is_read(self, coding: str, text_script: Start) -> None:
        answer = text_script().post(content=gzip.compress(b"x"), headers={"content-encoding": coding})
        assert answer.status_code == 415
        assert answer.headers["accept-encoding"] == "gzip"
        assert coding in answer.json()["message"]

    def test_no_coding_may_be_said(self, text_script: Start) -> None:
        assert text_script().post(content="x", headers={"content-encoding": "identity"}).json() == "x"

    @pytest.mark.parametrize("size", [10, 2_000_000])
    @pytest.mark.parametrize("harm", ["cut", "garbage behind", "a wrong checksum", "no gzip", "a header alone"])
    def test_what_is_no_whole_gzip_is_400(self, harm: str, size: int, text_script: Start) -> None:
        whole = gzip.compress(bytes(size))
        body = {
            "cut": whole[:-3],
            "garbage behind": whole + b"garbage",
            "a wrong checksum": whole[:-8] + b"\0\0\0\1" + whole[-4:],
            "no gzip": bytes(size),
            "a header alone": whole[:10],
        }[harm]
        answer = text_script().post(content=body, headers=GZIP)
        assert answer.status_code == 400
        assert "Content-Encoding" in answer.json()["message"]

    def test_bombs_are_413(self, text_script: Start, undisturbed: Undisturbed) -> None:
        service = text_script("return len(data)", SCOREDOCK_MAX_BODY_MB="20", SCOREDOCK_MAX_GZIP_RATIO="1032")
        bomb = gzip.compress(bytes(200 * MIB), 9)
        assert len(bomb) < MIB
        exact = gzip.compress(bytes(20 * MIB))
        with undisturbed(service):
            for body, status in ((bomb, 413), (gzip.compress(bytes(20 * MIB + 1)), 413), (exact, 200)):
                answer = service.post(content=body, headers=GZIP)
                assert answer.status_code == status
            assert answer.json() == 20 * MIB

    def test_few_bytes_do_not_become_many(self, text_script: Start) -> None:
        service = text_script("return len(data)", SCOREDOCK_MAX_BODY_MB="20")
        bomb = gzip.compress(bytes(19 * MIB))
        assert len(bomb) * 100 < 4 * MIB
        refused = service.post(content=bomb, headers=GZIP)
        assert refused.status_code == 413
        assert "more than 100 times" in refused.json()["message"]
        assert "SCOREDOCK_MAX_GZIP_RATIO" in refused.json()["message"]
        assert service.post(content=gzip.compress(bytes(3 * MIB)), headers=GZIP).json() == 3 * MIB

    def test_a_file_of_nothing_but_members_is_400(self, text_script: Start, undisturbed: Undisturbed) -> None:
        service = text_script()
        with undisturbed(service):
            answer = service.post(content=gzip.compress(b"") * 500_000, headers=GZIP)
        assert answer.status_code == 400
        assert "members" in answer.json()["message"]

    def test_what_it_grows_to_counts_as_held(self, text_script: Start) -> None:
        service = text_script("return 1", SCOREDOCK_MAX_BODY_MB="4", SCOREDOCK_MAX_QUEUE_MB="4")
        service.service.gateway.intake.held += 3 * MIB  # somebody else's
        answer = service.post(content=gzip.compress(bytes(2 * MIB)), headers=GZIP)
        assert answer.status_code == 429
        wait_until(lambda: service.service.gateway.intake.held == 3 * MIB)
