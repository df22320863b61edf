"""Connections over TLS: those that are slow, silent, half closed, or no TLS at all."""

from __future__ import annotations

import datetime
import logging
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from certificates import issue
from scoredock.deploy.local.call import score
from scoredock.errors import ServiceFailed
from scoredock.web.connection import Connection
from servers import wait_until

SCRIPT = """
    import json, time
    from azureml.contrib.services.aml_request import rawhttp
    from flask import Response

    def init():
        pass

    @rawhttp
    def run(request):
        wish = request.get_data(as_text=True)
        word, _, number = wish.partition(" ")
        if word == "large":
            return Response(b"x" * int(number))
        if word == "stream":
            return Response(b"y" * 50_000 for _ in range(int(number)))
        return Response(f"{request.scheme}: {len(wish)}")
"""


@pytest.fixture
def certificate(tmp_path):
    return issue(tmp_path)


@pytest.fixture
def service(in_process, certificate):
    return lambda **options: in_process(SCRIPT, **certificate.variables, **options)


@pytest.fixture
def connect(certificate):
    """Connect with TLS: ``connect(service)``, a socket."""
    context = ssl.create_default_context(cafile=str(certificate.chain))
    opened = []

    def connected(service, receive_buffer=None):
        plain = socket.socket()
        if receive_buffer:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        plain.settimeout(20)
        plain.connect(("127.0.0.1", service.port))
        opened.append(context.wrap_socket(plain, server_hostname="127.0.0.1", suppress_ragged_eofs=False))
        return opened[-1]

    yield connected
    for one in opened:
        one.close()


def request(body: bytes, more: bytes = b"") -> bytes:
    return b"POST /score HTTP/1.1\r\nhost: a\r\n%bcontent-length: %d\r\n\r\n%b" % (more, len(body), body)


def read_all(client) -> bytes:
    """All bytes up to the server's goodbye; a connection that ends without one raises SSLEOFError."""
    found = []
    while piece := client.recv(1 << 20):
        found.append(piece)
    return b"".join(found)


def read_answer(client) -> bytes:
    """One answer's body, of known length."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += client.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += client.recv(1 << 20)
    return body


def raw(service, data: bytes, timeout_s: float = 10) -> bytes:
    """What comes back for plain bytes, until the connection ends."""
    with socket.create_connection(("127.0.0.1", service.port), timeout_s) as client:
        client.sendall(data)
        found = b""
        while piece := client.recv(65536):
            found += piece
        return found


def test_bodies_of_all_sizes_arrive_both_ways(service, certificate):
    started = service()
    context = ssl.create_default_context(cafile=str(certificate.chain))
    with httpx.Client(base_url=f"https://127.0.0.1:{started.port}", verify=context, timeout=30) as client:
        for size in (0, 1, 16_384, 16_385, 65_536, 3_000_000):
            assert client.post("/score", content=b"z" * size).text == f"https: {size}"
            assert len(client.post("/score", content=f"large {size}").content) == size
        assert client.post("/score", content="stream 40").content == b"y" * 2_000_000


def test_one_byte_a_time_is_read_too(service, certificate):
    """The client's bytes in pieces that are no records, nor parts of a handshake."""
    started = service()
    context = ssl.create_default_context(cafile=str(certificate.chain))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    with socket.create_connection(("127.0.0.1", started.port), 20) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def until_done(work):
            while True:
                try:
                    return work()
                except ssl.SSLWantReadError:
                    send_in_bytes()
                    incoming.write(client.recv(65536))
                finally:
                    send_in_bytes()

        def send_in_bytes():
            for byte in outgoing.read():
                client.sendall(bytes([byte]))

        until_done(tls.do_handshake)
        tls.write(request(b"abc"))
        assert until_done(lambda: tls.read(65536)).endswith(b"https: 3")


def test_pipelined_requests_are_answered_in_order(service, connect):
    client = connect(service())
    client.sendall(
        b"".join(request(b"q" * number) for number in range(1, 20)) + request(b"end", b"connection: close\r\n")
    )
    received = read_all(client)
    assert received.count(b"HTTP/1.1 200") == 20
    assert [received.index(b"https: %d" % number) for number in range(10, 20)] == sorted(
        received.index(b"https: %d" % number) for number in range(10, 20)
    )
    assert received.endswith(b"https: 3")


@pytest.mark.parametrize("word", ["large 6000000", "stream 120"])
def test_a_slow_reader_gets_all_of_a_large_answer(service, connect, word):
    """It takes twice the idle time, and reads a little all the time."""
    started = service(idle_s=1)
    client = connect(started, receive_buffer=64 * 1024)
    client.sendall(request(word.encode(), b"connection: close\r\n"))
    received, began = 0, time.monotonic()
    while piece := client.recv(64 * 1024):
        received += len(piece)
        time.sleep(0.006)  # what makes it slow: a record at a time
    assert received > 6_000_000
    assert time.monotonic() - began > 2


@pytest.mark.parametrize("word", ["large 20000000", "stream 400"])
@pytest.mark.parametrize("more", [b"", b"connection: close\r\n"])
def test_a_client_that_never_reads_is_cut_off(service, connect, word, more):
    started = service(idle_s=0.5)
    client = connect(started, receive_buffer=4096)
    client.sendall(request(word.encode(), more))
    wait_until(lambda: not started.connections, 10, "the end of the connection")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        read_all(client)


def test_an_idle_client_is_told_and_left_at_once(service, connect):
    started = service(idle_s=0.3)
    client = connect(started)
    client.sendall(request(b"abc"))
    assert read_answer(client) == b"https: 3"
    wait_until(lambda: not started.connections, 5, "the end of the connection")  # the client has said nothing
    assert client.recv(10) == b""


def test_a_client_that_says_goodbye_has_left(service, connect):
    started = service()
    client = connect(started)
    client.sendall(request(b"abc"))
    assert read_answer(client) == b"https: 3"
    client.unwrap()  # waits for the server's own goodbye
    wait_until(lambda: not started.connections, 5, "the end of the connection")


def test_a_client_that_vanishes_without_a_goodbye_has_left(service, connect):
    started = service()
    client = connect(started)
    wait_until(lambda: started.connections, 5)
    client.shutdown(socket.SHUT_RDWR)
    wait_until(lambda: not started.connections, 5, "the end of the connection")


def test_a_refused_body_is_answered_before_the_connection_ends(service, connect):
    client = connect(service(SCOREDOCK_MAX_BODY_MB="1"))
    client.sendall(b"POST /score HTTP/1.1\r\ncontent-length: zero\r\n\r\n")
    assert read_all(client).startswith(b"HTTP/1.1 400")
    client = connect(service(SCOREDOCK_MAX_BODY_MB="1"))
    client.sendall(request(b"a" * 1_100_000))
    assert b"HTTP/1.1 413" in client.recv(65536)


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x00\x05hello", b"\x00" * 100, b"\xff" * 70_000, b"SSH-2.0-x\r\n"])
def test_garbage_is_hung_up_on_without_a_word_in_the_log(service, caplog, garbage):
    started = service()
    caplog.clear()
    try:
        found = raw(started, garbage)
    except ConnectionError:
        found = b""
    assert b"HTTP" not in found
    wait_until(lambda: not started.connections, 5, "the end of the connection")
    assert [one.message for one in caplog.records if one.name != "scoredock.request" and one.levelname != "DEBUG"] == []


def test_plain_http_is_told_to_use_https(service):
    answer = raw(service(), b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"This port speaks HTTPS alone" in answer


def test_garbage_after_the_handshake_ends_the_connection(service, connect, caplog):
    started = service()
    client = connect(started)
    client.sendall(request(b"abc"))
    assert read_answer(client) == b"https: 3"
    caplog.clear()
    with socket.socket(fileno=client.detach()) as plain:
        plain.sendall(b"\x17\x03\x03\x00\x20" + b"n" * 32)
        wait_until(lambda: not started.connections, 5, "the end of the connection")
    assert [one.message for one in caplog.records if one.name != "scoredock.request" and one.levelname != "DEBUG"] == []


def test_handshakes_that_stall_are_ended_and_disturb_nobody(service, certificate):
    started = service(SCOREDOCK_HEADER_TIMEOUT_S="1")
    context = ssl.create_default_context(cafile=str(certificate.chain))
    stalled = [socket.create_connection(("127.0.0.1", started.port)) for _ in range(300)]
    try:
        for one in stalled[::2]:
            one.sendall(b"\x16\x03\x01\x02\x00\x01")  # the beginning of a client's hello
        with httpx.Client(base_url=f"https://127.0.0.1:{started.port}", verify=context) as client:
            assert client.post("/score", content="a").status_code == 200
        wait_until(lambda: not started.connections, 10, "the end of the stalled handshakes")
    finally:
        for one in stalled:
            one.close()


def test_handshakes_are_bounded_and_the_oldest_is_ended_first(service, connect):
    """Connections and handshakes together are as many as the setting says."""
    started = service(SCOREDOCK_MAX_CONNECTIONS="50")
    others = [connect(started) for _ in range(10)]
    wait_until(lambda: started.service.gateway.intake.connections == len(others), 5)
    stalled = [socket.create_connection(("127.0.0.1", started.port)) for _ in range(40)]
    try:
        wait_until(lambda: len(started.connections) == 50, 5)
        client = connect(started)
        client.sendall(request(b"abc"))
        assert read_answer(client) == b"https: 3"
        stalled[0].settimeout(5)
        assert _ended(stalled[0])
        stalled[1].setblocking(False)
        with pytest.raises(BlockingIOError):
            stalled[1].recv(1)
        assert len(started.connections) == 50
    finally:
        for one in stalled:
            one.close()


def test_probes_get_in_when_connections_and_handshakes_have_used_all_up(service, connect):
    started = service(SCOREDOCK_MAX_CONNECTIONS="5")
    held = [connect(started) for _ in range(5)]
    wait_until(lambda: started.service.gateway.intake.connections == len(held), 5)
    stalled = [socket.create_connection(("127.0.0.1", started.port)) for _ in range(100)]
    try:
        wait_until(lambda: _ended(stalled[60]), 5)
        probe = connect(started)
        probe.sendall(b"GET /livez HTTP/1.1\r\nhost: a\r\n\r\n")
        assert read_all(probe).startswith(b"HTTP/1.1 200 ")
        assert len(started.connections) < 5 + 2 * 32 + 1
    finally:
        for one in stalled:
            one.close()


def test_a_fault_of_the_server_is_told_and_not_taken_for_the_clients(service, connect, caplog, monkeypatch):
    started = service()

    def fail(self, data):
        raise ValueError("a fault")

    client = connect(started)
    wait_until(lambda: any(isinstance(one, Connection) for one in started.connections))
    monkeypatch.setattr(Connection, "data_received", fail)
    client.sendall(b"x")
    wait_until(lambda: any(one.levelname == "ERROR" for one in caplog.records) and "a fault" in caplog.text)


def _ended(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionError:
        return True


def test_a_server_that_ends_waits_for_a_handshake_and_its_request(service, certificate):
    """Those that have connected, but not finished the handshake, are answered; those that stall are left."""
    started = service()
    context = ssl.create_default_context(cafile=str(certificate.chain))
    plain = socket.create_connection(("127.0.0.1", started.port), 10)
    stalled = socket.create_connection(("127.0.0.1", started.port), 10)
    wait_until(lambda: len(started.connections) == 2, 5)
    started.tell_connections_to_end()
    with context.wrap_socket(plain, server_hostname="127.0.0.1") as client:
        client.sendall(request(b"abc"))
        answer = read_all(client)
    assert b"https: 3" in answer
    assert b"connection: close" in answer
    assert _ended(stalled)
    stalled.close()
    wait_until(lambda: not started.connections, 5)


def test_a_client_with_no_certificate_gets_health_alone(in_process, tmp_path, certificate):
    authority, stranger = issue(tmp_path, "authority", authority=True), issue(tmp_path, "stranger")
    friend = issue(tmp_path, "friend", authority)
    started = in_process(SCRIPT, **certificate.variables, SCOREDOCK_TLS_CLIENT_CA=str(authority.chain))

    def client(shown=None):
        context = ssl.create_default_context(cafile=str(certificate.chain))
        if shown is not None:
            context.load_cert_chain(*shown.pair)
        return httpx.Client(base_url=f"https://127.0.0.1:{started.port}", verify=context)

    url = f"https://127.0.0.1:{started.port}"
    with client() as anonymous, client(friend) as known, client(stranger) as unknown:
        assert [anonymous.get(f"{url}/{path}").status_code for path in ("", "livez", "readyz", "/livez")] == [200] * 4
        for path in ("score", "swagger.json", "nowhere", "/score", "metrics", "%73core", "score?a=/livez"):
            refused = anonymous.post(f"{url}/{path}", content="a")
            assert refused.status_code == 403
            assert "A client certificate is needed" in refused.json()["message"]
        assert known.post("/score", content="abc").text == "https: 3"
        assert known.get("/swagger.json").status_code == 200
        with pytest.raises(httpx.TransportError):
            unknown.get("/livez")


def test_whose_certificate_it_is_stands_in_the_log_and_the_metrics(in_process, tmp_path, certificate, caplog):
    caplog.set_level(logging.INFO)
    authority = issue(tmp_path, "authority", authority=True)
    friend = issue(tmp_path, "a friend", authority)
    key = "0123456789abcdef"
    started = in_process(
        SCRIPT,
        **certificate.variables,
        SCOREDOCK_TLS_CLIENT_CA=str(authority.chain),
        SCOREDOCK_PRIMARY_KEY=key,
    )
    context = ssl.create_default_context(cafile=str(certificate.chain))
    context.load_cert_chain(*friend.pair)
    with httpx.Client(base_url=f"https://127.0.0.1:{started.port}", verify=context) as client:
        client.headers["authorization"] = f"Bearer {key}"
        assert client.post("/score", content="abc").status_code == 200
        wait_until(lambda: " client=127.0.0.1 key=primary certificate=a\\x20friend" in caplog.text)
        assert 'scoredock_admitted_requests_total{by="primary_key"} 2\n' in client.get("/metrics").text


def test_a_resumed_session_lets_nobody_in_whose_certificate_has_expired(in_process, tmp_path, certificate):
    authority = issue(tmp_path, "authority", authority=True)
    expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
    friend = issue(tmp_path, "friend", authority, end=expires)
    started = in_process(SCRIPT, **certificate.variables, SCOREDOCK_TLS_CLIENT_CA=str(authority.chain))
    context = ssl.create_default_context(cafile=str(certificate.chain))
    context.load_cert_chain(*friend.pair)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # where the session is known as soon as the handshake is done

    def status(session=None):
        with (
            socket.create_connection(("127.0.0.1", started.port), 10) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as client,
        ):
            client.sendall(request(b"abc"))
            return client.recv(1000)[9:12], client.session, client.session_reused

    code, session, _ = status()
    assert code == b"200"
    assert status(session)[::2] == (b"200", True)
    wait_until(lambda: datetime.datetime.now(datetime.timezone.utc) > expires)
    assert status(session)[::2] == (b"403", True)


def test_a_long_body_of_a_client_without_a_certificate_is_refused_before_it_comes(in_process, tmp_path, certificate):
    authority = issue(tmp_path, "authority", authority=True)
    friend = issue(tmp_path, "friend", authority)
    started = in_process(SCRIPT, **certificate.variables, SCOREDOCK_TLS_CLIENT_CA=str(authority.chain))
    intake = started.service.gateway.intake
    context = ssl.create_default_context(cafile=str(certificate.chain))
    for shown, is_answered in ((None, True), (friend.pair, False)):
        if shown is not None:
            context.load_cert_chain(*shown)
        with (
            socket.create_connection(("127.0.0.1", started.port), 10) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as client,
        ):
            client.sendall(request(b"x" * 1_000_000)[:-1])
            if is_answered:
                assert client.recv(1000).startswith(b"HTTP/1.1 403 ")
                assert intake.held == 0
            else:
                wait_until(lambda: 999_999 < intake.held < 1_005_000)
                client.sendall(b"x")
                assert client.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_a_local_services_run_works_with_its_certificate(service):
    started = service()
    assert score("it", f"https://127.0.0.1:{started.port}/score", "abc") == "https: 3"
    with pytest.raises(ServiceFailed, match="Response Code: 400"):
        score("it", f"http://127.0.0.1:{started.port}/score", "abc")


def test_many_clients_at_once_get_their_own_answers(service, certificate):
    started = service()
    context = ssl.create_default_context(cafile=str(certificate.chain))

    def work(number: int) -> bool:
        with httpx.Client(base_url=f"https://127.0.0.1:{started.port}", verify=context, timeout=30) as client:
            return all(
                client.post("/score", content=b"a" * (number + more)).text == f"https: {number + more}"
                for more in range(5)
            )

    with ThreadPoolExecutor(8) as clients:
        assert all(clients.map(work, range(0, 160, 10)))
