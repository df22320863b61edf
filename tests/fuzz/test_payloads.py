"""Bodies of every format, mutated, against a real server: no crash, no fault of its own, no memory that stays."""

from __future__ import annotations

import io
import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
import pytest

from servers import Server

from . import SECONDS, SEEDS
from .mutations import change

HEAD = """
import numpy as np
import pandas as pd
from inference_schema.schema_decorators import input_schema
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
def init(): pass
"""
ARRAY = HEAD + "@input_schema('data', NumpyParameterType(np.zeros((1, 2))))\ndef run(data): return data"
FRAME = (
    HEAD + "@input_schema('data', PandasParameterType(pd.DataFrame({'a': [1], 'b': ['x'], 'c': [1.5]})))\n"
    "def run(data): return data"
)
RAW = """
from azureml.contrib.services.aml_request import rawhttp
def init(): pass
@rawhttp
def run(request):
    files = {name: len(file.read()) for name, file in request.files.items()}
    return [files, request.form.to_dict(), len(request.get_data())]
"""
MORE_MIB = 150  # that a worker may have in the end, beside what it had


def npy() -> bytes:
    file = io.BytesIO()
    np.save(file, np.arange(20.0).reshape(10, 2))
    return file.getvalue()


def arrow() -> bytes:
    frame = pd.DataFrame({"a": range(10), "b": pd.Categorical(["x", "y"] * 5), "c": np.arange(10.0)})
    sink = io.BytesIO()
    table = pa.Table.from_pandas(frame, preserve_index=False)
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=4)
    return sink.getvalue()


def parts() -> bytes:
    lines = ['--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n', "Content-Type: a/b\r\n\r\nabc\r\n"]
    return "".join([*lines, '--x\r\nContent-Disposition: form-data; name="c"\r\n\r\nd\r\n--x--\r\n']).encode()


KINDS: dict[str, tuple[str, bytes, str]] = {
    "npy": (ARRAY, npy(), "application/x-npy"),
    "arrow": (FRAME, arrow(), "application/vnd.apache.arrow.stream"),
    "records": (FRAME, json.dumps({"data": [{"a": 1, "b": "x", "c": 1.5}] * 5}).encode(), "application/json"),
    "numbers": (ARRAY, json.dumps({"data": [[1.5, 2]] * 40}).encode(), "application/json"),
    "parts": (RAW, parts(), "multipart/form-data; boundary=x"),
}
TOKENS = [
    *(b"\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\x80", b"<f8", b"|O", b"(10, 2)", b"(-1,)", b"True"),
    *(b"1e999", b"9" * 400, b"-", b"NaN", b"null", b",", b"[", b"[" * 5000, b"]" * 9, b"{", b'"', b"\\ud800"),
    *(b"--x", b"\r\n\r\n"),
]


def mutated(body: bytes, chance: random.Random) -> bytes:
    data = bytearray(body)
    for _ in range(chance.choice([1, 1, 1, 2, 4, 10])):
        change(data, chance, TOKENS, _another_length)
    return bytes(data)


def _another_length(data: bytearray, place: int, chance: random.Random) -> None:
    """In place of a length, or an offset."""
    if place + 4 <= len(data):
        data[place : place + 4] = chance.choice([0, 1, 2**31 - 1, 2**31, 2**32 - 1]).to_bytes(4, "little")


@pytest.mark.parametrize("kind", KINDS)
def test_no_body_harms_the_server(kind: str, serve: Callable[..., Server], tmp_path: Path) -> None:
    script, valid, content_type = KINDS[kind]
    server = serve(script, AZUREML_LOG_LEVEL="WARNING")
    (worker,) = psutil.Process(server.process.pid).children()
    chance, until, statuses = random.Random(SEEDS[0]), time.monotonic() + SECONDS / 4, set[int]()
    before = 0
    with httpx.Client(base_url=server.url, timeout=20) as client:
        headers: dict[str, Any] = {"Content-Type": content_type}
        assert client.post("/score", content=valid, headers=headers).status_code == 200
        while time.monotonic() < until:
            body = mutated(valid, chance)
            (tmp_path / "last").write_bytes(body)  # what to look at after a crash
            answer = client.post("/score", content=body, headers=headers)
            own_fault = answer.status_code >= 500 and answer.headers.get("x-ms-run-function-failed") != "True"
            assert not own_fault and (kind == "parts" or answer.status_code < 500), (answer.text, body)
            statuses.add(answer.status_code)
            before = before or worker.memory_info().rss
    assert 200 in statuses
    assert kind == "parts" or 400 in statuses
    assert worker.is_running() and worker.memory_info().rss - before < MORE_MIB << 20
    assert "Traceback" not in server.output and "internal error" not in server.output
