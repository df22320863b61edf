"""Start-up and memory on the echo script are no worse than the reference's, in one run."""

from __future__ import annotations

import json
import statistics
import time
import urllib.request
from pathlib import Path

import pytest

from servers import free_port

from .servers import Running, commands, start

ECHO = "def init(): pass\ndef run(data): return data\n"
ROUNDS = 3


def pss_kib(server: Running) -> int:
    """The proportional set size of a server's processes, in KiB."""
    pids = [server.process.pid]
    children = Path(f"/proc/{pids[0]}/task/{pids[0]}/children").read_text().split()
    total = 0
    for pid in [*pids, *map(int, children)]:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total


def measure(command: Path, folder: Path) -> tuple[float, int]:
    """Seconds from start to the first 200 on /, and KiB after the first scored request."""
    folder.mkdir(parents=True)
    (folder / "score.py").write_text(ECHO)
    port = free_port()
    started = time.perf_counter()
    server = start(command, folder, ["--entry_script", "score.py", "--port", str(port)], {}, port)
    try:
        server.wait_until_ready()
        elapsed_s = time.perf_counter() - started
        headers = {"Content-Type": "text/plain"}
        request = urllib.request.Request(f"http://127.0.0.1:{port}/score", b"x", headers)
        with urllib.request.urlopen(request) as answer:
            assert json.loads(answer.read()) == "x"
        return elapsed_s, pss_kib(server)
    finally:
        server.end()


@pytest.fixture(scope="module")
def medians(tmp_path_factory) -> dict[str, tuple[float, float]]:
    """Median seconds and KiB of each server, measured in turn."""
    folder = tmp_path_factory.mktemp("start")
    rounds = {
        name: [measure(command, folder / f"{name}-{number}" / "app") for number in range(ROUNDS)]
        for name, command in commands().items()
    }
    return {
        name: (statistics.median(one[0] for one in each), statistics.median(one[1] for one in each))
        for name, each in rounds.items()
    }


def test_the_first_answer_comes_no_later(medians):
    assert medians["scoredock"][0] <= medians["reference"][0]


def test_no_more_memory_is_taken(medians):
    assert medians["scoredock"][1] <= medians["reference"][1]
