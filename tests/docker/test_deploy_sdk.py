"""Scripts that were written for Azure ML's SDK v1, with their imports changed."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCORE = """
    import os
    import markupsafe
    from pathlib import Path

    from azureml.core.model import Model

    def init():
        global text
        text = Path(Model.get_model_path("text")).read_text()

    def run(data):
        return {"text": text, "script": "first", "variable": os.environ["GREETING"]}
"""
DEPLOY = """
    import json
    import sys
    import urllib.request
    from pathlib import Path

    from scoredock.deploy import (
        CondaDependencies, Environment, InferenceConfig, LocalWebservice, Model, Webservice, Workspace,
    )
    from scoredock.errors import DeployError

    name, port = sys.argv[1], int(sys.argv[2])
    ws = Workspace.from_config()
    model = Model.register(workspace=ws, model_path="one/text.txt", model_name="text", tags={"area": "test"})
    newer = Model.register(ws, "two/text.txt", "text")
    assert (model.id, newer.version) == ("text:1", 2)

    env = Environment(name="v1-env")
    env.python.conda_dependencies = CondaDependencies.create(pip_packages=["azureml-defaults", "MarkupSafe"])
    env.environment_variables = {"GREETING": "hello"}
    inference_config = InferenceConfig(entry_script="score.py", source_directory="source", environment=env)
    deployment_config = LocalWebservice.deploy_configuration(port=port)
    service = Model.deploy(ws, name, [model], inference_config, deployment_config)
    service.wait_for_deployment(show_output=True)
    assert service.state == "Healthy", service.state
    assert service.scoring_uri == f"http://localhost:{port}/score", service.scoring_uri
    assert service.port == port
    with urllib.request.urlopen(service.swagger_uri) as answer:
        assert json.load(answer)["swagger"] == "2.0"
    first = {"text": "v1", "script": "first", "variable": "hello"}
    assert service.run(json.dumps({"data": [1]})) == first
    assert service.run(input_data=bytes('{"data": [1]}', encoding="utf8")) == first
    assert "/score" in service.get_logs()
    assert len(service.get_logs(num_lines=2).splitlines()) == 2

    score = Path("source/score.py")
    score.write_text(score.read_text().replace("first", "second"))
    assert service.run("{}")["script"] == "first"
    service.reload()
    service.wait_for_deployment()
    assert service.run("{}") == {"text": "v1", "script": "second", "variable": "hello"}

    service.update(models=[newer])
    service.wait_for_deployment(show_output=True)
    assert service.run("{}")["text"] == "v2"
    assert service.port == port

    found = Webservice(ws, name)
    assert (found.name, found.state) == (name, "Healthy")
    assert [one.name for one in Webservice.list(ws)] == [name]
    assert LocalWebservice(ws, name).serialize()["models"] == ["text:2"]
    try:
        Model.deploy(ws, name, [model], inference_config, deployment_config)
    except DeployError as error:
        print("refused:", error)
    try:
        newer.delete()
    except DeployError as error:
        print("refused:", error)

    score.write_text("import nosuchmodule\\n")
    try:
        found.reload(wait=True)
    except DeployError as error:
        print("refused:", error)
    assert found.run("{}")["text"] == "v2"

    service.delete()
    assert Webservice.list(ws) == []
    try:
        Webservice(ws, name)
    except DeployError as error:
        print("gone:", error)
"""


@pytest.fixture
def port() -> str:
    from servers import free_port

    return str(free_port())


def run_script(place, name: str, port: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "deploy.py", name, port]
    return subprocess.run(
        command, cwd=place.folder, env=place.variables, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )


def test_a_v1_script_deploys_changes_and_deletes(place, port):
    place.script(SCORE)
    place.write("one/text.txt", "v1")
    place.write("two/text.txt", "v2")
    place.write("deploy.py", DEPLOY)
    name = place.name()
    done = run_script(place, name, port)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Local webservice is running at http://localhost:{port}" in done.stdout
    assert f"refused: there is a service {name} already" in done.stdout
    assert f"refused: The model text:2 is used by the service {name}" in done.stdout
    assert f"refused: {name} was not changed and answers as before" in done.stdout
    assert "nosuchmodule" in done.stdout
    assert f"gone: There is no service {name}" in done.stdout
    assert done.stderr == ""
    assert place.containers(name) == []


def test_a_script_is_told_why_its_service_failed(place, port):
    place.script("def init():\n    raise OSError('no licence')\n\ndef run(data):\n    return data\n")
    place.write(
        "deploy.py",
        """
        import sys
        from scoredock.deploy import InferenceConfig, LocalWebservice, Model, Workspace
        from scoredock.errors import ServiceFailed

        config = LocalWebservice.deploy_configuration(port=int(sys.argv[2]))
        inference = InferenceConfig(entry_script="source/score.py")
        service = Model.deploy(Workspace.get("any"), sys.argv[1], [], inference, config)
        try:
            service.wait_for_deployment(True)
        except ServiceFailed as error:
            print("told:", error)
        print("state:", service.state, service.error)
        print(service.get_logs())
        """,
    )
    done = run_script(place, place.name(), port)
    assert done.returncode == 0, done.stderr
    told = next(line for line in done.stdout.splitlines() if line.startswith("told:"))
    assert "is Failed: the container ended with exit code 3" in told
    assert "no licence" in told
    assert "state: Failed the container ended" in done.stdout
    assert "OSError: no licence" in done.stdout


def test_importing_the_names_needs_no_engine(place):
    """What a script imports and describes works without Docker; the engine is asked for when it is needed."""
    text = (
        "from scoredock.deploy import InferenceConfig, LocalWebservice, Model, Workspace\n"
        "LocalWebservice.deploy_configuration(port=1)\n"
        "Model.deploy(Workspace(), 'dt-none', [], InferenceConfig(entry_script='source/score.py'))\n"
    )
    variables = {**place.variables, "DOCKER_HOST": "unix:///nonexistent"}
    done = subprocess.run([sys.executable, "-c", text], cwd=place.folder, env=variables, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("scoredock.errors.EngineUnavailable: no Docker engine answers")


@pytest.mark.usefixtures("image")
def test_an_environment_is_built_by_itself(engine):
    from scoredock.deploy import Environment

    image = Environment.curated("scoredock-cpu").build_local()
    assert engine.images.get(image).labels["org.opencontainers.image.title"] == "scoredock"
