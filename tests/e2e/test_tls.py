"""TLS of real servers: protocols, reload, drain, health, failed starts."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

import httpx
import pytest
from cryptography import x509

from certificates import DAY, NOW, issue
from clients import Clients
from servers import wait_until

ECHO = """
    import os, time

    def init():
        time.sleep(float(os.environ.get("INIT_S", "0")))

    def run(data):
        if data == "pid":
            return os.getpid()
        if data.startswith("sleep"):
            time.sleep(float(data.split()[1]))
        return data
"""


@pytest.fixture
def certificate(tmp_path):
    return issue(tmp_path)


@pytest.fixture
def serve_tls(serve, certificate):
    """Start a server with TLS and wait until it is ready."""

    def start(*arguments, wait=True, **variables):
        server = serve(ECHO, *arguments, wait=False, **{**certificate.variables, **variables})
        server.url = server.url.replace("http:", "https:")
        if wait:
            wait_until(lambda: "is ready after" in server.output or server.process.poll() is not None, 60)
            assert server.process.poll() is None, server.output
        return server

    return start


@pytest.fixture
def trust(certificate):
    return ssl.create_default_context(cafile=str(certificate.chain))


def ask_openssl(server, *options: str) -> str:
    """What ``openssl s_client`` says of a handshake."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", *options]
    done = subprocess.run(command, capture_output=True, text=True, input="", timeout=20, check=False)
    return done.stdout + done.stderr


def serial_of(server) -> int:
    """The serial number of the certificate that a new connection is shown."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", server.port), 10) as plain, context.wrap_socket(plain) as client:
        return x509.load_der_x509_certificate(client.getpeercert(True)).serial_number


def health(server, **variables: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "scoredock", "health", "--port", str(server.port)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **variables}, check=False)
    return done.returncode, done.stdout.strip()


def test_todays_clients_are_served_and_yesterdays_are_not(serve_tls, certificate, trust):
    server = serve_tls()
    assert server.post(content="x", verify=trust).json() == "x"
    assert f"serial {certificate.serial:x}" in server.output.replace("serial 0", "serial ")
    assert f"score      https://127.0.0.1:{server.port}/score" in server.output
    modern = ask_openssl(server, "-tls1_3", "-alpn", "h2,http/1.1")
    assert "TLSv1.3" in modern
    assert "ALPN protocol: http/1.1" in modern
    assert "Cipher is ECDHE-ECDSA-" in ask_openssl(server, "-tls1_2")
    everything = "ALL:@SECLEVEL=0"
    assert "Cipher is (NONE)" in ask_openssl(server, "-tls1_1", "-cipher", everything)
    assert "Cipher is (NONE)" in ask_openssl(server, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0")
    assert "Traceback" not in server.output


def test_a_client_may_not_renegotiate(serve_tls):
    server = serve_tls()
    command = ["openssl", "s_client", "-tls1_2", "-connect", f"127.0.0.1:{server.port}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as client:
        said, _ = client.communicate(b"R\n", timeout=20)
    assert b"RENEGOTIATING" in said
    assert b"no renegotiation" in said or b"alert number 100" in said
    assert "Traceback" not in server.output


def test_while_no_worker_is_ready_the_port_answers_over_tls(serve_tls, certificate, trust):
    server = serve_tls(wait=False, INIT_S="60")
    wait_until(lambda: "health     https" in server.output, 30)
    stalled = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(100)]
    try:
        for one in stalled[::2]:
            one.sendall(b"GET / HTTP/1.1\r\n\r\n")
        answer = server.get("/readyz", verify=trust)
        assert answer.status_code == 503
        assert "init for" in answer.json()["message"] or "starting for" in answer.json()["message"]
        assert server.get("/livez", verify=trust).status_code == 200
        assert health(server, **certificate.variables)[1].startswith("Not ready:")
    finally:
        for one in stalled:
            one.close()


def test_the_health_command_and_the_health_port(serve_tls, certificate):
    server = serve_tls(SEPERATE_HEALTH_ENDPOINT="true")
    assert health(server, **certificate.variables) == (0, "ready")
    assert health(
        server, **certificate.variables, HEALTH_PORT=str(server.health_port), SEPERATE_HEALTH_ENDPOINT="1"
    ) == (
        0,
        "ready",
    )
    assert httpx.get(f"http://127.0.0.1:{server.health_port}/readyz").status_code == 200
    code, said = health(server)  # it does not know of TLS
    assert code == 1
    assert "answered 400, but not as scoredock does. Does it speak HTTPS? Set SCOREDOCK_TLS_CERTIFICATE" in said


def test_sighup_exchanges_the_certificate_under_load(serve_tls, tmp_path, certificate):
    fresh = issue(tmp_path, "fresh")
    both = tmp_path / "both.pem"
    both.write_text(certificate.chain.read_text() + fresh.chain.read_text())
    server = serve_tls("--worker_count", "2")
    wait_until(lambda: server.output.count("is ready after") == 2)
    assert serial_of(server) == certificate.serial
    clients = Clients(server, ssl.create_default_context(cafile=str(both)), [{"content": "x"}], "x")
    try:
        wait_until(lambda: clients.answered > 50)
        fresh.chain.replace(certificate.chain)
        fresh.key_file.replace(certificate.key_file)
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: server.output.count("is ready after") == 4, 40)
        wait_until(lambda: all(serial_of(server) == fresh.serial for _ in range(10)), 40)
        before = clients.answered
        wait_until(lambda: clients.answered > before + 50)
    finally:
        clients.end()
    assert clients.wrong == []


def test_wrong_files_at_sighup_change_nothing_and_workers_can_still_be_replaced(serve_tls, certificate, trust):
    server = serve_tls()
    before = server.post(content="pid", verify=trust).json()
    certificate.chain.write_text("nonsense")
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "SIGHUP: SCOREDOCK_TLS_CERTIFICATE" in server.output)
    assert "is not PEM" in server.output
    assert "The workers and their certificate stay as they are." in server.output
    assert server.post(content="pid", verify=trust).json() == before
    certificate.chain.unlink()
    certificate.key_file.unlink()
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: server.output.count("is ready after") == 2, 30)
    assert server.post(content="pid", verify=trust).json() != before
    assert serial_of(server) == certificate.serial


def test_sigterm_loses_no_request_that_was_sent(serve_tls, trust):
    server = serve_tls()
    stalled = socket.create_connection(("127.0.0.1", server.port), 10)
    idle = trust.wrap_socket(socket.create_connection(("127.0.0.1", server.port), 10), server_hostname="127.0.0.1")
    answers: list[int] = []

    def score() -> None:
        answers.append(server.post(content="sleep 0.1", verify=trust).status_code)

    threads = [threading.Thread(target=score) for _ in range(10)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(answers) >= 1)  # the others have sent, and wait
    began = time.monotonic()
    assert server.end() == 0
    assert time.monotonic() - began < 10  # neither the idle one nor the one without a handshake is waited for
    for thread in threads:
        thread.join()
    assert answers == [200] * 10
    assert idle.recv(1) == b""  # it was told
    idle.close()
    stalled.close()


def test_hundreds_of_stalled_handshakes_leave_others_undisturbed(serve_tls, trust):
    server = serve_tls(SCOREDOCK_HEADER_TIMEOUT_S="2")
    stalled = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(400)]
    try:
        for number, one in enumerate(stalled):
            one.sendall(b"\x16\x03\x01\x02\x00\x01"[: number % 7])
        with httpx.Client(verify=trust) as client:
            assert [client.post(f"{server.url}/score", content="x").status_code for _ in range(50)] == [200] * 50
        stalled[0].settimeout(10)
        with contextlib.suppress(ConnectionError):
            assert stalled[0].recv(1) == b""
    finally:
        for one in stalled:
            one.close()
    assert "Traceback" not in server.output


def test_a_certificate_that_cannot_be_used_ends_the_start(serve, tmp_path, certificate):
    expired = issue(tmp_path, "expired", end=NOW - DAY / 2)
    for variables, said in (
        ({"SCOREDOCK_TLS_CERTIFICATE": str(certificate.chain)}, "but SCOREDOCK_TLS_KEY is not. Set both"),
        ({**certificate.variables, "SCOREDOCK_TLS_KEY": "gone.pem"}, "gone.pem cannot be read: No such file"),
        (expired.variables, "has expired on"),
    ):
        server = serve(ECHO, wait=False, **variables)
        assert server.process.wait(30) == 3
        assert said in server.last_line
        assert "Traceback" not in server.output


def test_a_certificate_that_ends_soon_is_told_at_the_start(serve_tls, tmp_path):
    server = serve_tls(**issue(tmp_path, "short", end=NOW + 3 * DAY).variables)
    assert "expires in 2 days, on" in server.output
