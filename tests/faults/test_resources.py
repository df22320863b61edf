"""File descriptors that are used up, and clocks that are set."""

from __future__ import annotations

import ast
import resource
import shutil
import signal
import socket
import struct
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from load import Load

import scoredock
from servers import wait_until

SCRIPT = """
    import os, time

    def init():
        pass

    def run(data):
        if data.startswith("sleep"):
            print(data)
            time.sleep(float(data.split()[1]))
        return [os.getpid(), time.time()]
"""


def cpu_s(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def test_a_worker_without_file_descriptors_scores_on_and_recovers(serve):
    server = serve(SCRIPT)
    (pid,) = [one.pid for one in psutil.Process(server.process.pid).children()]
    used = psutil.Process(pid).num_fds()
    with Load(server.port, 2) as load:
        wait_until(lambda: len(load.succeeded) > 50, what="answers")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 20, resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]))
        idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(100)]
        wait_until(lambda: psutil.Process(pid).num_fds() >= used + 19, what="use of every descriptor")
        since, written = time.monotonic(), len(server.output)
        answered = len(load.succeeded)
        wait_until(lambda: time.monotonic() > since + 2 and len(load.succeeded) > answered + 50, what="answers")
        other = [line for line in server.output[written:].splitlines() if "POST /score 200" not in line]
        assert len(other) < 20, other[:20]
        for one in idle:
            one.close()
        wait_until(server.is_ready, what="an answer over a new connection")
    assert load.tally().keys() == {200}


def test_waiting_for_a_descriptor_does_not_spin(serve):
    server = serve(SCRIPT)
    (pid,) = [one.pid for one in psutil.Process(server.process.pid).children()]
    used = psutil.Process(pid).num_fds()
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 5, resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]))
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(100)]
    wait_until(lambda: psutil.Process(pid).num_fds() >= used + 4, what="use of every descriptor")
    before, since = cpu_s(pid), time.monotonic()
    wait_until(lambda: time.monotonic() > since + 2, what="two seconds")
    assert cpu_s(pid) - before < 1.0
    for one in idle:
        one.close()
    wait_until(server.is_ready, what="an answer over a new connection")


def test_a_supervisor_without_file_descriptors_keeps_its_workers(serve):
    server = serve(SCRIPT, SEPERATE_HEALTH_ENDPOINT="true")
    supervisor = server.process.pid
    _, hard = resource.prlimit(supervisor, resource.RLIMIT_NOFILE)
    before = resource.prlimit(supervisor, resource.RLIMIT_NOFILE)
    used_up = {int(entry.name) for entry in Path(f"/proc/{supervisor}/fd").iterdir()}
    first_free = next(number for number in range(1000) if number not in used_up)
    resource.prlimit(supervisor, resource.RLIMIT_NOFILE, (first_free, hard))
    with Load(server.port, 2) as load:
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "A worker cannot be started" in server.output, what="the supervisor's trouble")
        waiting = socket.create_connection(("127.0.0.1", server.health_port))
        used, since = cpu_s(supervisor), time.monotonic()
        wait_until(lambda: time.monotonic() > since + 2, what="two seconds")
        assert cpu_s(supervisor) - used < 1.0
        resource.prlimit(supervisor, resource.RLIMIT_NOFILE, before)
        wait_until(lambda: server.output.count("is ready") == 2, what="the successor")
        waiting.close()
    assert load.tally().keys() == {200}
    assert server.output.count("A worker cannot be started") < 10


SET_CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    static volatile long *ahead_s;
    if (!real) {
        ahead_s = mmap(0, 8, PROT_READ, MAP_SHARED, open(getenv("CLOCK_FILE"), O_RDONLY | O_CLOEXEC), 0);
        real = dlsym(RTLD_NEXT, "clock_gettime");
    }
    int result = real(clock, now);
    if (clock == CLOCK_REALTIME)
        now->tv_sec += *ahead_s;
    return result;
}
"""


@pytest.fixture
def set_clock(tmp_path):
    """The environment of a server whose clock can be set, and a function that sets it ahead by so many seconds."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    source, library, clock = tmp_path / "clock.c", tmp_path / "clock.so", tmp_path / "clock"
    source.write_text(SET_CLOCK)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    clock.write_bytes(struct.pack("=q", 0))

    def ahead(seconds: int) -> None:
        with clock.open("r+b") as file:
            file.write(struct.pack("=q", seconds))

    return {"LD_PRELOAD": str(library), "CLOCK_FILE": str(clock)}, ahead


def test_a_clock_that_is_set_confuses_no_deadline_and_no_drain(serve, set_clock):
    environment, ahead = set_clock
    server = serve(SCRIPT, SCORING_TIMEOUT_MS="5000", WORKER_TIMEOUT="5", **environment)
    with Load(server.port, 2) as load, Load(server.port, 1, body=b"sleep 0.1"):
        wait_until(lambda: len(load.succeeded) > 10, what="answers")
        for hours in (2, -2, 0):
            ahead(hours * 3600)
            answered = len(load.succeeded)
            wait_until(lambda: len(load.succeeded) > answered + 5, what="answers")  # noqa: B023
            assert round((server.post(content="x").json()[1] - time.time()) / 3600) == hours
        slow = ThreadPoolExecutor(1).submit(server.post, content="sleep 2")
        wait_until(lambda: "sleep 2" in server.output, what="its scoring")
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "Stopping: " in server.output, what="the beginning of the end")
        ahead(2 * 3600)
        assert server.process.wait(20) == 0
        assert slow.result().status_code == 200
    assert set(load.tally()) <= {200, "refused"}
    assert "is killed" not in server.output
    assert "gave no sign of life" not in server.output
    assert "took longer" not in server.output


def test_nothing_that_serves_decides_by_a_clock_that_can_be_set():
    """time.time() tells a person when; only where a file's age or a log line's date is meant may it be asked."""
    root = Path(scoredock.__file__).parent
    asked = set()
    for folder in ("engine", "scoring", "server", "web", "observe"):
        for path in (root / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Attribute) and ast.unparse(node) in ("time.time", "datetime.now"):
                    asked.add(path.relative_to(root).as_posix())
    # The time of lines in the log, certificates' dates and what the page shows are about the time of day.
    dates = {"server/tls.py", "web/client_certificate.py"}
    assert asked <= {"observe/request_log.py", "observe/json_lines.py", "observe/metrics/live.py", *dates}
