"""Mixed load on real servers for a long time: memory and descriptors stay flat, no fault of the server's is logged.

``make soak`` (ten minutes; MINUTES=60 for an hour). Prints a line every ten seconds and a table at the end; its exit
code is 1 where something grew or was logged.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from .malformed import CASES

ARRAY = """
import time
import numpy as np
from inference_schema.schema_decorators import input_schema
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
def init(): pass
@input_schema('data', NumpyParameterType(np.zeros((1, 2))))
def run(data):
    if (data[:, 0] == 13).any():
        raise ValueError("thirteen")
    time.sleep(0.002)
    return data.sum(axis=1)
"""
RAW = """
import time
from azureml.contrib.services.aml_request import rawhttp
from azureml.contrib.services.aml_response import AMLResponse
def init(): pass
@rawhttp
def run(request):
    if request.args.get("stream"):
        return AMLResponse((b"x" * 1000 for _ in range(int(request.args["stream"]))), 200)
    return [len(file.read()) for file in request.files.values()] + [len(request.get_data())]
"""
CLIENTS = 3
SAMPLE_S = 2.0
MAX_GROWTH_MIB_A_MINUTE = 1.0  # of a whole server's memory, after the warm-up, as a line through it rises
MAX_GROWTH_MIB = 24.0  # in a run that is too short for that
MAX_MORE_DESCRIPTORS = 40  # more than after the warm-up: connections that are open at that moment
FAULTS = re.compile(
    r"Traceback|internal error|the server failed|Fatal error|never retrieved|worker \d+ died", re.IGNORECASE
)


@dataclass
class Tree:
    """A server with two workers, and what was measured of its processes: (seconds, MiB, descriptors)."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    log: Path
    samples: list[tuple[float, float, int]] = field(default_factory=list)

    def measure(self, at: float) -> None:
        """Take a sample of the proportional memory and the descriptors of all processes."""
        with contextlib.suppress(psutil.NoSuchProcess):
            root = psutil.Process(self.process.pid)
            processes = [root, *root.children(recursive=True)]
            memory = sum(process.memory_full_info().pss for process in processes) / (1 << 20)
            self.samples.append((at, memory, sum(process.num_fds() for process in processes)))

    def settled(self) -> list[tuple[float, float, int]]:
        """The samples after the first third, which warms up."""
        return self.samples[len(self.samples) // 3 :]

    def growth(self) -> float:
        """MiB a minute: the slope of the line through the settled samples, by least squares."""
        points = self.settled()
        mean_x = sum(x for x, _, _ in points) / len(points)
        mean_y = sum(y for _, y, _ in points) / len(points)
        spread = sum((x - mean_x) ** 2 for x, _, _ in points)
        return 60 * sum((x - mean_x) * (y - mean_y) for x, y, _ in points) / spread

    def faults(self) -> list[str]:
        """Lines of the log that tell of a fault of the server's own; a script's error is expected to be there."""
        text = re.sub(r"run\(\) raised:\nTraceback.*?ValueError: thirteen", "", self.log.read_text(), flags=re.DOTALL)
        return [line for line in text.splitlines() if FAULTS.search(line)]


def start(name: str, script: str, folder: Path, **environment: str) -> Tree:
    """A server that is ready."""
    (folder / name).mkdir()
    (folder / name / "score.py").write_text(script)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "scoredock", "serve", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--worker_count", "2", "--entry_script", str(folder / name / "score.py")]
    log = folder / name / "log"
    with log.open("wb") as output:
        variables = {**os.environ, "SCOREDOCK_MAX_BODY_MB": "1", "AZUREML_LOG_LEVEL": "WARNING", **environment}
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=variables, cwd=folder / name)
    tree, until = Tree(name, process, port, log), time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                return tree
        time.sleep(0.1)
    process.kill()
    raise RuntimeError(log.read_text())


def load(trees: list[Tree], over: threading.Event, counted: Counter[str], seed: int) -> None:
    """One client after another, of all kinds, until it is over."""
    chance = random.Random(seed)
    clients = {tree.name: httpx.Client(base_url=f"http://127.0.0.1:{tree.port}", timeout=30) for tree in trees}
    while not over.is_set():
        what = chance.choice(
            ["scored"] * 6 + ["refused", "failed", "malformed", "left", "streamed", "left a stream", "form"]
        )
        rows = [[1.0, 2.0]] * chance.choice([1, 1, 10, 1000])
        if what in ("scored", "refused", "failed"):
            body = {"data": {"scored": rows, "refused": [[1, "x"]], "failed": [[13, 0]]}[what]}
            status = clients["array"].post("/score", json=body).status_code
            what = what if status == {"scored": 200, "refused": 400, "failed": 500}[what] else f"{what}: {status}"
        elif what in ("malformed", "left"):
            data = chance.choice(CASES).data[:2000]
            with socket.create_connection(("127.0.0.1", chance.choice(trees).port), timeout=10) as client:
                client.sendall(data[: chance.randrange(len(data))] if what == "left" else data)
                with contextlib.suppress(OSError):
                    client.settimeout(0.05)
                    client.recv(1000)
        elif what == "streamed":
            what = (
                "streamed" if len(clients["raw"].get("/score?stream=50").content) == 50_000 else "streamed too little"
            )
        elif what == "left a stream":
            with clients["raw"].stream("GET", "/score?stream=5000") as answer:
                next(answer.iter_raw())
        else:
            files = {"a": os.urandom(chance.choice([10, 100_000])), "b": b"b"}
            what = "form" if clients["raw"].post("/score", files=files).status_code == 200 else "form refused"
        counted[what] += 1
    for one in clients.values():
        one.close()


def soak(seconds: float) -> list[str]:
    """What went wrong, for humans; nothing where all is well."""
    counted: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        trees = [start("array", ARRAY, Path(name), SCOREDOCK_MAX_BATCH_SIZE="8"), start("raw", RAW, Path(name))]
        over = threading.Event()
        threads = [threading.Thread(target=load, args=[trees, over, counted, seed]) for seed in range(CLIENTS)]
        started = told = time.monotonic()
        try:
            for thread in threads:
                thread.start()
            while (now := time.monotonic()) < started + seconds:
                for tree in trees:
                    tree.measure(now - started)
                if now - told >= 10:
                    told = now
                    state = "  ".join(
                        f"{tree.name} {tree.samples[-1][1]:.1f} MiB, {tree.samples[-1][2]} fds" for tree in trees
                    )
                    print(f"{now - started:6.0f} s  {sum(counted.values())} done  {state}", flush=True)
                time.sleep(SAMPLE_S)
        finally:
            over.set()
            for thread in threads:
                thread.join()
            for tree in trees:
                tree.process.terminate()
            codes = [tree.process.wait(60) for tree in trees]
        return _verdict(trees, counted, codes, seconds)


def _verdict(trees: list[Tree], counted: Counter[str], codes: list[int], seconds: float) -> list[str]:
    wrong = [
        f"{what}: {count} times" for what, count in counted.items() if ":" in what or "refused" == what[-7:] != what
    ]
    wrong += [f"{what}: {count} times" for what, count in counted.items() if what == "streamed too little"]
    print("\n".join(f"{what:16}{count:8}" for what, count in counted.most_common()))
    print(f"{'server':10}{'MiB first':>11}{'settled':>9}{'last':>9}{'MiB/min':>9}{'fds':>6}{'last':>6}")
    for tree, code in zip(trees, codes, strict=True):
        points, growth = tree.settled(), tree.growth()
        (_, first, _), (_, settled, descriptors), (_, last, last_descriptors) = tree.samples[0], points[0], points[-1]
        row = f"{tree.name:10}{first:11.1f}{settled:9.1f}{last:9.1f}{growth:9.2f}{descriptors:6}{last_descriptors:6}"
        print(row)
        if seconds >= 300 and growth > MAX_GROWTH_MIB_A_MINUTE:
            wrong.append(f"{tree.name}: memory grows by {growth:.2f} MiB a minute")
        if last - settled > MAX_GROWTH_MIB:
            wrong.append(f"{tree.name}: memory grew from {settled:.1f} to {last:.1f} MiB")
        if last_descriptors - descriptors > MAX_MORE_DESCRIPTORS:
            wrong.append(f"{tree.name}: from {descriptors} to {last_descriptors} descriptors")
        wrong += [f"{tree.name}: {line}" for line in tree.faults()[:5]]
        if code:
            wrong.append(f"{tree.name}: exit code {code}")
    return wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    wrong = soak(60 * parser.parse_args().minutes)
    sys.exit("\n".join(wrong) or 0)
