"""Batching: several requests scored by one call of run(), each with an answer of its own."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from servers import TRUSTS_NOBODY, InProcess, Server, wait_until

Start = Callable[..., InProcess]
Background = Callable[..., Future[Any]]
HEAD = """
import threading
import numpy as np
import pandas as pd
from inference_schema.schema_decorators import input_schema
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType

entered, gate, calls = threading.Event(), threading.Event(), []

gate.set()  # for the warm-up

def init(): pass

def pass_gate(rows):
    calls.append(rows)
    entered.set()
    assert gate.wait(20)
"""
ARRAY = "@input_schema('data', NumpyParameterType(np.zeros((1, 2))))"
FRAME = "@input_schema('data', PandasParameterType(pd.DataFrame([{'name': 'a', 'number': 1.5}])))"


class Gated:
    """A service whose first request waits in run() while others queue up behind it."""

    def __init__(self, service: InProcess, background: Background, first: Any) -> None:
        self._service, self._background = service, background
        self.script = sys.modules["entry_module"]
        self.script.gate.clear()
        self.script.entered.clear()
        self._first = background(service.post, json=first)
        wait_until(self.script.entered.is_set)
        self.script.calls.clear()

    def answers(self, *requests: Any, **more: Any) -> list[httpx.Response]:
        """What these requests are answered, which come one after another and wait together."""
        pending = []
        for number, request in enumerate(requests):
            headers = {"x-request-id": f"id-{number}", "content-type": "application/json"}
            body = {"content": request} if isinstance(request, bytes) else {"json": request}
            pending.append(self._background(self._service.post, headers=headers, **body))
            wait_until(lambda expected=number + 1: self._service.service._engine.waiting == expected)
        self.script.gate.set()
        assert self._first.result(20).status_code == 200
        return [one.result(20) for one in pending]


@pytest.fixture
def gated(in_process: Start, background: Background) -> Callable[..., Gated]:
    """Start a script with batching whose run(data) has this body, and hold its first request."""

    def start(body: str, decorators: str = ARRAY, first: Any = None, **options: Any) -> Gated:
        lines = "\n".join(f"    {line}" for line in body.splitlines())
        script = f"{HEAD}\n{decorators}\ndef run(data):\n    pass_gate(len(data))\n{lines}\n"
        options = {"SCOREDOCK_MAX_BATCH_SIZE": "64", **options}
        return Gated(in_process(script, **options), background, first or {"data": [[0, 0]]})

    return start


def rows(count: int, first: int = 0) -> dict[str, Any]:
    """A request of rows like ``[5, 0.5]``."""
    return {"data": [[first + number, 0.5] for number in range(count)]}


@pytest.mark.parametrize(
    "result",
    [
        "data.sum(axis=1)",
        "data.sum(axis=1).tolist()",
        "tuple(data.sum(axis=1).tolist())",
        "pd.Series(data.sum(axis=1))",
    ],
)
def test_each_request_gets_the_results_of_its_own_rows(result: str, gated: Any) -> None:
    held = gated(f"return {result}")
    answers = held.answers(rows(2), rows(1, 10), rows(3, 20))
    assert [answer.json() for answer in answers] == [[0.5, 1.5], [10.5], [20.5, 21.5, 22.5]]
    assert held.script.calls == [6]


def test_results_of_several_values_a_row_are_divided_too(gated: Any) -> None:
    held = gated("return pd.DataFrame({'twice': data[:, 0] * 2, 'half': data[:, 0] / 2})")
    first, second = held.answers(rows(1, 2), rows(2, 4))
    assert first.json() == [{"twice": 4.0, "half": 1.0}]
    assert second.json() == [{"twice": 8.0, "half": 2.0}, {"twice": 10.0, "half": 2.5}]
    assert held.script.calls == [3]


def test_frames_are_scored_together(gated: Any) -> None:
    held = gated(
        "assert list(data.index) == [*range(len(data))]\nreturn (data['name'] + data['number'].astype(str)).tolist()",
        decorators=FRAME,
        first={"data": [{"name": "x", "number": 0.5}]},
    )
    first, second = held.answers(
        {"data": [{"name": "a", "number": 1.5}]},
        {"data": [{"name": "b", "number": 2.5}, {"name": "c", "number": 3.5}]},
    )
    assert (first.json(), second.json()) == (["a1.5"], ["b2.5", "c3.5"])
    assert held.script.calls == [3]


def test_the_headers_of_each_answer_are_its_own(gated: Any) -> None:
    answers = gated("return data.sum(axis=1)").answers(rows(1), rows(1))
    assert [answer.headers["x-request-id"] for answer in answers] == ["id-0", "id-1"]
    assert all(float(answer.headers["x-ms-run-fn-exec-ms"]) > 0 for answer in answers)
    assert all(answer.headers["x-ms-run-function-failed"] == "False" for answer in answers)


def test_requests_of_other_columns_are_not_mixed(gated: Any) -> None:
    loose = "@input_schema('data', NumpyParameterType(np.zeros((1, 2)), enforce_shape=False))"
    held = gated("return data.sum(axis=1)", decorators=loose)
    answers = held.answers({"data": [[1, 2]]}, {"data": [[1, 2, 3]]}, {"data": [[3, 4]]}, {"data": [[4, 5, 6]]})
    assert [answer.json() for answer in answers] == [[3.0], [6.0], [7.0], [15.0]]
    assert held.script.calls == [2, 2]


def test_requests_of_other_dtypes_are_not_mixed(gated: Any) -> None:
    loose = "@input_schema('data', NumpyParameterType(np.zeros((1, 2)), enforce_column_type=False))"
    held = gated("return [str(data.dtype)] * len(data)", decorators=loose)
    answers = held.answers({"data": [[1, 2]]}, {"data": [[1.5, 2]]}, {"data": [[3, 4]]})
    assert [answer.json() for answer in answers] == [["int64"], ["float64"], ["int64"]]


def test_a_refused_request_leaves_the_others_alone(gated: Any) -> None:
    held = gated("return data.sum(axis=1)")
    good, refused, broken, other = held.answers(rows(1, 1), {"data": [[1]]}, b"{", rows(1, 2))
    assert (good.json(), other.json()) == ([1.5], [2.5])
    assert (refused.status_code, broken.status_code) == (400, 400)
    assert held.script.calls == [2]


def test_a_request_that_makes_run_raise_leaves_the_others_alone(gated: Any, log_lines: Any) -> None:
    held = gated("if (data == 13).any(): raise ValueError('thirteen')\nreturn data.sum(axis=1)")
    first, failed, last = held.answers(rows(1, 1), rows(1, 13), rows(1, 2))
    assert (first.json(), last.json()) == ([1.5], [2.5])
    assert failed.status_code == 500
    assert failed.headers["x-ms-run-function-failed"] == "True"
    assert held.script.calls == [3, 1, 1, 1]
    assert sum("ValueError: thirteen" in line for line in log_lines()) == 1


def test_run_may_change_what_it_gets_though_it_is_called_again(gated: Any) -> None:
    held = gated("data *= 2\nif len(data) > 1: raise ValueError\nreturn data.sum(axis=1)")
    assert [answer.json() for answer in held.answers(rows(1, 1), rows(1, 2))] == [[3.0], [5.0]]


@pytest.mark.parametrize("result", ["{'sum': float(data.sum())}", "float(data.sum())", "[1, 2, 3, 4]"])
def test_a_result_that_cannot_be_divided_is_asked_for_again_one_by_one(result: str, gated: Any) -> None:
    held = gated(f"return {result} if data.any() else [0] * len(data)")
    answers = held.answers(rows(1, 1), rows(2, 5))
    assert held.script.calls == [3, 1, 2]
    data = {"sum": 1.5} if "sum'" in result else 1.5
    assert answers[0].json() == ([1, 2, 3, 4] if result.startswith("[") else data)


def test_a_script_whose_joint_results_never_fit_is_not_asked_for_ever(
    in_process: Start, background: Background, log_lines: Any
) -> None:
    service = in_process(
        f"{HEAD}\n{ARRAY}\ndef run(data):\n    calls.append(len(data))\n"
        "    return {'rows': 1} if data.any() and len(data) > 1 else [1] * len(data)\n",
        SCOREDOCK_MAX_BATCH_SIZE="8",
        SCOREDOCK_BATCH_WAIT_MS="200",
    )
    sys.modules["entry_module"].calls.clear()
    for _ in range(5):
        pending = [background(service.post, json=rows(1)) for _ in range(2)]
        assert [one.result(20).json() for one in pending] == [[1]] * 2
    told = [line for line in log_lines() if "Batching is switched off" in line]
    assert len(told) == 1
    assert "run() returned dict for 2 rows" in told[0]
    assert sys.modules["entry_module"].calls.count(2) <= 3


LABELS_AND_SCORES = "[[f'label {number}' for number in data[:, 0].tolist()], data[:, 0].tolist()]"


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (LABELS_AND_SCORES, "2 results for 1 row"),
        ("data.sum(axis=1).squeeze().tolist()", "float for 1 row"),
        ("[data.sum()]", "1 results for 2 rows"),
        (f"[1] if len(data) == 1 else {LABELS_AND_SCORES}", "2 results for 3 rows"),
    ],
)
def test_results_that_only_look_as_if_they_could_be_divided_are_found_out_at_the_start(
    result: str, told: str, gated: Any, log_lines: Any
) -> None:
    held = gated(f"return {result}")
    answers = held.answers(rows(1, 7), rows(1, 8))
    assert held.script.calls == [1, 1]
    assert answers[0].json() in ([["label 7.0"], [7.0]], 7.5, [7.5], [1])
    assert any("Batching is switched off" in line and told in line for line in log_lines())


def test_without_a_warm_up_the_first_requests_are_the_proof(
    in_process: Start, background: Background, log_lines: Any
) -> None:
    script = f"{HEAD}\n{ARRAY}\ndef run(data):\n    pass_gate(len(data))\n    return data.sum(axis=1)\n"
    service = in_process(script, SCOREDOCK_MAX_BATCH_SIZE="64", SCOREDOCK_WARMUP="false")
    assert any("Requests are scored alone until" in line for line in log_lines())
    held = Gated(service, background, rows(1))
    held.answers(rows(1), rows(1), rows(2))
    assert held.script.calls == [1, 1, 2]
    service.post(json=rows(3))
    held = Gated(service, background, rows(1))
    held.answers(rows(1), rows(1), rows(2))
    assert held.script.calls == [4]


def test_results_of_requests_scored_alone_that_do_not_fit_count_too(
    in_process: Start, background: Background, log_lines: Any
) -> None:
    body = "pass_gate(len(data))\n    return {} if data.any() else [0] * len(data)"
    script = f"{HEAD}\n{ARRAY}\ndef run(data):\n    {body}\n"
    service = in_process(script, SCOREDOCK_MAX_BATCH_SIZE="64")
    for number in (1, 1, 0, 1, 1):
        service.post(json={"data": [[number, number]]})
    assert not any("Batching is switched off" in line for line in log_lines())
    service.post(json=rows(1))
    assert any("Batching is switched off" in line and "dict for 1 row" in line for line in log_lines())
    held = Gated(service, background, rows(1))
    held.answers(rows(1), rows(1))
    assert held.script.calls == [1, 1]


def test_nothing_is_batched_unless_it_is_asked_for(gated: Any) -> None:
    held = gated("return data.sum(axis=1)", SCOREDOCK_MAX_BATCH_SIZE="1")
    held.answers(rows(1), rows(1))
    assert held.script.calls == [1, 1]


@pytest.mark.parametrize(
    ("decorators", "parameters", "reason"),
    [
        ("", "data", "run() has no @input_schema"),
        (ARRAY, "data, other=1", "run() takes 2 arguments, not one"),
        (ARRAY, "data, request_headers", "run() wants the headers of each request"),
        ("@input_schema('data', StandardPythonParameterType([1]))", "data", "is neither an array nor a frame"),
        (ARRAY, "data", "the script uses Flask's request"),
    ],
)
def test_a_script_whose_requests_cannot_be_scored_together_is_told_why(
    decorators: str, parameters: str, reason: str, in_process: Start, log_lines: Any
) -> None:
    flask = "from flask import request\n" if "Flask" in reason else ""
    script = f"{flask}{HEAD}\n{decorators}\ndef run({parameters}):\n    return [1]\n"
    service = in_process(script, SCOREDOCK_MAX_BATCH_SIZE="8")
    assert any("SCOREDOCK_MAX_BATCH_SIZE is ignored" in line and reason in line for line in log_lines())
    assert service.post(json={"data": [[1, 2]]}).json() == [1]


def test_under_64_connections_every_client_gets_its_own_answer(serve: Callable[..., Server]) -> None:
    """Each client sends arrays of random length and height, some of them bad, and knows what has to come back."""
    server = serve(
        f"""{HEAD}
{ARRAY}
def run(data):
    calls.append(len(data))
    if (data < 0).any():
        raise ValueError("negative")
    return [[number, max(calls)] for number in (data[:, 0] * 2 + data[:, 1]).tolist()]
""",
        SCOREDOCK_MAX_BATCH_SIZE="64",
        AZUREML_LOG_LEVEL="CRITICAL",
    )

    def client(seed: int) -> int:
        choose = random.Random(seed)
        largest = 0
        with httpx.Client(timeout=60, verify=TRUSTS_NOBODY) as session:
            for turn in range(25):
                data = [[choose.randrange(1_000_000), choose.random()] for _ in range(choose.randrange(1, 5))]
                kind = choose.choices(["good", "negative", "ragged"], [8, 1, 1])[0]
                sent = {"good": data, "negative": [[-1, 0], *data], "ragged": [*data, [1]]}[kind]
                name = f"{seed}-{turn}"
                answer = session.post(f"{server.url}/score", json={"data": sent}, headers={"x-request-id": name})
                assert answer.headers["x-request-id"] == name
                assert answer.status_code == {"good": 200, "negative": 500, "ragged": 400}[kind]
                if kind == "good":
                    assert [number for number, _ in answer.json()] == [one * 2 + other for one, other in data]
                    largest = max(largest, answer.json()[0][1])
        return largest

    with ThreadPoolExecutor(64) as pool:
        largest = max(pool.map(client, range(64)))
    assert largest > 10, "too few rows were scored together for this to show anything"
