"""Deployments that users of Azure ML have scripts for: they run after a change of their imports, and of ports."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import joblib
import numpy as np
import pytest
from containers import PROJECT
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from workspaces import own_workspace

from scoredock.deploy import LocalWebservice, Workspace
from servers import free_port

SCRIPTS = Path(__file__).parent / "seed_deployments"
ROWS = [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]]


@pytest.fixture
def workspace(tmp_path: Path, debian) -> Iterator[dict[str, str]]:
    """The variables of a workspace of the test's own."""
    debian("bookworm")
    with own_workspace(tmp_path) as variables:
        yield variables


@pytest.fixture
def execute(tmp_path: Path, workspace: dict[str, str]) -> Callable[..., str]:
    """Run a command, or a script with other imports and a free port, in the test's folder; returns what it prints.

    With another exit ``code``, what it writes to standard error.
    """
    port = str(free_port())

    def run(*command: str, code: int = 0) -> str:
        if command[0].endswith(".py"):
            text = (SCRIPTS / command[0]).read_text()
            text = re.sub(r"^from azureml\.core[.\w]* import", "from scoredock.deploy import", text, flags=re.MULTILINE)
            (tmp_path / command[0]).write_text(re.sub(r"\b(6789|8890)\b", port, text))
        done = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, env={**os.environ, **workspace}, capture_output=True, text=True
        )
        assert done.returncode == code, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        return (done.stdout if code == 0 else done.stderr).replace(port, "PORT")

    return run


def test_the_echo_script_is_deployed_and_replaced_by_one_with_packages(execute, tmp_path):
    (tmp_path / "source_dir").mkdir()
    shutil.copy(PROJECT / "tests" / "e2e" / "seed_scripts" / "echo_score.py", tmp_path / "source_dir")
    shutil.copy(SCRIPTS / "words.py", tmp_path / "source_dir")
    printed = execute("echo.py")
    assert "Local webservice is running at http://localhost:PORT\n" in printed
    assert "This is init" in printed, "get_logs() shows what init() prints"
    assert "\nhealth: Healthy\n" in printed
    question = {"query": "What color is the fox", "context": "The quick brown fox jumped over the lazy dog."}
    assert f"\necho: test is {question}\n" in printed
    assert "\nwords: ['What', 'color', 'is', 'the', 'fox']\n" in printed


def test_a_folder_of_files_is_deployed_by_a_script_and_by_files(execute, tmp_path, workspace):
    sample = shutil.copytree(PROJECT / "samples" / "text-sentiment", tmp_path / "sample")
    execute(str(sample / "make_model.py"))
    shutil.copytree(sample / "model" / "models", tmp_path / "models")
    shutil.copy(sample / "score.py", tmp_path)
    printed = execute("sentiment.py")
    assert re.search(r"^Healthy\nscoring URI: http://localhost:\d+/score$", printed, re.MULTILINE)
    assert printed.endswith("answer: 200 True POSITIVE\nanswer: 200 True NEGATIVE\n")

    # the files of the same deployment: JSON in files that are YAML, keys from before there were environments
    (tmp_path / "inferenceConfig.json").write_text(
        '{\n   "entryScript": "score.py",\n   "runtime": "python",\n   "condaFile": "myenv.yml"\n}\n'
    )
    packages = ["azureml-defaults", "scikit-learn", "joblib"]
    conda = {"name": "inference_environment", "dependencies": ["python=3.6.2", {"pip": packages}]}
    (tmp_path / "myenv.yml").write_text(json.dumps(conda))
    (tmp_path / "deploymentConfig.json").write_text('{\n    "computeType": "LOCAL"\n}\n')
    files = ["--ic", "inferenceConfig.json", "--dc", "deploymentConfig.json"]
    command = ["-m", "scoredock", "deploy", "-n", "dd-files", "-m", "sentiment:1", *files]
    assert "expected Python 3.10 or newer, which scoredock needs, got" in execute(*command, code=1)
    conda["dependencies"].remove("python=3.6.2")  # what the message asks for
    (tmp_path / "myenv.yml").write_text(json.dumps(conda))
    execute(*command)
    by_script, by_files = (
        LocalWebservice(Workspace(workspace["SCOREDOCK_WORKSPACE"]), name) for name in ("dd-sentiment", "dd-files")
    )
    assert by_files.run({"text": "Today is a great day!"})["label"] == "POSITIVE"
    assert by_files.serialize()["image"] == by_script.serialize()["image"], "the same packages are one image"


def test_the_regression_is_updated_to_its_second_version(execute, tmp_path):
    features, target = load_diabetes(return_X_y=True)
    models = {name: Ridge(alpha=alpha).fit(features, target) for name, alpha in (("first", 0.03), ("second", 1))}
    for name, model in models.items():
        joblib.dump(model, tmp_path / f"{name}.pkl")
    (tmp_path / "outputs").mkdir()
    (tmp_path / "requirements.txt").write_text("azureml-defaults\nscikit-learn\njoblib\n")
    shutil.copy(PROJECT / "samples" / "sklearn-diabetes" / "score.py", tmp_path)
    printed = execute("diabetes.py")
    assert "registered: diabetes diabetes:1 1\n" in printed
    for name, model in models.items():
        answer = re.search(rf"^{name}: (.*)$", printed, re.MULTILINE)[1]
        assert json.loads(answer) == pytest.approx(model.predict(np.array(ROWS)).tolist())
    assert "\nstate: Healthy\n" in printed
    assert printed.endswith("left: [] diabetes:2\n")
