"""A model's way through the command line: registered, deployed, asked, changed under load, deleted."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time

import httpx
import pytest
from containers import PROJECT
from deployments import load

from certificates import issue
from servers import wait_until

SAMPLE = PROJECT / "samples" / "sklearn-diabetes"
MODEL_TEXT = """
    from pathlib import Path

    from azureml.core.model import Model

    def init():
        global text
        text = Path(Model.get_model_path("text")).read_text()
        if text == "broken":
            raise ValueError("this model is broken")

    def run(data):
        return text
"""
PACKAGES = ["python=3.11", {"pip": ["scikit-learn", "joblib"]}]


@pytest.fixture
def deployed(place):
    """A function: register these two models of one text, and deploy the first; returns the service's name."""

    def deploy(first: str, second: str) -> str:
        place.script(MODEL_TEXT)
        place.register("text", "one/text.txt", first)
        place.register("text", "two/text.txt", second)
        name = place.name()
        place.deploy(name, "-m", "text:1")
        return name

    return deploy


def test_a_model_is_deployed_asked_and_deleted(place):
    shutil.copytree(SAMPLE, place.folder / "source", ignore=shutil.ignore_patterns("model"), dirs_exist_ok=True)
    subprocess.run([sys.executable, "source/make_model.py"], cwd=place.folder, check=True, capture_output=True)
    python = {"condaDependencies": {"dependencies": PACKAGES}}
    config = {"entryScript": "score.py", "sourceDirectory": "source", "environment": {"name": "sk", "python": python}}
    place.write("inferenceconfig.json", config)
    place.write("deploymentconfig.json", {"computeType": "local"})
    place.cli("model", "register", "-n", "diabetes", "-p", "source/model/sklearn_regression_model.pkl")
    name, data = place.name(), (place.folder / "source" / "request.json").read_text()

    first = place.deploy(name, "-m", "diabetes:1", "--dc", "deploymentconfig.json")
    assert first.out.startswith(f"{name} is Healthy: http://localhost:")
    assert "Local webservice is running at" in first.err
    (answer,) = place.ask(name, data)
    assert 150 < answer < 250

    shown = place.show(name)
    assert shown["name"] == name
    assert shown["state"] == "Healthy"
    assert shown["models"] == ["diabetes:1"]
    assert shown["image"].startswith("scoredock-env:")
    assert shown["created"] == shown["updated"]
    assert shown["error"] is None
    assert httpx.post(shown["scoring_uri"], json=json.loads(data)).json() == [answer]
    assert httpx.get(shown["swagger_uri"]).json()["swagger"] == "2.0"
    listed = json.loads(place.cli("service", "list", "-o", "json").out)
    assert [(one["name"], one["state"]) for one in listed] == [(name, "Healthy")]
    assert "/score" in place.cli("service", "logs", name).out

    refused = place.deploy(name, "-m", "diabetes:1", code=1)
    assert "--overwrite" in refused.err
    assert "is Healthy" in refused.err
    python["condaDependencies"]["dependencies"] = ["python=3.11", {"pip": ["JobLib", "Scikit_Learn"]}]
    place.write("inferenceconfig.json", config)
    again = place.deploy(name, "-m", "diabetes:1", "--overwrite")
    assert f"The environment is unchanged: {shown['image']}" in again.err
    assert "Step " not in again.err
    assert place.show(name)["port"] == shown["port"]

    assert place.cli("service", "delete", name).out == f"Deleted {name}\n"
    assert place.containers(name) == []
    assert not list(place.folder.glob(f"cache/scoredock/*/services/{name}"))
    assert place.cli("service", "list", "-o", "json").out == "[]\n"
    assert f"no service {name}" in place.cli("service", "show", name, code=1).err


def test_reload_takes_the_new_script_and_builds_nothing(place):
    name = place.name()
    place.deploy(name)
    assert place.ask(name, '{"data": 1}') == {"data": 1}
    image = place.show(name)["image"]
    place.script("def init():\n    pass\n\ndef run(data):\n    return 'anew'\n")
    done = place.cli("service", "reload", name)
    assert place.cli("service", "run", name, "-d", "{}").out == "anew\n"
    assert "Step " not in done.err
    assert place.show(name)["image"] == image


def test_a_service_with_a_certificate_is_called_by_https(place):
    issued = issue(place.folder / "source")
    names = {"SCOREDOCK_TLS_CERTIFICATE": issued.chain.name, "SCOREDOCK_TLS_KEY": issued.key_file.name}
    variables = {variable: f"/var/azureml-app/source/{name}" for variable, name in names.items()}
    environment = {"name": "tls", "environmentVariables": variables}
    config = {"entryScript": "score.py", "sourceDirectory": "source", "environment": environment}
    place.write("inferenceconfig.json", config)
    name = place.name()
    done = place.deploy(name)
    address = f"https://localhost:{place.show(name)['port']}"
    assert done.out == f"{name} is Healthy: {address}/score\n"
    assert f"Local webservice is running at {address}\n" in done.err
    assert place.ask(name, "[1]") == [1]


def test_an_update_under_load_loses_no_request(place, deployed):
    name = deployed("v1", "v2")
    with load(place.show(name)["scoring_uri"]) as seen:
        wait_until(lambda: len(seen.answers) > 20, what="answers of the old one")
        place.cli("service", "update", name, "-m", "text:2")
        at_the_end = len(seen.answers)
        wait_until(lambda: len(seen.answers) > at_the_end + 50, what="answers of the new one")
    assert seen.failures == []
    assert set(seen.answers) == {"v1", "v2"}
    assert seen.answers[0] == "v1"
    assert set(seen.answers[at_the_end + 4 :]) == {"v2"}, "the old one still answers after the command has ended"
    assert len(place.containers(name)) == 2
    assert place.show(name)["models"] == ["text:2"]


def test_a_broken_update_changes_nothing_under_load(place, deployed):
    name = deployed("v1", "broken")
    before = place.show(name)
    with load(before["scoring_uri"]) as seen:
        model = place.cli("service", "update", name, "-m", "text:2", code=1)
        place.script("def init(:\n")
        script = place.cli("service", "reload", name, code=1)
        done = len(seen.answers)
        time.sleep(0.2)
    assert "this model is broken" in model.err
    assert "score.py" in script.err
    for told in (model, script):
        assert f"{name} was not changed and answers as before" in told.err
    assert seen.failures == []
    assert set(seen.answers) == {"v1"}
    assert len(seen.answers) > done
    assert len(place.containers(name)) == 2
    assert place.show(name) == before
