"""scoredock check of a deployment's files: what would be in the container is tried, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

READS_HELPER = "import helper\n\ndef init():\n    pass\n\ndef run(data):\n    return helper.answer()\n"
IMPORTS_LATE = """\
from importlib import import_module

def init():
    import_module("".join(["hel", "per"]))

def run(data):
    return data
"""
TELLS = """\
import json
import os
from pathlib import Path

def init():
    pass

def run(data):
    model = Path(os.environ["AZUREML_MODEL_DIR"])
    files = sorted(str(path.relative_to(model)) for path in model.rglob("*"))
    return [os.environ.get("AZUREML_SOURCE_DIRECTORY"), os.environ.get("GREETING"), os.getcwd(), str(model), files]
"""


@pytest.fixture
def check(tmp_path):
    """A function: write these files, run ``scoredock check`` with these arguments; returns exit code and output."""

    def run(files: dict[str, str], *arguments: str, **variables: str) -> tuple[int, str]:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        own = {"SCOREDOCK_WORKSPACE": str(tmp_path / "workspace"), "XDG_CACHE_HOME": str(tmp_path / "cache"),
               "DOCKER_HOST": "unix:///nonexistent"}  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "scoredock", "check", *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, **own, **variables},
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return run


def test_modules_that_come_along_are_found_and_told(check):
    files = {
        "score.py": READS_HELPER,
        "helper.py": "def answer():\n    return 42\n",
        "ic.yml": "entryScript: score.py\n",
    }
    code, output = check({**files, "r.json": "1"}, "--ic", "ic.yml", "--request", "r.json")
    assert code == 0, output
    assert "Taken along, since score.py imports them: helper.py" in output
    assert "200 42" in output
    assert "script   /var/azureml-app/score.py, imported" in output


def test_a_module_that_does_not_come_along_is_named_with_the_cure(check, tmp_path):
    files = {"score.py": IMPORTS_LATE, "helper.py": "", "ic.yml": "entryScript: score.py\n"}
    code, output = check(files, "--ic", "ic.yml", PYTHONPATH=str(tmp_path))
    assert code == 12, output
    assert "No module named 'helper'" in output
    assert "hint     helper.py lies beside score.py on this machine, but did not come along: " in output
    assert f"--sd {tmp_path}" in output
    assert check({}, "--ic", "ic.yml", "--sd", ".")[0] == 0


def test_what_the_container_has_is_what_the_script_sees(check, tmp_path):
    (tmp_path / "src").mkdir()
    deployment = {"computeType": "local", "environmentVariables": {"GREETING": "hello"}}
    files = {"src/score.py": TELLS, "src/.env": "SECRET=1", "r.json": "1",
             "ic.json": json.dumps({"entryScript": "score.py", "sourceDirectory": "src"}),
             "dc.json": json.dumps(deployment)}  # fmt: skip
    code, output = check(files, "--ic", "ic.json", "--dc", "dc.json", "--request", "r.json", AZUREML_MODEL_DIR="mine")
    assert code == 0, output
    root = "/var/azureml-app"
    expected = ["src", "hello", root, f"{root}/azureml-models", []]
    assert f"200 {json.dumps(expected, separators=(chr(44), chr(58)))}" in output


def test_a_model_that_a_deployment_names_is_there_and_not_registered(check, tmp_path):
    deployment = "endpoint_name: churn\nmodel: {path: weights}\n"
    deployment += "code_configuration: {code: code, scoring_script: score.py}\n"
    files = {"code/score.py": TELLS, "weights/a.bin": "1", "d.yml": deployment, "r.json": "1"}
    code, output = check(files, "-f", "d.yml", "--request", "r.json")
    assert code == 0, output
    assert '"/var/azureml-app/azureml-models/churn/1",["weights","weights/a.bin"]]' in output
    assert "Registered" not in output
    assert not (tmp_path / "workspace").exists()


def test_what_a_deployment_would_refuse_is_refused_and_warned_of(check):
    conda = "environment: {name: e, python: {condaDependencies: {dependencies: [python=3.6]}}}\n"
    files = {"score.py": TELLS, "ic.yml": f"entryScript: score.py\nschemaFile:\n{conda}", "r.json": "1"}
    code, output = check(files, "--ic", "ic.yml")
    assert code == 3, output
    assert "FAILED   files: " in output
    assert "3.6" in output
    code, output = check({}, "--ic", "ic.yml", "--image-python", "--request", "r.json")
    assert code == 0, output
    assert "line 2, schemaFile: ignored" in output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--entry_script", "score.py", "--dc", "dc.json"), "belong to --ic FILE or -f FILE"),
        (("--entry_script", "score.py", "--sd", "."), "belong to --ic FILE or -f FILE"),
        (("-f", "d.yml", "--dc", "dc.json"), "-f has script and service"),
    ],
)
def test_options_without_their_file_are_wrong_usage(check, arguments, told):
    code, output = check({"score.py": TELLS}, *arguments)
    assert (code, told in " ".join(output.split())) == (2, True), output
