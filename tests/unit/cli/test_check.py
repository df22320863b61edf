"""scoredock check: what it shows, and how it ends."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCHEMA = """
    import numpy as np
    from inference_schema.schema_decorators import input_schema, output_schema
    from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType

    def init():
        print("loading")

    @input_schema("data", NumpyParameterType(np.array([[1.0, 2.0]])))
    @output_schema(NumpyParameterType(np.array([3.0])))
    def run(data):
        return BODY
"""


@pytest.fixture
def check(write_script, tmp_path):
    """Run ``scoredock check`` on a script; returns exit code and output."""

    def run(script: str, *arguments: str) -> tuple[int, str]:
        path = write_script(script)
        done = subprocess.run(
            [sys.executable, "-m", "scoredock", "check", "--entry_script", str(path), *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return run


def test_a_good_script_is_shown_as_a_caller_sees_it(check):
    code, output = check(SCHEMA.replace("BODY", "data.sum(axis=1)"))
    assert code == 0, output
    for part in (
        "scoredock.print - loading",
        "data: an array of shape (*, 2) of a number (float64)",
        "input schema: found; output schema: found",
        '{"data": [[1.0, 2.0]]}',
        "data = ndarray of shape (1, 2), float64",
        "ndarray of shape (1,), float64",
        "200 [3.0]",
        "versions 2, 3, 3.1",
    ):
        assert part in output


INIT = "def init():\n    pass\n"
RAW = (
    "from azureml.contrib.services.aml_request import rawhttp\n" + INIT + "@rawhttp\ndef run(request):\n    return BODY"
)
ENDS = {
    "import": ("import nothing_like_this", 10, "ModuleNotFoundError"),
    "contract": ("def run(data):\n    pass", 11, "does not define init()"),
    "init": ("def init():\n    1 / 0\ndef run(data):\n    pass", 12, "init() raised ZeroDivisionError"),
    "run": (SCHEMA.replace("BODY", "1 / 0"), 14, "run() raised ZeroDivisionError"),
    "encode": (SCHEMA.replace("BODY", "[{1, 2}]"), 15, "result[0]: object of type set"),
}


@pytest.mark.parametrize("phase", ENDS)
def test_each_phase_that_fails_has_its_exit_code(check, phase):
    script, expected, message = ENDS[phase]
    code, output = check(script)
    assert code == expected, output
    assert message in output
    assert f"FAILED   {phase}: " in output


def test_a_request_that_does_not_fit_has_its_exit_code(check, tmp_path):
    (tmp_path / "request.json").write_text('{"data": [[1, 2, 3]]}')
    code, output = check(SCHEMA.replace("BODY", "data"), "--request", "request.json")
    assert code == 13
    assert "400 data: expected shape (*, 2), got (*, 3)" in output


def test_a_given_request_is_scored(check, tmp_path):
    (tmp_path / "request.txt").write_text("hello")
    code, output = check(INIT + "def run(data):\n    return data.upper()", "--request", "request.txt")
    assert code == 0
    assert '200 "HELLO"' in output


def test_without_schema_and_request_nothing_is_scored_and_it_says_so(check):
    code, output = check(INIT + "def run(data):\n    return data")
    assert code == 0
    assert "Give one with --request FILE" in output


def test_a_raw_script_gets_the_flask_request(check, tmp_path):
    (tmp_path / "image.bin").write_bytes(bytes(range(256)))
    code, output = check(RAW.replace("BODY", "len(request.get_data())"), "--request", "image.bin")
    assert code == 0, output
    assert "200 256" in output


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("photo.png", (), "application/octet-stream"),
        ("request.json", (), "application/json"),
        ("photo.png", ("--content-type", "image/png"), "image/png"),
    ],
)
def test_a_raw_script_gets_the_content_type(check, tmp_path, name, arguments, expected):
    (tmp_path / name).write_bytes(b"{}")
    code, output = check(RAW.replace("BODY", "request.content_type"), "--request", name, *arguments)
    assert code == 0, output
    assert f'200 "{expected}"' in output


def test_a_content_type_without_a_request_is_refused(check):
    code, output = check(INIT, "--content-type", "image/png")
    assert code == 2
    assert "give that too" in output


def test_a_script_that_is_no_option_is_told_its_option(check):
    code, output = check(INIT, "score.py")
    assert code == 2
    assert "Name the script with its option: --entry_script score.py" in output


def test_a_wrong_setting_is_named(check):
    code, output = check(INIT, "--config_file", "missing.json")
    assert code == 3
    assert "missing.json: no such file" in output


DEPLOYMENT = """
endpoint_name: sentiment
model: {path: model}
code_configuration: {code: code, scoring_script: score.py}
environment: {conda_file: {dependencies: []}}
environment_variables: {GREETING: hello}
instance_count: 1
"""
READS_ITS_MODEL = """\
import os

def init():
    global text
    text = open(os.environ["AZUREML_MODEL_DIR"] + "/model/a.txt").read() + os.environ["GREETING"]

def run(data):
    return text
"""


def test_a_deployments_files_say_what_is_tried(tmp_path):
    for name, text in {"code/score.py": READS_ITS_MODEL, "model/a.txt": "one ", "d.yml": DEPLOYMENT, "r.json": "1",
                       "ic.yml": "entryScript: score.py\nsourceDirectory: code\nschemaFile:\n"}.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    def run(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "scoredock", "check", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        return done.returncode, done.stdout + done.stderr

    code, output = run("-f", "d.yml", "--request", "r.json")
    assert code == 0, output
    assert '"one hello"' in output
    assert "instance_count (line 7)" in output
    code, output = run("--ic", "ic.yml", "--strict")
    assert code == 3, output
    assert "FAILED   files: ic.yml, line 3, schemaFile: " in output
    code, output = run("--ic", "ic.yml")
    assert (code, "line 3, schemaFile: ignored" in output) == (12, True), output
    assert run("--ic", "ic.yml", "-f", "d.yml")[0] == 2


ASYNC = """
    import asyncio

    async def init():
        global queue
        queue = asyncio.Queue()

    async def run(data):
        await queue.put(data)
        return await queue.get()
"""
ARGUMENTS = "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--model', required=True)\n"


def test_an_async_script_is_scored(check, tmp_path):
    (tmp_path / "request.txt").write_text("hello")
    code, output = check(ASYNC, "--request", "request.txt")
    assert code == 0, output
    assert '200 "hello"' in output


@pytest.mark.parametrize(
    ("script", "expected", "told"),
    [
        (INIT + "def run(a, b):\n    return a", 11, "and nothing for 'b'. Give the rest defaults"),
        (INIT + "def run(data):\n    yield data", 11, "run() has yield"),
        (
            ARGUMENTS + "parser.parse_args()\n" + INIT,
            10,
            "argparse says: the following arguments are",
        ),
    ],
)
def test_what_a_server_refuses_is_refused_in_its_words(check, script, expected, told):
    code, output = check(script)
    assert (code, told in output) == (expected, True), output


@pytest.mark.parametrize(("result", "hinted"), [("json.dumps({'a': 1})", True), ("'[a]'", False), ("'5'", False)])
def test_a_result_that_is_json_already_is_hinted_at(check, tmp_path, result, hinted):
    (tmp_path / "request.txt").write_text("hello")
    code, output = check(f"import json\n{INIT}def run(data):\n    return {result}", "--request", "request.txt")
    assert code == 0, output
    assert ("hint     the result is JSON already" in output) is hinted
