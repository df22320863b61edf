"""What scripts collect is stored by real servers: once, whole, in time, and never at a request's cost."""

from __future__ import annotations

import csv
import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from servers import wait_until

OWN = """
    import os
    from scoredock.collect import collect

    def init():
        collect("seen", {"number": -1})

    def run(data):
        collect("seen", {"number": int(data)})
        return os.getpid()
"""
FIRST = """
    from azureml.monitoring import ModelDataCollector

    def init():
        global inputs, predictions
        inputs = ModelDataCollector("prices", designation="inputs", feature_names=["size", "rooms"])
        predictions = ModelDataCollector("prices", designation="predictions", feature_names=["price"])

    def run(data):
        inputs.collect([[int(data), 2]])
        predictions.collect([int(data) * 3])
        return 1
"""
SECOND = """
    import pandas as pd
    from azureml.ai.monitoring import Collector

    def init():
        global inputs, outputs
        inputs = Collector(name="model_inputs")
        outputs = Collector(name="model_outputs")

    def run(data):
        context = inputs.collect(pd.DataFrame([{"size": int(data)}]))
        outputs.collect(pd.DataFrame([{"price": int(data) * 3}]), context)
        return context.get_id()
"""


def records(folder: Path, pattern: str = "**/*.jsonl") -> list[dict]:
    """Every line of every file; each must be whole."""
    found = []
    for path in sorted(folder.glob(pattern)):
        text = path.read_text()
        assert text.endswith("\n")
        found += [json.loads(line) for line in text.splitlines()]
    return found


def post_many(server, numbers) -> list:
    with ThreadPoolExecutor(8) as clients:
        return list(clients.map(lambda number: server.post(content=str(number)).json(), numbers))


def test_every_record_of_four_workers_is_there_once_after_sigterm(serve, tmp_path):
    server = serve(OWN, "--worker_count", "4", SCOREDOCK_COLLECT_TO="seen", SCOREDOCK_COLLECT_FLUSH_S="60")
    workers = set(post_many(server, range(120)))
    assert server.end() == 0
    assert sorted(record["number"] for record in records(tmp_path / "seen")) == list(range(120))
    assert len(list((tmp_path / "seen").glob("seen/**/*.jsonl"))) == len(workers)


def test_a_killed_worker_leaves_whole_lines(serve, tmp_path):
    server = serve(OWN, SCOREDOCK_COLLECT_TO="seen", SCOREDOCK_COLLECT_FLUSH_S="1")
    pids = post_many(server, range(50))
    wait_until(lambda: len(records(tmp_path / "seen")) == 50)
    os.kill(pids[0], signal.SIGKILL)
    wait_until(lambda: server.output.count("is ready after") == 2)
    post_many(server, range(50, 60))
    server.end()
    assert sorted(record["number"] for record in records(tmp_path / "seen")) == list(range(60))


@pytest.mark.parametrize("preload", ["false", "true"])
def test_the_first_generation_writes_its_csv(serve, tmp_path, preload):
    model = tmp_path / "prices" / "7"
    model.mkdir(parents=True)
    server = serve(
        FIRST, "--worker_count", "2", "--model_dir", str(model),
        SCOREDOCK_COLLECT_TO="modeldata", AML_MODEL_DC_STORAGE_ENABLED="true", WORKER_PRELOAD=preload,
        SERVICE_NAME="houses", WORKSPACE_NAME="lab",
    )  # fmt: skip
    post_many(server, range(60))
    server.end()
    root = tmp_path / "modeldata" / "default" / "default" / "lab" / "houses" / "prices" / "7" / "inputs"
    files = list(root.glob("*/*/*/*.csv"))
    assert sum(path.name == "data.csv" for path in files) == 1
    rows = [row for path in files for row in csv.DictReader(path.read_text().splitlines())]
    assert sorted(int(row["size"]) for row in rows) == list(range(60))
    assert list(rows[0]) == [
        *("size", "rooms", "$aml_dc_correlation_id", "$aml_dc_scoring_timestamp", "$aml_dc_boundary"),
        *("$aml_workspace", "$aml_service_name", "$aml_model_name", "$aml_model_version", "$aml_request_id"),
    ]
    assert rows[0]["$aml_workspace"] == "default/default/lab"
    assert rows[0]["$aml_model_version"] == "7"
    assert rows[0]["$aml_dc_correlation_id"] == rows[0]["$aml_request_id"] != ""


def test_the_second_generation_writes_its_lines(serve, tmp_path):
    (tmp_path / "mdc.json").write_text(
        json.dumps(
            {
                "collections": {
                    "model_inputs": {"enabled": True, "sampling_percentage": 40},
                    "model_outputs": {"enabled": "true", "sampling_percentage": 100},
                    "request": {"enabled": True},
                    "other": {"enabled": False},
                },
                "runMode": "local",
                "captureHeaders": ["X-Ward", "Authorization"],
            }
        )
    )
    server = serve(SECOND, SCOREDOCK_COLLECT_TO="modeldata", AZUREML_MDC_CONFIG_PATH="mdc.json", SERVICE_NAME="houses")
    for number in range(60):
        server.post(content=str(number), headers={"x-ward": "north", "authorization": "Bearer secret"})
    server.end()
    root = tmp_path / "modeldata" / "modelDataCollector" / "houses" / "default"
    inputs, outputs = (records(root / name, "*/*/*/*/*.jsonl") for name in ("model_inputs", "model_outputs"))
    assert 0 < len(inputs) < 60
    assert [line["correlationid"] for line in inputs] == [line["correlationid"] for line in outputs]
    line = inputs[0]
    assert line["data"] == [{"size": outputs[0]["data"][0]["price"] // 3}]
    assert line["type"] == "azureml.inference.model_inputs"
    assert line["collectdatatype"] == "pandas.core.frame.DataFrame"
    assert line["specversion"] == "1.0"
    size = len(json.dumps(line["data"], separators=(",", ":")))
    assert line["contentrange"] == f"bytes 0-{size - 1}/{size}"
    payloads = records(root / "request")
    assert [line["data"] for line in payloads] == [str(number) for number in range(60)]
    assert payloads[0]["headers"] == {"x-ward": "north"}
    assert (payloads[0]["path"], payloads[0]["method"]) == ("/score", "POST")
    assert "secret" not in "".join(path.read_text() for path in root.rglob("*.jsonl"))
