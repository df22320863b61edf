"""A script that needs little is served with little."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from servers import ECHO, wait_until

PROJECT = Path(__file__).parents[2]
HEAVY = {"numpy", "pandas", "sklearn", "docker", "opentelemetry", "flask", "pydantic", "onnxruntime"}


def test_an_echo_script_is_served_without_heavy_imports(serve):
    server = serve(ECHO, PYTHONPROFILEIMPORTTIME="1")
    assert server.post(content="x").json() == "x"
    assert server.get("/swagger.json").status_code == 200
    imported = set(re.findall(r"^import time:.*\| +([\w.]+)$", server.output, re.MULTILINE))
    assert "uvicorn" in imported
    assert not {name.split(".")[0] for name in imported} & HEAVY


@pytest.fixture(scope="session")
def bare_environment(tmp_path_factory) -> Path:
    """A virtual environment with scoredock and its own dependencies only; returns its Python."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(PROJECT)],
        check=True,
        cwd=folder,
    )
    return python


def test_a_script_without_numpy_is_served_without_numpy_installed(serve, bare_environment):
    no_numpy = subprocess.run([bare_environment, "-c", "import numpy"], capture_output=True, check=False)
    assert b"No module named 'numpy'" in no_numpy.stderr
    server = serve(
        """
        from inference_schema.schema_decorators import input_schema
        from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType

        def init():
            pass

        @input_schema("number", StandardPythonParameterType(1.5))
        def run(number):
            return {"double": 2 * number}
        """,
        python=str(bare_environment),
    )
    assert server.post(json={"number": 2}).json() == {"double": 4}
    assert server.post(json={"number": "x"}).json() == {
        "message": "number: expected a number, got string 'x'",
    }
    assert server.get("/swagger.json").json()["swagger"] == "2.0"


def test_extra_requirements_are_installed_at_start(serve, tmp_path):
    package = tmp_path / "extra_package"
    (package / "greeting").mkdir(parents=True)
    (package / "greeting" / "__init__.py").write_text("TEXT = 'hello'\n")
    (package / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "greeting"\nversion = "1.0"\n'
    )
    (tmp_path / "extra.txt").write_text(f"{package}\n")
    server = serve(
        "import greeting\n\ndef init():\n    pass\n\ndef run(data):\n    return greeting.TEXT",
        AZUREML_EXTRA_REQUIREMENTS_TXT="extra.txt",
    )
    assert server.post(content="x").json() == "hello"


def test_extra_requirements_that_cannot_be_installed_end_the_start(serve, tmp_path):
    (tmp_path / "extra.txt").write_text("./no-such-folder\n")
    server = serve(ECHO, wait=False, AZUREML_EXTRA_REQUIREMENTS_TXT="extra.txt")
    assert server.process.wait(60) == 3
    assert "AZUREML_EXTRA_REQUIREMENTS_TXT: pip could not install" in server.last_line


def test_version_and_module_invocation():
    for command in (["-m", "scoredock", "--version"],):
        done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True)
        assert re.fullmatch(r"scoredock, version \d+\.\d+\.\d+\n", done.stdout)


def test_the_banner_shows_what_is_served(serve, tmp_path):
    (tmp_path / "model").mkdir()
    server = serve(ECHO, "--model_dir", str(tmp_path / "model"))
    wait_until(lambda: "is ready after" in server.output)
    for part in ("scoredock ", "score.py", str(tmp_path / "model"), "workers    1", "/score", "/readyz"):
        assert part in server.output
    assert "run(data) gets the request body as text; input schema: none; output schema: none" in server.output


def test_with_json_lines_the_banner_is_one_of_them(serve):
    server = serve(ECHO, SCOREDOCK_LOG_FORMAT="json", SEPARATE_HEALTH_ENDPOINT="true")
    banner = json.loads(server.output.splitlines()[0])
    assert banner["message"].startswith("scoredock ")
    assert banner["score"] == f"{server.url}/score"
    assert f":{server.health_port}/readyz" in banner["health"]
    assert "\\n" not in server.output
