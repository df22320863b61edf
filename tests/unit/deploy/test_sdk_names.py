"""The names of Azure's SDK v1 that scripts import are there, and say what they cannot do."""

from __future__ import annotations

import pytest

from scoredock.deploy import (
    DEFAULT_CPU_IMAGE,
    DEFAULT_GPU_IMAGE,
    AciServiceDeploymentConfiguration,
    AciWebservice,
    AksEndpoint,
    AksWebservice,
    Environment,
    InferenceConfig,
    Model,
    ResourceConfiguration,
    Webservice,
    WebserviceException,
    Workspace,
)
from scoredock.errors import ConfigError, Refused


def test_configurations_of_aci_and_aks_have_the_arguments_that_were_given():
    aci = AciWebservice.deploy_configuration(cpu_cores=0.5, memory_gb=1, location=None)
    assert aci == AciServiceDeploymentConfiguration(cpu_cores=0.5, memory_gb=1)
    aks = AksWebservice.deploy_configuration(autoscale_enabled=True, autoscale_max_replicas=4, autoscale_min_replicas=1)
    assert aks.to_dict()["autoScaler"]["maxReplicas"] == 4
    endpoint = AksEndpoint.deploy_configuration(version_name="versiona", traffic_percentile=20)
    assert (endpoint.version_name, endpoint.traffic_percentile) == ("versiona", 20)


def test_a_value_that_a_configuration_cannot_have_is_refused():
    with pytest.raises(ConfigError, match="cpu_cores: expected a number above 0"):
        AciWebservice.deploy_configuration(cpu_cores=-1)


def test_deploying_to_aci_is_refused_with_what_works_instead(workspace):
    config = InferenceConfig(entry_script="score.py")
    with pytest.raises(Refused, match=r"LocalWebservice.deploy_configuration\(port=…\)"):
        Model.deploy(workspace, "service", [], config, AciWebservice.deploy_configuration(cpu_cores=1))


def test_a_model_is_registered_with_the_resources_that_it_needs(workspace, tree):
    folder = tree("models", {"a.bin": "content"})
    wish = ResourceConfiguration(cpu=1, memory_in_gb=0.5)
    model = Model.register(workspace, model_path=folder, model_name="a", resource_configuration=wish)
    assert {type(one) for one in (model, *Model.list(workspace))} == {Model}
    assert Model(workspace, "a").resource_configuration == model.resource_configuration == wish


# -- names that programs use around a deployment ------------------------------------------------------------------


def test_a_workspace_has_what_it_holds_by_name(tmp_path, monkeypatch, tree):
    monkeypatch.setenv("SCOREDOCK_WORKSPACE", str(tmp_path / "workspace"))
    ws = Workspace.create("mine", subscription_id="s", resource_group="g", exist_ok=True)
    assert Workspace.create("mine").location == ws.location == Workspace.from_config().location
    assert (ws.models, ws.environments, ws.webservices) == ({}, {}, {})
    for _ in range(2):
        Model.register(ws, model_path=tree("models", {"a.bin": "content"}), model_name="a")
    Environment("tables").register(ws)
    assert {name: (type(one), one.version) for name, one in ws.models.items()} == {"a": (Model, 2)}
    assert {name: (type(one), one.version) for name, one in ws.environments.items()} == {"tables": (Environment, "1")}
    details = Workspace("s", "g", "mine").get_details()
    assert (details["name"], details["subscriptionId"], details["resourceGroup"]) == ("mine", "s", "g")


def test_environments_are_made_as_programs_make_them(write, tmp_path, problems):
    requirements = write("requirements.txt", "nltk\n")
    environment = Environment.from_pip_requirements("a", requirements, pip_version="20.1")
    assert environment.requirements().pip == ("nltk",)
    text = "FROM python:3.12-slim\nRUN true\n"
    for dockerfile in (text, write("Dockerfile", text), tmp_path / "Dockerfile"):
        made = Environment.from_dockerfile("a", dockerfile, pip_requirements=requirements)
        assert (made.docker.base_dockerfile, made.requirements().pip) == (text, ("nltk",))
    assert Environment.from_dockerfile("a", text).python.user_managed_dependencies
    conda = write("c.yml", "dependencies: [a]")
    made = Environment.from_docker_image("a", "python:3.12-slim", conda_specification=conda)
    assert (made.docker.base_image, made.requirements().conda) == ("python:3.12-slim", ("a",))
    (found,) = problems(Environment.from_docker_image, "a", "b", None, "c.yml", requirements)
    assert "expected at most one of conda_specification and pip_requirements" in found
    environment.docker.base_image = DEFAULT_CPU_IMAGE
    assert environment.get_image_details(None) == {
        "name": "a", "version": None, "baseImage": "scoredock:cpu", "python": None, "pip": ["nltk"], "conda": [],
    }  # fmt: skip
    assert DEFAULT_GPU_IMAGE == "scoredock:cuda"


def test_programs_catch_errors_by_the_sdk_s_name(workspace):
    with pytest.raises(WebserviceException) as raised:
        Model(workspace, "gone")
    assert raised.value.message == str(raised.value)


@pytest.mark.parametrize(
    ("call", "instead"),
    [
        (Webservice.deploy_from_model, "Model.deploy"),
        (Webservice.deploy_from_image, "Model.deploy"),
        (Webservice.deploy, "Model.deploy"),
        (Model.profile, "/metrics"),
    ],
)
def test_calls_that_are_not_there_say_what_is(call, instead):
    with pytest.raises(Refused, match=instead):
        call(workspace=None, name="a", models=[], image_config=None)
