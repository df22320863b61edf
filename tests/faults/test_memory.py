"""What bodies become in memory stays within what the settings say, and health is answered meanwhile."""

from __future__ import annotations

import gzip
import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import numpy as np
import psutil
import pytest

MIB = 1024 * 1024
JSON = {"content-type": "application/json"}
HEALTH_S = 0.25
BODY_MB, QUEUE_MB, PARSED_MB, MORE_MB = 24, 32, 48, 64

HEAD = """
    import numpy as np
    from inference_schema.schema_decorators import input_schema
    from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
    from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType

    def init():
        pass

    @input_schema("data", {})
    def run(data):
        return len(data)
"""
ARRAY, LISTS = "NumpyParameterType(np.zeros((1, 4)))", "StandardPythonParameterType([1])"


def rows(size_mb: int, row: bytes = b"[0.1234567890123,1.5,3.14159265358979,-7.25e-3]") -> bytes:
    return b'{"data": [' + b",".join([row] * (size_mb * MIB // len(row))) + b"]}"


def npy(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


BODIES = {
    "rows": (rows(BODY_MB - 1), JSON),
    "rows, the last of them wrong": (rows(BODY_MB - 1)[:-3] + b',"x"]]}', JSON),
    "empty lists": (rows(BODY_MB - 1, b"[]"), JSON),
    "objects": (rows(BODY_MB - 1, b'{"a":{}}'), JSON),
    "as many lists as are taken": (rows(1, b"[]"), JSON),
    "compressed lists": (gzip.compress(rows(BODY_MB - 1, b"[]")), {**JSON, "content-encoding": "gzip"}),
    "compressed rows": (gzip.compress(rows(3)), {**JSON, "content-encoding": "gzip"}),
    "tensor": (npy(np.zeros((BODY_MB * MIB // 33, 4))), {"content-type": "application/x-npy"}),
    "bytes": (npy(np.zeros((MIB, 4), "i1")), {"content-type": "application/x-npy"}),
}


@contextmanager
def health_is_answered(port: int) -> Iterator[None]:
    """Ask for health all the time, over one connection; fail when an answer takes longer than HEALTH_S."""
    taken, done = [0.0], threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            while not done.wait(0.01):
                started = time.monotonic()
                assert client.get("/livez").status_code == 200
                taken.append(time.monotonic() - started)

    thread = threading.Thread(target=ask)
    thread.start()
    yield
    done.set()
    thread.join()
    assert len(taken) > 10
    assert sorted(taken)[-2] < HEALTH_S  # one may be late for reasons of the machine's


@pytest.mark.parametrize("type_", [ARRAY, LISTS], ids=["array", "lists"])
def test_a_worker_stays_within_its_settings(type_, serve):
    limits = {
        "SCOREDOCK_MAX_BODY_MB": BODY_MB,
        "SCOREDOCK_MAX_QUEUE_MB": QUEUE_MB,
        "SCOREDOCK_MAX_PARSED_MB": PARSED_MB,
    }
    server = serve(HEAD.replace("{}", type_), **{name: str(value) for name, value in limits.items()})
    (worker,) = psutil.Process(server.process.pid).children()
    start, peak, done = worker.memory_info().rss, [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            peak[0] = max(peak[0], worker.memory_info().rss)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.port}"
        with httpx.Client(base_url=address, timeout=60) as client, health_is_answered(server.port):
            for name, (body, headers) in BODIES.items():
                answers = [client.post("/score", content=body, headers=headers) for _ in range(3)]
                statuses = {answer.status_code for answer in answers}
                assert len(statuses) == 1 and statuses <= {200, 400, 413, 415}, (name, statuses)
                if statuses == {413}:
                    assert "The setting is SCOREDOCK_MAX_" in answers[0].json()["message"]
    finally:
        done.set()
        thread.join()
    assert peak[0] - start < (QUEUE_MB + PARSED_MB + MORE_MB) * MIB
    assert worker.is_running()
