"""Before a worker is ready, the sample of the script's schema has been scored."""

from __future__ import annotations

import re
import textwrap

import pytest

from servers import wait_until

HEAD = """
import numpy as np
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema

calls = []

def init():
    pass

"""
DATA = '@input_schema("data", NumpyParameterType(np.array([[1.0, 2.0]])))\n'
COUNT = "def run(data):\n    calls.append(data)\n    return len(calls)\n"


@pytest.fixture
def warm(serve):
    """Serve a script of run() and its decorators; waits for the line that says that it is ready."""

    def start(run: str, **environment: str):
        server = serve(HEAD + textwrap.dedent(run), **environment)
        wait_until(lambda: "is ready after" in server.output)
        return server

    return start


def warnings_of(server) -> list[str]:
    return [line for line in server.output.splitlines() if re.match(r"[\d:,. -]+ W ", line)]


def test_the_first_request_is_the_second_call(warm):
    server = warm(DATA + COUNT)
    assert server.post(json={"data": [[1, 2]]}).json() == 2
    assert re.search(r"is ready after \d+\.\d s, \d+\.\d{3} s of them warm-up: run\(data\)", server.output)
    assert not warnings_of(server)


def test_run_gets_what_a_request_with_the_sample_would_give_it(warm):
    server = warm(
        "import threading\nseen = []\n"
        + DATA
        + """
def run(data, request_headers):
    seen.append([data, request_headers.get("Content-Type"), threading.get_ident()])
    return [str(data.dtype), data.shape, *seen[0], threading.get_ident()]
"""
    )
    dtype, shape, data, content_type, then, now = server.post(json={"data": [[5, 6]]}).json()
    assert (dtype, shape, data, content_type) == ("float64", [1, 2], [[1.0, 2.0]], "application/json")
    assert then == now


def test_every_worker_warms_up_after_a_preload(warm):
    server = warm(DATA + COUNT, WORKER_PRELOAD="true", WORKER_COUNT="2")
    wait_until(lambda: server.output.count("s of them warm-up") == 2)
    assert server.post(json={"data": [[1, 2]]}).json() == 2


def test_printed_lines_come_out_and_say_where_from(warm):
    server = warm(DATA + "def run(data):\n    print('scoring', end='')\n    return 1\n")
    assert "scoredock.print - [warm-up] scoring\n" in server.output


WITHOUT = {
    "switched off": (DATA + COUNT, {"SCOREDOCK_WARMUP": "false"}, {"json": {"data": [[1, 2]]}}),
    "text": (COUNT, {}, {"content": "x"}),
    "raw": (
        "from azureml.contrib.services.aml_request import rawhttp\n@rawhttp\n" + COUNT,
        {},
        {"content": "x"},
    ),
    "a required value without a sample": (
        DATA + "def run(data, factor):\n    calls.append(data)\n    return len(calls)\n",
        {},
        {"json": {"data": [[1, 2]], "factor": 2}},
    ),
}


@pytest.mark.parametrize("case", WITHOUT)
def test_nothing_happens(warm, case):
    script, environment, request = WITHOUT[case]
    server = warm(script, **environment)
    assert server.post(**request).json() == 1
    assert "warm-up" not in server.output.lower()


def test_values_with_a_default_need_no_sample(warm):
    server = warm(DATA + "def run(data, factor=3):\n    calls.append(factor)\n    return calls\n")
    assert server.post(json={"data": [[1, 2]], "factor": 4}).json() == [3, 4]


BROKEN = DATA + "def run(data):\n    calls.append(data)\n    if len(calls) < 2:\n        {}\n    return len(calls)\n"
FAILURES = {
    "run() raises": (
        BROKEN.format("raise ValueError('two\\nlines')"),
        r"run\(\) raised: ValueError: two lines, at \S+/score\.py:16\.",
    ),
    "a module beside the script raises": (
        BROKEN.format("__import__('beside').fail()"),
        r"run\(\) raised: KeyError: 'here', at \S+/beside\.py:2\.",
    ),
    "a library raises": (
        BROKEN.format("__import__('json').loads('{')"),
        r"run\(\) raised: JSONDecodeError: .*, at \S+/score\.py:16\.",
    ),
    "run() leaves": (
        BROKEN.format("raise SystemExit(1)"),
        r"run\(\) raised: SystemExit: 1, at \S+/score\.py:16\.",
    ),
    "an error that cannot be shown": (
        "class Odd(Exception):\n    def __str__(self): raise ValueError\n" + BROKEN.format("raise Odd"),
        r"run\(\) raised: Odd: its text cannot be shown, at \S+/score\.py:18\.",
    ),
    "the result cannot be encoded": (
        BROKEN.format("return {'scores': [1, object()]}"),
        r"the result of run\(\) cannot be sent: result\[\"scores\"\]\[1\]: .* type object.*, at \S+/score\.py:12\.",
    ),
    "the sample is refused": (
        """
        class Picky(StandardPythonParameterType):
            def deserialize_input(self, value):
                if not calls:
                    calls.append(value)
                    raise ValueError("not this one")
                return value

        @input_schema("data", Picky(b"abc"))
        def run(data):
            calls.append(data)
            return len(calls)
        """,
        r"the schema's sample was refused: data: .*, at \S+/score\.py:20\.",
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_is_one_warning_and_the_worker_serves(warm, tmp_path, failure):
    (tmp_path / "beside.py").write_text("def fail():\n    raise KeyError('here')\n")
    run, expected = FAILURES[failure]
    server = warm(run)
    (warning,) = warnings_of(server)
    assert re.search(rf"scoredock\.scoring - Warm-up: {expected} ", warning), warning
    assert warning.endswith("The worker serves all the same. SCOREDOCK_WARMUP=false switches the warm-up off.")
    assert "Traceback" not in server.output
    value = "YWJj" if failure == "the sample is refused" else [[1, 2]]
    assert server.post(json={"data": value}).json() == 2


def test_the_traceback_is_there_at_level_debug(warm):
    server = warm(BROKEN.format("raise ValueError('why')"), AZUREML_LOG_LEVEL="DEBUG")
    assert re.search(r"D \[\d+\] scoredock\.scoring - The warm-up failed so:\nTraceback", server.output)
    assert server.output.count("ValueError: why") == 2


def test_the_phase_is_shown_while_the_sample_is_scored(serve, tmp_path):
    server = serve(
        HEAD
        + "import pathlib, time\n"
        + DATA
        + "def run(data):\n    while not pathlib.Path('go').exists():\n        time.sleep(0.01)\n    return 1\n",
        wait=False,
    )

    wait_until(lambda: server.phase == "warm-up")
    assert server.post(json={"data": [[1, 2]]}).status_code == 503
    (tmp_path / "go").touch()
    assert server.wait_until_ready().post(json={"data": [[1, 2]]}).json() == 1
