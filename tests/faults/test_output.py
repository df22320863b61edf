"""Standard output and the folder for temporary files, when they cannot take any more."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from load import Load

from servers import Server, free_port, wait_until

SCRIPT = """
    import os, pathlib, tempfile

    def init():
        pass

    def run(data):
        if data == "print":
            print("p" * 200)
        if data == "file":
            with tempfile.NamedTemporaryFile() as file:
                file.write(b"x" * (8 << 20))
                file.flush()
        return os.getpid()
"""


@pytest.fixture
def serve_into(write_script, tmp_path):
    """Start a server with a given standard output and standard error."""
    started = []

    def start(output, *arguments, **environment):
        port, health_port = free_port(), free_port()
        command = [sys.executable, "-m", "scoredock", "serve", "--host", "127.0.0.1", "--port", str(port)]
        command += ["--entry_script", str(write_script(SCRIPT)), *arguments]
        error_file = tmp_path / "stderr.log"
        with error_file.open("wb") as errors:
            process = subprocess.Popen(
                command, stdout=output, stderr=errors, cwd=tmp_path, env={**os.environ, **environment}
            )
        server = Server(process, f"http://127.0.0.1:{port}", error_file, port, health_port)
        started.append(server)
        return server.wait_until_ready()

    yield start
    for server in started:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


@pytest.mark.parametrize("body", [b"x", b"print"])
def test_a_pipe_that_nobody_reads_does_not_stop_the_server(serve_into, body):
    read, write = os.pipe()
    server = serve_into(write, "--worker_count", "2")
    os.close(write)
    with Load(server.port, 4, body=body) as load:
        wait_until(lambda: len(load.succeeded) > 3000, 60, "more answers than a pipe has room for lines")
    assert load.tally().keys() == {200}
    assert max(one.duration_s for one in load.outcomes) < 5
    assert server.get("/livez", timeout=2).status_code == 200

    os.set_blocking(read, False)
    text = b""

    def told() -> bool:
        nonlocal text
        server.post(content=body)
        with contextlib.suppress(BlockingIOError):
            text += os.read(read, 1 << 20)
        return b"lines are missing here" in text

    wait_until(told, what="the number of lines that are missing")
    assert all(line.count(b" I [") <= 1 for line in text.splitlines())  # lines are whole or not there
    assert server.end() == 0
    assert server.output == ""
    os.close(read)


def test_a_reader_that_is_gone_does_not_stop_the_server(serve_into):
    read, write = os.pipe()
    server = serve_into(write)
    os.close(write)
    os.close(read)
    with Load(server.port, 2, body=b"print") as load:
        wait_until(lambda: len(load.succeeded) > 300, what="answers")
    assert load.tally().keys() == {200}
    server.process.send_signal(signal.SIGHUP)  # a successor starts without anybody to read its lines
    assert server.post(content=b"x").status_code == 200
    assert server.end() == 0
    assert len(server.output) < 2000, server.output


def test_a_full_disk_under_the_log_does_not_stop_the_server(serve_into):
    with Path("/dev/full").open("wb") as full:
        server = serve_into(full)
    with Load(server.port, 2, body=b"print") as load:
        wait_until(lambda: len(load.succeeded) > 300, what="answers")
    assert load.tally().keys() == {200}
    assert server.end() == 0
    assert len(server.output) < 2000, server.output


@pytest.fixture
def small_disk(tmp_path):
    """A folder with room for 4 MB and very few files."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m,nr_inodes=8", "scoredock", str(folder)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_temporary_folder_costs_the_requests_that_need_it(serve, small_disk):
    server = serve(SCRIPT, TMPDIR=str(small_disk))
    before = server.post(content="x").json()
    assert server.post(content="file").status_code == 500
    assert "No space left on device" in server.output
    full = []
    with pytest.raises(OSError, match="No space left"):
        for number in range(20):
            full.append(small_disk / str(number))
            full[-1].touch()
    with Load(server.port, 2) as load:
        wait_until(lambda: len(load.succeeded) > 100, what="answers")
        server.process.send_signal(signal.SIGHUP)  # a successor needs a file
        wait_until(lambda: "A worker cannot be started" in server.output, what="the supervisor's trouble")
        assert server.process.poll() is None
        for path in full:
            path.unlink(missing_ok=True)
        wait_until(lambda: server.output.count("is ready") == 2, what="the successor")
    assert load.tally().keys() == {200}
    wait_until(lambda: server.post(content="x").json() != before, what="the old one's end")
    assert server.post(content="file").status_code == 500
    assert server.end() == 0
