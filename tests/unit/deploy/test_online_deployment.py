"""Online deployments of version 2: every form of their files, what becomes of each key, what is refused."""

from __future__ import annotations

import pytest

from scoredock.deploy.config.environment import EnvironmentReference
from scoredock.deploy.config.online_deployment import OnlineModel, load_online_deployment
from scoredock.deploy.config.references import Reference, parse_reference
from scoredock.deploy.config.stand_in import in_place_of_azures
from scoredock.deploy.registry.registered_once import registered_once

MANAGED = """\
$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json
name: blue
endpoint_name: sentiment
model:
  path: ../model/
code_configuration:
  code: ../scoring
  scoring_script: score.py
environment:
  conda_file: ../conda.yaml
  image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest
environment_variables:
  GREETING: hello
  LEVEL: 3
instance_type: Standard_DS3_v2
instance_count: 1
"""


@pytest.fixture
def files(write):
    """A deployment's files, as they lie beside each other; write its YAML, and read it."""
    write("project/scoring/score.py", "")
    write("project/model/a.txt", "a")
    write("project/conda.yaml", "dependencies: [python=3.11, pip, {pip: [nltk]}]\n")
    write("project/deploy/endpoint.yml", "name: sentiment\nauth_mode: Key\ntraffic: {blue: 90, green: 10}\n")
    return lambda text, *more, **how: load_online_deployment([write("project/deploy/d.yml", text), *more], **how)


def test_a_managed_deployment_is_a_service(files, tmp_path):
    found = files(MANAGED)
    project = tmp_path / "project"
    assert (found.service, found.needs_cluster) == ("sentiment", False)
    assert found.model == OnlineModel(path=project / "model", name="sentiment")
    found.config.check_files()
    assert found.config.script_path.resolve() == project / "scoring/score.py"
    assert found.config.environment.requirements().pip == ("nltk",)
    assert in_place_of_azures(found.config.environment).docker.base_image == "scoredock:cpu"
    assert found.deployment.environment_variables == {"GREETING": "hello", "LEVEL": "3"}
    assert found.warnings == ()
    assert found.notes == (
        "project/deploy/d.yml: without effect on this machine, where a service is one container: instance_type "
        "(line 15), instance_count (line 16).",
    )
    own = MANAGED.replace("mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest", "scoredock:cpu")
    assert files(own, strict=True).notes == found.notes


def test_its_endpoint_says_what_needs_a_cluster(files):
    found = files(MANAGED, "project/deploy/endpoint.yml")
    assert found.notes[-2:] == (
        "project/deploy/endpoint.yml: auth_mode: nobody is asked for a key, since a local service answers on this "
        "machine only.",
        "project/deploy/endpoint.yml: traffic: one deployment gets all requests on this machine; shares of them need a "
        "cluster.",
    )


def test_a_kubernetes_deployment_needs_a_cluster_and_has_limits(files, write):
    found = files("""\
        name: blue
        type: kubernetes
        endpoint_name: sentiment
        model: azureml:mine:3
        code_configuration: {code: ../scoring, scoring_script: score.py}
        environment: azureml:tables@latest
        request_settings: {request_timeout_ms: 3000, max_queue_wait_ms: 700, max_concurrent_requests_per_instance: 1}
        resources:
          requests: {cpu: "0.1", memory: 0.1Gi}
          limits: {cpu: 500m, memory: 512Mi, nvidia.com/gpu: 1}
        liveness_probe: {period: 5}
        tags: {a: b}
    """)
    assert found.needs_cluster
    assert found.model == OnlineModel(id="mine:3")
    assert found.config.environment == EnvironmentReference("tables")
    assert (found.deployment.cpu_cores, found.deployment.memory_gb) == (0.5, 0.5)
    assert found.deployment.environment_variables == {
        "SCORING_TIMEOUT_MS": "3000",
        "SCOREDOCK_MAX_QUEUE_WAIT_MS": "700",
    }
    assert [warning.partition(": ")[0] for warning in found.warnings] == [
        "project/deploy/d.yml, line 10, resources.limits.nvidia.com/gpu"
    ]
    assert "liveness_probe (line 11)" in found.notes[0]
    write("k8s.yml", "name: sentiment\ncompute: azureml:cluster\n")
    assert files(MANAGED, "k8s.yml").needs_cluster


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("azureml:mine:3", Reference("mine", "3")),
        ("azureml:mine@latest", Reference("mine")),
        ("mine:3", Reference("mine", "3")),
        ("azureml:env:2023-10-04-18:15:00", Reference("env", "2023-10-04-18:15:00")),
        ("azureml://registries/azureml/environments/sklearn-1.5/labels/latest",
         Reference("sklearn-1.5", None, "azureml")),
        ("azureml:/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w/models/m/"
         "versions/4", Reference("m", "4")),
        ("./model", None),
        ("runs:/1/model", None),
    ],
)  # fmt: skip
def test_references_are_read(text, expected):
    assert parse_reference(text) == expected


def head(**sections: str) -> str:
    """A deployment whose sections are these, and else what is needed."""
    lines = {"endpoint_name": "sentiment", "code_configuration": "{code: ../scoring, scoring_script: score.py}"}
    return "".join(f"{key}: {value}\n" for key, value in {**lines, **sections}.items())


@pytest.mark.parametrize(
    ("environment", "image", "pip"),
    [
        ("{image: python:3.12-slim}", "python:3.12-slim", ()),
        ("{name: a, version: 1, image: python:3.12-slim, conda_file: ../conda.yaml}", "python:3.12-slim", ("nltk",)),
        ("{conda_file: {name: x, dependencies: [{pip: [nltk]}]}}", None, ("nltk",)),
        ("{name: old, path: ., docker: {image: python:3.12-slim}, conda_file: file:../conda.yaml}", "python:3.12-slim",
         ("nltk",)),
        ("file:env.yml", "python:3.12-slim", ("nltk",)),
        ("azureml:AzureML-minimal-ubuntu22.04-py39-cpu-inference@latest", "scoredock:cpu", ()),
        ("azureml://registries/azureml/environments/sklearn-1.5/labels/latest", "scoredock:cpu",
         ("joblib", "pandas", "scikit-learn")),
    ],
)  # fmt: skip
def test_every_form_of_an_environment_is_read(files, write, environment, image, pip):
    write("project/deploy/env.yml", "name: mine\nimage: python:3.12-slim\nconda_file: ../conda.yaml\n")
    found = files(head(environment=environment)).config.environment
    assert (found.docker.base_image, found.requirements().pip) == (image, pip)


def test_a_build_has_its_folder(files, write, tmp_path):
    write("project/image/Dockerfile", "FROM python:3.12-slim\nCOPY a /a\n")
    docker = files(head(environment="{build: {path: ../image}}")).config.environment.docker
    assert docker.base_dockerfile == "FROM python:3.12-slim\nCOPY a /a\n"
    assert docker.build_context == {
        "locationType": "local",
        "location": str(tmp_path / "project/image"),
        "dockerfilePath": "Dockerfile",
    }


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("azureml:mine@latest", OnlineModel(id="mine")),
        ("azureml://registries/azureml/models/mine/versions/2", OnlineModel(id="mine:2")),
        ("{path: azureml:mine:2}", OnlineModel(id="mine:2")),
        ("{name: sent, version: 4, path: ../model/a.txt, type: custom_model}", "sent"),
        ("{name: sent, local_path: ../model}", "sent"),
    ],
)
def test_every_form_of_a_model_is_read(files, model, expected):
    found = files(head(model=model)).model
    assert (
        found == expected
        if isinstance(expected, OnlineModel)
        else (found.name, found.path.exists()) == (expected, True)
    )


def test_the_preview_form_with_deployments_in_the_endpoint_is_read(files, write):
    text = """\
        $schema: https://azuremlschemas.azureedge.net/latest/managedOnlineEndpoint.schema.json
        name: sentiment
        type: online
        auth_mode: key
        traffic: {blue: 100}
        deployments:
          - name: blue
            model: {name: m, version: 1, local_path: ../model/a.txt}
            code_configuration: {code: {local_path: ../scoring}, scoring_script: score.py}
            environment: {name: e, version: 1, path: ., conda_file: file:../conda.yaml, docker: {image: "python:3.12"}}
            instance_type: Standard_F2s_v2
            scale_settings: {scale_type: manual, instance_count: 1}
    """
    found = files(text)
    assert (found.service, found.model.name, found.config.environment.docker.base_image) == (
        "sentiment",
        "m",
        "python:3.12",
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (head(code_configuration="{code: ../scoring}"), "code_configuration: expected code and scoring_script, got no "
         "script: a model without a script is not deployed: write one with init() and run() that loads it."),
        ("endpoint_name: a-b\nenvironment:\n  image: x\n  inference_config: {scoring_route: {port: 8080, path: /}}\n",
         "code_configuration: expected code and scoring_script, got no script: a server of its own in the image is run "
         "by the engine: docker run."),
        (head(code_configuration="{code: ../scoring, scoring_script: plumber.R}"), "line 2, "
         "code_configuration.scoring_script: expected a script of Python, got 'plumber.R'."),
        (head(code_configuration="{code: azureml:code:1, scoring_script: score.py}"), "line 2, "
         "code_configuration.code: expected a folder, got azureml:code:1, which Azure keeps: download it."),
        (head(model="{path: gone}"), "line 3, model.path: expected a file or a folder, got gone: there is none at "),
        (head(model="{path: 'runs:/1/model'}"), "line 3, model: expected azureml:NAME:VERSION, azureml:NAME@latest or "
         "a path (model: {path: …}), got the text 'runs:/1/model'. What Azure keeps elsewhere: download it, and give "),
        (head(model="{name: m}"), "line 3, model: expected a path, or a model of the workspace (azureml:NAME:VERSION)"),
        (head(environment="{conda_file: gone.yml}"), "line 3, environment.conda_file: expected a file, got gone.yml: "),
        (head(environment="{name: e}"), "line 3, environment: expected an image, a build or a conda_file, got none of"),
        (head(environment="{image: a, build: {path: ../scoring}}"), "line 3, environment: expected at most one of ima"),
        (head(environment="azureml:AzureML-pytorch-1.10-ubuntu18.04-py38-cuda11-gpu@latest"), "line 3, environment: "
         "expected an environment that scoredock has, got 'AzureML-pytorch-1.10-ubuntu18.04-py38-cuda11-gpu', which "),
        (head(environment="{image: 'mcr.microsoft.com/azureml/curated/foundation-model-inference:6'}"), "line 3, "
         "environment.image: expected an image that scoredock can build on, got 'mcr.microsoft.com/azureml/curated/f"),
        (head(resources="{limits: {cpu: lots}}"), "line 3, resources.limits.cpu: expected an amount such as 0.5, 500m"),
        ("deployments: []\nauth_mode: key\nname: a\n", "line 1: expected one deployment for the endpoint, got none"),
        ("name: a\ndeployments: [{}, {}]\n", "line 2: expected one deployment for the endpoint, got 2: put the one to"),
    ],
)  # fmt: skip
def test_what_cannot_be_deployed_is_told_with_its_line(files, problems, text, problem):
    found = problems(files, text)
    assert any(f"d.yml, {problem}" in line or f"d.yml, line 1, {problem}" in line for line in found), found


def test_unknown_keys_are_warnings(files, problems):
    (warning,) = files(head(scoring_scrip="a")).warnings
    assert warning.startswith(
        "project/deploy/d.yml, line 3, scoring_scrip: ignored, since the online deployment has no "
    )
    assert len(problems(files, head(scoring_scrip="a"), strict=True)) == 1


def test_an_endpoint_of_another_name_is_an_error(files, write, problems):
    write("other.yml", "name: other\nauth_mode: key\n")
    (found,) = problems(files, MANAGED, "other.yml")
    assert "line 3, endpoint_name: expected the endpoint of other.yml, other, got sentiment." in found
    assert problems(files, MANAGED, "project/deploy/d.yml")[0].startswith(
        "-f: expected one deployment, and one endpoint "
    )


@pytest.mark.parametrize("name", ["My_Endpoint", "<ENDPOINT_NAME>", "a"])
def test_a_name_that_no_service_can_have_is_left_to_the_caller(files, name):
    found = files(head(endpoint_name=f"'{name}'", model="{path: ../model}"))
    assert (found.service, found.model.name) == (None, "model")


def test_a_models_files_are_registered_once(workspace, tree):
    folder = tree("model", {"a.txt": "one"})
    first, is_new = registered_once(workspace, folder, "mine")
    assert (first.id, is_new) == ("mine:1", True)
    assert registered_once(workspace, folder, "mine")[0].id == "mine:1"
    assert registered_once(workspace, folder / "a.txt", "mine")[0].id == "mine:2"
    tree("model", {"a.txt": "two"})
    assert registered_once(workspace, folder, "mine")[0].id == "mine:3"
