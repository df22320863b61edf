"""Bodies of requests and responses as lines."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from scoredock.collection import payloads

ONE = b'{"a": 1.0,\n "big": 123456789012345678}'


def send(collection, body, kind="application/json", answer=b"[1]", headers=()):
    pairs = {b"content-type": kind.encode(), **dict(headers)}
    collection.payload(pairs, "POST", "/score", body, "request-1", 200, "application/json", answer)


@pytest.fixture(autouse=True)
def _small_lines(monkeypatch):
    monkeypatch.setattr(payloads, "POINTER_BYTES", 1000)


def test_json_text_and_binary_bodies(opened, tmp_path):
    collection = opened(payloads={"request": 1.0, "response": 1.0})
    bodies = [
        (ONE, "application/json"),
        (b"{no json", "application/json"),
        ("ü".encode(), "text/plain"),
        (b"\xff\n", "image/png"),
    ]
    for body, kind in bodies:
        send(collection, body, kind)
    collection.close()
    (path,) = tmp_path.rglob("request/**/*.jsonl")
    found = [json.loads(line) for line in path.read_text().splitlines()]
    assert found[0]["data"] == json.loads(ONE)
    assert '"a": 1.0' in path.read_text()
    assert [line.get("data") for line in found[1:]] == ["{no json", "ü", None]
    assert base64.b64decode(found[3]["data_base64"]) == b"\xff\n"
    assert found[0]["contentrange"] == f"bytes 0-{len(ONE) - 1}/{len(ONE)}"
    (answers,) = tmp_path.rglob("response/**/*.jsonl")
    answer = json.loads(answers.read_text().splitlines()[0])
    assert (answer["data"], answer["statuscode"], answer["xrequestid"]) == ([1], 200, "request-1")


def test_a_large_body_is_a_file_that_the_line_names(opened, tmp_path):
    collection = opened(payloads={"request": 1.0})
    send(collection, b"\x00" * 1001)
    collection.close()
    (path,) = tmp_path.rglob("request/**/*.jsonl")
    line = json.loads(path.read_text())
    assert line["datainblob"] == "true"
    assert Path(line["data"]).read_bytes() == b"\x00" * 1001


def test_a_streamed_answer_has_no_body(opened, tmp_path):
    collection = opened(payloads={"response": 1.0})
    send(collection, b"x", answer=None)
    collection.close()
    (path,) = tmp_path.rglob("response/**/*.jsonl")
    line = json.loads(path.read_text())
    assert (line["streamed"], line["data"]) == ("true", None)


def test_request_and_response_are_in_the_sample_together(opened, tmp_path):
    collection = opened(payloads={"request": 0.5, "response": 0.5})
    for number in range(200):
        pairs = {b"content-type": b"text/plain"}
        collection.payload(pairs, "POST", "/score", b"x", f"request-{number}", 200, "text/plain", b"y")
    collection.close()
    ids = []
    for name in ("request", "response"):
        (path,) = tmp_path.rglob(f"{name}/**/*.jsonl")
        ids.append([json.loads(line)["xrequestid"] for line in path.read_text().splitlines()])
    assert ids[0] == ids[1]
    assert 50 < len(ids[0]) < 150
