"""Why a port cannot be listened on, and what to do."""

from __future__ import annotations

import errno
import socket

import pytest

from scoredock.errors import BootError
from scoredock.server import listening
from scoredock.server.listening import listen, separate_socket
from servers import free_port


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(listening, "AGAIN_S", 0.05)


def refusal(host: str, port: int, error: OSError | None = None) -> str:
    def fail() -> None:
        raise error or OSError

    with pytest.raises(BootError) as raised:
        separate_socket(host, port) if error is None else listen(host, port, fail)
    return str(raised.value)


def test_a_port_in_use():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refusal("127.0.0.1", port)
    assert said == (
        f"port {port} cannot be listened on at 127.0.0.1: Address already in use (errno 98). Stop what uses it, or "
        "choose another port."
    )


def test_an_address_of_another_machine():
    said = refusal("192.0.2.7", free_port())
    assert "Cannot assign requested address (errno 99)" in said
    assert "This machine has no such address" in said
    assert "Stop what uses it" not in said


def test_an_unknown_host_name():
    said = refusal("no-such-host.invalid", 5001)
    assert "the host name 'no-such-host.invalid' is not known" in said
    assert "--host" in said


def test_a_port_that_the_user_may_not_use(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1001)
    said = refusal("0.0.0.0", 80, PermissionError(errno.EACCES, "Permission denied"))
    assert said.startswith("port 80 cannot be listened on at 0.0.0.0: Permission denied (errno 13). User 1001 may not")
    assert "NET_BIND_SERVICE" in said


def test_anything_else_is_told_as_it_is():
    said = refusal("::", 5001, OSError(errno.EMFILE, "Too many open files"))
    assert said == "port 5001 cannot be listened on at [::]: Too many open files (errno 24)."


def test_a_port_that_is_about_to_be_free_is_waited_for():
    tries = []

    def make() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise OSError(errno.EADDRINUSE, "Address already in use")
        return "socket"

    assert listen("127.0.0.1", 5001, make) == "socket"


def test_other_faults_are_not_tried_again():
    tries = []

    def make() -> None:
        tries.append(1)
        raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")

    with pytest.raises(BootError):
        listen("192.0.2.7", 5001, make)
    assert len(tries) == 1


def test_no_port_is_no_socket():
    assert separate_socket("127.0.0.1", None) is None
