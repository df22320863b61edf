"""How many machine instructions a request costs, counted by valgrind: a figure that no machine's speed changes.

``instructions.py`` prints the figures. A request goes the whole way but the socket: bytes into a connection, the
gateway, the scoring thread, run(), and bytes out again. What it costs is told in units of a small piece of plain
Python (see ``UNIT``), which is counted the same way, so that another build of Python changes little.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FEW, MANY = 100, 300  # repetitions in the two runs that are compared: what comes before and after cancels out
UNIT = """
def part(number):
    return {"number": number, "text": str(number), "list": [number, number + 1]}

for number in range(COUNT):
    part(number)["list"].append(number)
"""
SCRIPTS = {
    "echo": ("def init(): pass\ndef run(data): return data\n", '{"name": "echo", "values": [1, 2.5, 3]}'),
    "array": (
        "import numpy as np\n"
        "from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType\n"
        "from inference_schema.schema_decorators import input_schema\n"
        "def init(): pass\n"
        "@input_schema('data', NumpyParameterType(np.zeros((1, 10))))\n"
        "def run(data): return data.sum(axis=1).tolist()\n",
        '{"data": [[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]]}',
    ),
}


def units(name: str) -> float:
    """What a request to the script of that name costs, in units. Raises RuntimeError when valgrind fails."""
    return _difference(__file__, name) / _unit()


@functools.cache
def _unit() -> float:
    return _difference("-c", UNIT.replace("COUNT", "int(__import__('sys').argv[1])"))


def _difference(*arguments: str) -> float:
    """Instructions that one more repetition costs."""
    with ThreadPoolExecutor() as pool:  # at once: what is counted does not depend on what else runs
        few, many = pool.map(lambda count: _count([*arguments, str(count)]), (FEW, MANY))
    return (many - few) / (MANY - FEW)


def _count(arguments: list[str]) -> int:
    environment = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"}
    environment |= {"PYTHONPATH": str(Path(__file__).parents[2] / "runtime")}
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", f"--cachegrind-out-file={folder}/out"]
        command += [sys.executable, *arguments]
        environment["HOME"] = folder
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder)
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    if done.returncode or found is None:
        raise RuntimeError(f"valgrind: exit code {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")
    return int(found[1].replace(",", ""))


def _send(name: str, count: int) -> None:
    """Send so many requests, one after another. What valgrind counts."""
    import asyncio
    import gc
    import logging

    import uvloop
    from uvicorn.server import ServerState

    from scoredock.accelerators.choice import CPU
    from scoredock.observe import logs
    from scoredock.observe.metrics.metrics import Metrics
    from scoredock.server.service import Service
    from scoredock.server.status import WorkerStatus
    from scoredock.settings import resolve
    from scoredock.web.connection import Connection

    script, body = SCRIPTS[name]
    path = Path.cwd() / f"{name}.py"
    path.write_text(script)
    head = ["POST /score HTTP/1.1", "Host: 127.0.0.1:5001", "Content-Type: application/json"]
    request = "\r\n".join([*head, f"Content-Length: {len(body)}", "", body]).encode()
    sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - for as long as the process lives
    logs.configure("INFO", [])
    logging.getLogger("asyncio").setLevel(logging.ERROR)

    class Sink(asyncio.Transport):
        """The other end of a connection."""

        def write(self, data: bytes) -> None:
            assert data.startswith(b"HTTP/1.1 200 OK"), data
            self.answered.set_result(None)

        def get_extra_info(self, name: str, default: object = None) -> object:
            return default

    async def main() -> None:
        settings, _ = resolve({"entry_script": str(path)}, {}, Path.cwd())
        metrics = Metrics(1, {})
        service = Service(settings, WorkerStatus(), CPU, None, metrics, metrics.worker())
        await service.start()
        gc.disable()
        sink = Sink()
        connection = Connection(service.gateway, ServerState(), idle_s=3600)
        connection.connection_made(sink)
        for _ in range(count):
            sink.answered = asyncio.get_running_loop().create_future()
            connection.data_received(request)
            await sink.answered
        service.stop()
        metrics.close()

    uvloop.run(main())


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _send(sys.argv[1], int(sys.argv[2]))
    else:
        for name in SCRIPTS:
            print(f"{name}: {units(name):.1f}")
