"""Calling a service on this machine: what is sent, what comes back, what a refusal says."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import pytest

from scoredock.deploy.local.call import score
from scoredock.deploy.local.service_config import scheme_of
from scoredock.errors import ServiceFailed
from servers import free_port

SCRIPT = """
    def init():
        pass

    def run(data):
        return len(data) if data.startswith("text") else data
"""
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def url(in_process):
    service = in_process(SCRIPT, SCOREDOCK_PRIMARY_KEY=KEY)
    return f"http://127.0.0.1:{service.port}/score"


@pytest.mark.parametrize(("given", "answer"), [("text", 4), (b"text!", 5), ({"a": [1]}, '{"a": [1]}')])
def test_text_bytes_and_what_json_can_hold_are_scored(url, given, answer):
    assert score("prices", url, given, KEY) == answer


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (None, "prices answers only those who give a key or token in the variable SCOREDOCK_KEY"),
        ("another", "prices refuses the key or token of the variable SCOREDOCK_KEY"),
        ("with space", "The key has white space or characters that are not ASCII"),
    ],
)
def test_who_has_no_key_that_fits_is_told_where_it_belongs(url, key, said):
    with pytest.raises(ServiceFailed) as caught:
        score("prices", url, "text", key)
    assert said in str(caught.value)
    assert key is None or key not in str(caught.value)


def test_another_status_is_told_with_the_answer(url):
    with pytest.raises(
        ServiceFailed, match=r"(?s)Received bad response from service prices:.*404.*There is no /scores"
    ):
        score("prices", url + "s", "text", KEY)


def test_no_answer_is_a_connection_error():
    with pytest.raises(ConnectionError):
        score("prices", f"http://127.0.0.1:{free_port()}/score", "text")


def test_a_service_whose_environment_names_a_certificate_is_called_by_https():
    assert scheme_of({"environment_variables": {"SCOREDOCK_TLS_CERTIFICATE": "/app/server.pem"}}) == "https"
    assert scheme_of({"environment_variables": {"OTHER": "1"}}) == "http"
    assert scheme_of({}) == "http"


def test_a_service_that_does_not_answer_is_waited_for_no_longer_than_that():
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(ServiceFailed, match=r"it did not answer within 0\.2 s"),
    ):
        score("it", f"http://127.0.0.1:{silent.getsockname()[1]}/score", "{}", timeout_s=0.2)


def test_an_answer_that_comes_in_small_pieces_is_waited_for_no_longer_than_that():
    def drip(listener: socket.socket) -> None:
        client, _ = listener.accept()
        with client, contextlib.suppress(OSError):
            client.recv(65536)
            client.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 30\r\n\r\n")
            while not left.wait(0.1):
                client.sendall(b"1")

    left = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as slow:
        thread = threading.Thread(target=drip, args=[slow])
        thread.start()
        started = time.monotonic()
        try:
            with pytest.raises(ServiceFailed, match=r"it did not answer within 0\.5 s"):
                score("it", f"http://127.0.0.1:{slow.getsockname()[1]}/score", "{}", timeout_s=0.5)
            assert time.monotonic() - started < 5
        finally:
            left.set()
            thread.join()
