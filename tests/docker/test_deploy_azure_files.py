"""Files of Azure ML that are for other computes, deployed on this machine: version 2's YAML, and one for ACI."""

from __future__ import annotations

from scoredock.deploy import Environment, Workspace
from scoredock.deploy.local.bases import stock_image
from scoredock.deploy.local.engine import silent

SCORE = """
    import os
    from pathlib import Path

    import helper

    def init():
        global text
        text = next(Path(os.environ["AZUREML_MODEL_DIR"]).rglob("text.txt")).read_text()

    def run(data):
        beside = Path("words.txt").read_text()
        return {"text": text, "helper": helper.NAME, "beside": beside, "greeting": os.environ.get("GREETING")}
"""
DEPLOYMENT = """
    $schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json
    name: blue
    endpoint_name: ENDPOINT
    model:
      path: ../model
    code_configuration:
      code: ../code
      scoring_script: score.py
    environment:
      image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest
      conda_file:
        dependencies:
          - pip: [azureml-defaults]
    environment_variables:
      GREETING: hello
    instance_type: Standard_DS3_v2
    instance_count: 1
    request_settings:
      request_timeout_ms: 4000
    resources:
      limits: {cpu: "1", memory: 800Mi}
"""
ENDPOINT = """
    name: ENDPOINT
    auth_mode: key
    traffic: {blue: 100}
"""


def test_an_online_deployment_is_a_service(place):
    name = place.name()
    place.write("code/score.py", SCORE)
    place.write("code/helper.py", "NAME = 'helped'\n")
    place.write("code/words.txt", "said")
    place.write("model/text.txt", "v1")
    place.write("azure/deployment.yml", DEPLOYMENT.replace("ENDPOINT", name))
    place.write("azure/endpoint.yml", ENDPOINT.replace("ENDPOINT", name))
    done = place.cli("deploy", "-f", "azure/deployment.yml", "-f", "azure/endpoint.yml")
    for told in ("instance_type (line ", "nobody is asked for a key", f"Registered {place.folder}/model as {name}:1",
                 "scoredock:cpu stands for Azure's image mcr.microsoft.com/azureml/openmpi4.1.0"):  # fmt: skip
        assert told in done.err
    assert place.ask(name) == {"text": "v1", "helper": "helped", "beside": "said", "greeting": "hello"}
    host = place.container(name).attrs["HostConfig"]
    assert (host["NanoCpus"], host["Memory"]) == (10**9, 800 * 2**20)
    assert "SCORING_TIMEOUT_MS=4000" in place.container(name).attrs["Config"]["Env"]

    place.write("code/words.txt", "changed")
    place.cli("service", "reload", name)
    assert place.ask(name)["beside"] == "changed"

    place.write("model/text.txt", "v2")
    done = place.cli("deploy", "-f", "azure/deployment.yml", "--overwrite")
    assert f"as {name}:2" in done.err
    assert (place.ask(name)["text"], place.show(name)["models"]) == ("v2", [f"{name}:2"])

    place.cli("service", "update", name, "-m", f"{name}:1")
    assert place.ask(name) == {"text": "v1", "helper": "helped", "beside": "changed", "greeting": "hello"}
    assert place.container(name).attrs["HostConfig"]["Memory"] == 800 * 2**20


def test_a_file_for_aci_is_deployed_when_that_is_asked_for(place):
    place.script("def init():\n    pass\n\n\ndef run(data):\n    return 1\n")
    dc = {"computeType": "ACI", "containerResourceRequirements": {"cpu": 1, "memoryInGB": 0.5}, "authEnabled": True}
    place.write("aci.json", dc)
    name = place.name()
    done = place.deploy(name, "--dc", "aci.json", code=1)
    assert "Add --local to deploy it here" in done.err
    done = place.deploy(name, "--dc", "aci.json", "--local")
    assert "authEnabled: nobody is asked for a key" in done.err
    assert place.container(name).attrs["HostConfig"]["Memory"] == 2**29
    port = place.show(name)["port"]
    place.cli("service", "update", name, "--ic", "inferenceconfig.json")
    assert (place.show(name)["port"], place.container(name).attrs["HostConfig"]["NanoCpus"]) == (port, 10**9)


def test_a_build_of_a_folder_is_the_base(place, engine):
    name = place.name()
    place.script("def init():\n    pass\n\n\ndef run(data):\n    return [open('/opt/mark.txt').read()]\n")
    place.write("image/mark.txt", "from the folder")
    place.write("image/Dockerfile", f"FROM {stock_image(engine, 'cpu', silent)}\nCOPY mark.txt /opt/mark.txt\n")
    place.write("d.yml", f"""
        endpoint_name: {name}
        environment: {{build: {{path: image}}}}
        code_configuration: {{code: source, scoring_script: score.py}}
    """)  # fmt: skip
    place.cli("deploy", "-f", "d.yml")
    assert place.ask(name) == ["from the folder"]


def test_an_online_deployment_is_packaged_with_its_variables(place):
    place.write("code/score.py", SCORE)
    place.write("model/text.txt", "v1")
    place.write("azure/deployment.yml", DEPLOYMENT.replace("ENDPOINT", "packaged"))
    place.cli("package", "-f", "azure/deployment.yml", "--generate-dockerfile", "--output-path", "out")
    lines = (place.folder / "out/Dockerfile").read_text().splitlines()
    assert 'ENV GREETING="hello"' in lines
    assert 'ENV AZUREML_ENTRY_SCRIPT="score.py"' in lines
    assert (place.folder / "out/app/score.py").is_file()


def test_an_environment_is_registered_and_built(engine, tmp_path):
    workspace = Workspace(tmp_path / "workspace")
    environment = Environment("mine")
    environment.docker.base_image = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04"
    build = environment.build(workspace).wait_for_completion(show_output=False)
    assert (build.status, environment.version, list(workspace.environments)) == ("Succeeded", "1", ["mine"])
    assert engine.images.get(build.image)
    assert build.image == environment.build_local(workspace)
