"""The page of metrics is written by a child process: nobody waits for it but those who asked for it."""

from __future__ import annotations

import socket
import subprocess
import sys
import textwrap
import time

import httpx
import pytest

from scoredock.server.page_writer import PageWriter

# A listener polled by the only thread of a process, as the supervisor's is: a test's own has too many to be forked.
LISTENER = """
    import os, sys, time
    from scoredock.server import page_writer
    from scoredock.server.health import Health, HealthListener
    import socket

    def write():
        {write}

    health, metrics = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    page_writer.PATIENCE_S = {patience_s}
    listener = HealthListener(lambda: Health(True, "ready"), [], health, None, metrics, write)
    print(health.getsockname()[1], metrics.getsockname()[1], flush=True)
    while True:
        listener.poll(0.5)
"""


@pytest.fixture
def listen():
    """Start a listener whose page is written by ``write`` (code); returns the URLs of health and of the page."""
    started = []

    def start(write: str, patience_s: float = 10.0) -> tuple[str, str]:
        code = textwrap.dedent(LISTENER).format(write=write, patience_s=patience_s)
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        health, metrics = process.stdout.readline().split()
        return f"http://127.0.0.1:{health}/livez", f"http://127.0.0.1:{metrics}/metrics"

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_probes_do_not_wait_for_the_page(listen, background, tmp_path):
    go = tmp_path / "go"
    wait = f"[time.sleep(0.01) for _ in iter(lambda: os.path.exists({str(go)!r}), True)]"
    health, page = listen(f"{wait}; return b'x' * 5_000_000")
    asked = background(httpx.get, page, timeout=60)
    for _ in range(10):
        assert httpx.get(health, timeout=60).status_code == 200
    assert not asked.done()
    go.touch()
    assert asked.result().content == b"x" * 5_000_000


def test_it_is_written_once_for_all_who_ask_meanwhile(listen, background):
    _, page = listen("time.sleep(1); return str(os.getpid()).encode()")
    pages = [one.result().text for one in [background(httpx.get, page, timeout=60) for _ in range(5)]]
    assert len(set(pages)) == 1
    assert httpx.get(page, timeout=60).text != pages[0]


def test_one_that_cannot_be_written_is_a_500(listen):
    _, page = listen("raise OSError('the disk is gone')")
    assert httpx.get(page).status_code == 500
    assert httpx.get(page).status_code == 500


def test_one_that_hangs_is_given_up(listen):
    health, page = listen("time.sleep(600)", patience_s=1.0)
    for _ in range(2):
        started = time.monotonic()
        assert httpx.get(page, timeout=60).status_code == 500
        assert 0.9 < time.monotonic() - started < 15
    assert httpx.get(health).status_code == 200


def test_clients_that_leave_cost_nothing(listen):
    _, page = listen("time.sleep(1); return b'page'")
    port = int(page.split(":")[2].split("/")[0])
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
    assert httpx.get(page, timeout=60).content == b"page"
    head = httpx.head(page, timeout=60)
    assert (head.status_code, head.content) == (200, b"")


def test_no_process_for_it_is_told_and_leaves_nothing_open():
    def no_room() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    writer = PageWriter(bytes, no_room)
    with pytest.raises(BlockingIOError):
        writer.begin()
    assert not writer.writing
    writer.close()


def test_a_child_that_is_killed_has_written_no_page():
    writer = PageWriter(bytes, lambda: 1 << 22)  # no process has this id: the only writing end is closed at once
    writer.begin()
    with pytest.raises(RuntimeError, match="could not be written"):
        writer.read()
    assert not writer.writing
