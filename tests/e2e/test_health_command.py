"""``scoredock health``, the images' HEALTHCHECK: one line and an exit code."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading

import pytest

from servers import ECHO, free_port, wait_until

SLOW = "import time\n\ndef init():\n    time.sleep(60)\n\ndef run(data):\n    return data\n"


def health(*arguments: str, **environment: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "scoredock", "health", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)
    return done.returncode, done.stdout.strip()


def test_a_server_that_can_score_is_healthy(serve):
    server = serve(ECHO)
    assert health("--port", str(server.port)) == (0, "ready")
    assert health(SCOREDOCK_PORT=str(server.port), SCOREDOCK_HOST="0.0.0.0") == (0, "ready")


def test_one_that_still_loads_is_not_and_says_why(serve):
    server = serve(SLOW, wait=False)
    command = ("--port", str(server.port))
    wait_until(lambda: "Not ready: init for" in health(*command)[1], what="a server in phase init")
    assert health(*command)[0] == 1


def test_no_server_is_not_healthy():
    code, said = health("--port", str(free_port()))
    assert code == 1
    assert "no answer from 127.0.0.1:" in said
    assert "Connection refused" in said


def test_a_wrong_setting_is_named():
    code, said = health(SCOREDOCK_PORT="five")
    assert code == 3
    assert "SCOREDOCK_PORT (environment variable): expected a whole number" in said


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"not HTTP\r\n\r\n", b""])
def test_another_server_on_that_port_is_not_healthy(answer):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def respond():
            connection, _ = listener.accept()
            connection.recv(1000)
            connection.sendall(answer)
            connection.close()

        thread = threading.Thread(target=respond)
        thread.start()
        code, said = health("--port", str(listener.getsockname()[1]))
        thread.join()
    assert code == 1
    assert "not as scoredock does" in said or "no answer from" in said
