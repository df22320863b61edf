"""Files of Azure ML as people have them: what its own readers pass over is told, and the rest is deployed."""

from __future__ import annotations

import json

import pytest

from scoredock.deploy import AciServiceDeploymentConfiguration, Environment, InferenceConfig, Workspace
from scoredock.deploy.config.deployment_config import load_deployment_config
from scoredock.deploy.config.document import load as load_document
from scoredock.deploy.config.stand_in import in_place_of_azures
from scoredock.errors import ConfigError

TEMPLATE = """\
entryScript: score.py
runtime: python
condaFile: env.yml
extraDockerfileSteps:
schemaFile:
dependencies:
sourceDirectory: .
enableGpu: False
baseImage:
baseImageRegistry:
"""


def as_file(write, name, content):
    return write(name, content if isinstance(content, str) else json.dumps(content, indent=1))


@pytest.fixture
def script(write):
    write("score.py", "")
    write("env.yml", "dependencies: [pip, {pip: [azureml-defaults, nltk]}]\n")


def test_a_template_with_empty_keys_is_taken(write, script):
    config = InferenceConfig.load(write("inferenceConfig.yml", TEMPLATE))
    config.check_files()
    assert config.described_environment().requirements().pip == ("nltk",)
    assert config.warnings == (
        "inferenceConfig.yml, line 5, schemaFile: ignored, since it means nothing to Azure ML either: the script's "
        "decorators say what it takes.",
        "inferenceConfig.yml, line 6, dependencies: ignored, since it means nothing to Azure ML either: the files "
        "of sourceDirectory come along.",
    )
    with pytest.raises(ConfigError) as raised:
        InferenceConfig.load("inferenceConfig.yml", strict=True)
    assert [problem.key for problem in raised.value.problems] == ["schemaFile", "dependencies"]


@pytest.mark.parametrize(
    ("content", "warning"),
    [
        ('{"computeType": "aks",\n"sslEnabled": false}', "line 2, sslEnabled: ignored, since it has no effect in AKS, "
         "where TLS is the cluster's."),
        ('{"computeType": "AKS",\n"ComputeTarget": "mine"}', "line 2, ComputeTarget: ignored, since the AKS deployment "
         "configuration has no such key. Did you mean computeTargetName?"),
        ('{"computeType": "aks",\n"maxQueueWaitsMs": 5}', "line 2, maxQueueWaitsMs: ignored, since the AKS deployment "
         "configuration has no such key. Did you mean maxQueueWaitMs?"),
        ('{"computeType": "ACI",\n"enableAppInsights": "True"}', "line 2, enableAppInsights: ignored, since it is an "
         "argument of the SDK; the key of a file is appInsightsEnabled."),
        ('{"computeType": "aci",\n"cpu_cores": 1}', "line 2, cpu_cores: ignored, since the ACI deployment "
         "configuration has no such key. Did you mean containerResourceRequirements.cpu?"),
        ('{"computeType": "aci",\n"authEnabled": "True"}', "line 2, authEnabled: expected true without quotes, got the "
         "text 'True'; it counts as that."),
        ('{"computeType": "aci", "containerResourceRequirements": {\n"cpu": "0.5"}}', "line 2, "
         "containerResourceRequirements.cpu: expected 0.5 without quotes, got the text '0.5'; it counts as that."),
        ('{"computeType": "local",\n"port": "8890"}', "line 2, port: expected 8890 without quotes, got the text '889"),
        ('{"computeType": "local",\n"numReplicas": 3}', "line 2, numReplicas: ignored, since it belongs to AKS."),
        ('{"computeType": "aks",\n"namespace": ""}', "line 2, namespace: expected a value, got empty text; it counts "
         "as not set."),
        ('{"computeType": "aks",\n"authEnabled": true,\n"authEnabled": true}', "line 3, authEnabled: expected each key "
         "once, got it on line 2 too, with the same value. Take one out."),
        ('{"computeType": "aks",\n"aadAuthEnabled": false,\n"tokenAuthEnabled": false}', "line 3, "
         "tokenAuthEnabled: expected one spelling of the same key, got aadAuthEnabled (line 2) too. Take one out."),
        ('{"computeType": "aci",\n"whatever": null}', "line 2, whatever: ignored, since the ACI deployment "
         "configuration has no such key."),
    ],
)  # fmt: skip
def test_what_means_nothing_to_a_deployment_is_a_warning(write, problems, content, warning):
    file = write("dc.json", content)
    (found,) = load_deployment_config(file).warnings
    assert found.startswith(f"dc.json, {warning}")
    assert len(problems(load_deployment_config, file, strict=True)) == 1


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"computeType": "aks",\n"authEnabled": true,\n"authEnabled": false}', "expected each key once, got 'authE"),
        ('{"computeType": "aks",\n"aadAuthEnabled": true,\n"tokenAuthEnabled": false}', "expected one spelling of the"),
        ('{"computeType": "aks",\n"authEnabled": "maybe"}', "expected true or false, got the text 'maybe'."),
        ('{"computeType": "aci",\n"sslEnabled": true}', "expected a value that sslEnabled (line 2) needs, got sslCert"),
    ],
)  # fmt: skip
def test_what_would_deploy_something_else_stays_an_error(write, content, problem):
    with pytest.raises(ConfigError) as raised:
        load_deployment_config(write("dc.json", content))
    assert problem in raised.value.problems[0].text


def test_keys_at_the_top_that_azure_reads_there_are_read(write):
    top = {"vnetName": "net", "subnetName": "sub", "vaultBaseUrl": "https://v", "keyName": "n", "keyVersion": "1"}
    config = load_deployment_config(as_file(write, "dc.json", {"computeType": "ACI", **top}))
    assert isinstance(config, AciServiceDeploymentConfiguration)
    assert (config.vnet_name, config.subnet_name, config.cmk_key_name) == ("net", "sub", "n")
    config = load_deployment_config(as_file(write, "dc.json", {"computeType": "AKSENDPOINT", "computeTargetName": "a"}))
    assert (config.compute_type, config.compute_target_name, config.warnings) == ("aks", "a", ())


def test_arguments_in_python_stay_strict(problems):
    assert problems(AciServiceDeploymentConfiguration, auth_enabled="true", dns_name_label=3) != []
    (found,) = problems(Environment.from_dict, {"name": "a", "pyton": {}})
    assert found == "environment, pyton: expected a key of the environment, got an unknown one. Did you mean python?"


def test_a_placeholder_that_nobody_replaced_is_told(write, problems):
    (found,) = problems(load_document, write("d.yml", "name: blue\nendpoint_name: {{ENDPOINT}}\n"))
    assert found.endswith("line 2: expected text as a key, got a list or an object. Where {{NAME}} is to be replaced, "
                          "put its value.")  # fmt: skip


# -- for another compute, on this machine -------------------------------------------------------------------------


def test_a_file_for_aci_says_what_a_local_service_may_use(write):
    file = as_file(write, "aci.json", {
        "computeType": "ACI", "containerResourceRequirements": {"cpu": 0.5, "memoryInGB": 1.5}, "authEnabled": True,
        "location": "westeurope", "appInsightsEnabled": True, "sslEnabled": False, "description": "mine",
    })  # fmt: skip
    config = load_deployment_config(file, {"port": 8890}, local=True)
    assert (config.compute_type, config.port, config.cpu_cores, config.memory_gb) == ("local", 8890, 0.5, 1.5)
    assert config.notes == (
        "aci.json: authEnabled: nobody is asked for a key, since a local service answers on this machine only.",
        "aci.json: without effect on this machine, where a service is one container: appInsightsEnabled, location.",
    )


def test_a_file_for_aks_limits_what_it_limits(write):
    file = as_file(write, "aks.json", {
        "computeType": "AKS", "numReplicas": 3, "scoringTimeoutMs": 2000, "maxQueueWaitMs": 700, "authEnabled": False,
        "containerResourceRequirements": {"cpu": 0.1, "memoryInGB": 0.5, "memoryInGBLimit": 2},
    })  # fmt: skip
    config = load_deployment_config(file, local=True)
    assert (config.cpu_cores, config.memory_gb) == (None, 2.0)
    assert config.environment_variables == {"SCORING_TIMEOUT_MS": "2000", "SCOREDOCK_MAX_QUEUE_WAIT_MS": "700"}
    (note,) = config.notes
    assert note.endswith("one container: containerResourceRequirements.cpu, containerResourceRequirements.memoryInGB, "
                         "numReplicas.")  # fmt: skip


# -- paths --------------------------------------------------------------------------------------------------------


def test_files_are_looked_for_from_the_files_folder_then_from_the_current_one(write, tmp_path):
    write("src/score.py", "")
    write("env.yml", "dependencies: [{pip: [nltk]}]\n")
    content = {"entryScript": "score.py", "sourceDirectory": "src"}
    config = InferenceConfig.load(as_file(write, "config/ic.json", content))
    config.check_files()
    assert config.script_path == tmp_path / "src/score.py"
    assert config.notes == (
        f"config/ic.json, line 3, sourceDirectory: {tmp_path}/src is taken, from the current folder; the file's own "
        "has none.",
    )
    config = InferenceConfig.load(
        as_file(write, "config/ic.json", {"entryScript": "src/score.py", "condaFile": "env.yml"})
    )
    assert config.described_environment().requirements().pip == ("nltk",)
    write("config/env.yml", "dependencies: [{pip: [pandas]}]\n")
    (tmp_path / "env.yml").unlink()
    config = InferenceConfig.load("config/ic.json")
    assert config.described_environment().requirements().pip == ("pandas",)


def test_the_file_s_own_folder_needs_no_word(write):
    write("config/score.py", "")
    write("score.txt", "")
    config = InferenceConfig.load(as_file(write, "config/ic.json", {"entryScript": "score.py", "sourceDirectory": "."}))
    config.check_files()
    assert config.notes == ()


@pytest.mark.parametrize("folder", [None, "."])
def test_two_files_of_one_name_are_an_error(write, tmp_path, problems, folder):
    for name in ("score.py", "config/score.py"):
        write(name, "")
    content = {"entryScript": "score.py", "sourceDirectory": folder}
    (found,) = problems(InferenceConfig.load, as_file(write, "config/ic.json", content))
    key = "line 3, sourceDirectory" if folder else "line 2, entryScript"
    assert found.startswith(f"config/ic.json, {key}: expected a path that leads to one place, got {tmp_path}/config")
    assert found.endswith("Give a whole path.")


def test_a_missing_file_is_told_with_both_places(write, tmp_path, problems):
    config = InferenceConfig.load(as_file(write, "config/ic.json", {"entryScript": "score.py"}))
    (found,) = problems(config.check_files)
    assert found == (
        f"config/ic.json, line 2, entryScript: expected a file, got {tmp_path}/config/score.py, where there is none, "
        f"nor at {tmp_path}/score.py. Relative paths start from {tmp_path}/config or the current folder."
    )
    named = {"name": "a", "python": {"condaDependenciesFile": "gone.yml"}}
    (found,) = problems(InferenceConfig.load, as_file(write, "ic.json", {"entryScript": "s.py", "environment": named}))
    assert found.startswith(
        "ic.json, line 6, environment.python.condaDependenciesFile: expected a file, got gone.yml: "
    )


# -- environments -------------------------------------------------------------------------------------------------

SAVED = {
    "name": "AzureML-AutoML",
    "version": "132",
    "environmentVariables": {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"},
    "python": {"userManagedDependencies": False, "interpreterPath": "python", "condaDependenciesFile": None,
               "baseCondaEnvironment": None},
    "docker": {"enabled": True, "baseImage": "mcr.microsoft.com/azureml/openmpi3.1.2-ubuntu18.04:20230103.v1",
               "baseDockerfile": None, "buildContext": None, "sharedVolumes": True, "shmSize": None, "arguments": [],
               "gpuSupport": False,
               "baseImageRegistry": {"address": None, "username": None, "password": None, "registryIdentity": None},
               "platform": {"os": "Linux", "architecture": "amd64"}},
    "spark": {"repositories": [], "packages": [], "precachePackages": True},
    "databricks": {"mavenLibraries": [], "pypiLibraries": []},
    "r": None,
    "inferencingStackVersion": None,
    "assetId": "azureml://registries/azureml/environments/AzureML-AutoML/versions/132",
}  # fmt: skip


def test_what_azure_saved_is_loaded_under_another_name(write, tmp_path):
    as_file(write, "env/azureml_environment.json", SAVED)
    write("env/conda_dependencies.yml", "dependencies:\n- python=3.11\n- pip:\n  - pandas\n")
    with pytest.warns(UserWarning) as warned:
        environment = Environment.load_from_directory(tmp_path / "env")
    assert environment.name == "copy-of-AzureML-AutoML"
    told = [str(warning.message).partition("azureml_environment.json, ")[2] for warning in warned]
    assert told == [
        "line 21, docker.gpuSupport: ignored, since the environment has no such key.",
        "line 2, name: expected another name than 'AzureML-AutoML', since names of that kind are Azure's own; "
        "copy-of-AzureML-AutoML is taken.",
    ]
    resolved = in_place_of_azures(environment)
    assert (resolved.docker.base_image, resolved.requirements().pip) == ("scoredock:cpu", ("pandas",))


def test_a_saved_dockerfile_counts(write, tmp_path):
    described = {"name": "mine", "docker": {"baseImage": None}, "python": {"condaDependenciesFile": "gone.yml"}}
    as_file(write, "env/azureml_environment.json", described)
    write("env/BaseDockerfile", "FROM python:3.12-slim\n")
    write("env/conda_dependencies.yml", "dependencies: []\n")
    assert Environment.load_from_directory(tmp_path / "env").docker.base_dockerfile == "FROM python:3.12-slim\n"


def test_an_environment_without_a_name_has_one(write, script):
    config = InferenceConfig.load(as_file(write, "ic.json", {"entryScript": "score.py", "environment": {"docker": {}}}))
    assert (config.environment.name, config.warnings) == ("environment", ())


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("AzureML-Minimal", "scoredock-cpu"),
        ("AzureML-minimal-ubuntu20.04-py38-cpu-inference", "scoredock-cpu"),
        ("AzureML-sklearn-0.24-ubuntu18.04-py37-cpu", "scoredock-cpu-sklearn"),
        ("AzureML-Scikit-learn-0.20.3", "scoredock-cpu-sklearn"),
        ("AzureML-onnxruntime-1.6-ubuntu18.04-py37-cpu-inference", "scoredock-cpu-onnxruntime"),
        ("AzureML-minimal-ubuntu18.04-py37-cuda11.0.3-gpu-inference", "scoredock-cuda"),
    ],
)
def test_a_curated_environment_of_azure_is_one_of_scoredocks_where_that_is_honest(write, script, name, own):
    file = as_file(write, "ic.json", {"entryScript": "score.py", "environment": {"name": name, "version": None}})
    config = InferenceConfig.load(file)
    assert config.environment.to_dict() == Environment.curated(own).to_dict()
    assert config.warnings == (
        f"ic.json, line 4, environment.name: expected an environment that scoredock has, got {name!r}, Azure's own: "
        f"{own} stands for it.",
    )
    with pytest.warns(UserWarning, match=f"{name} is Azure's own: {own} stands for it"):
        clone = Environment.get(Workspace("w"), name=name).clone("mine")
    assert (clone.name, clone.docker) == ("mine", config.environment.docker)


@pytest.mark.parametrize(("name", "package"), [("AzureML-TensorFlow-2.3-CPU", "tensorflow"),
                                               ("AzureML-pytorch-1.10-ubuntu18.04-py38-cuda11-gpu", "torch"),
                                               ("AzureML-Triton", "triton")])  # fmt: skip
def test_one_that_has_no_stand_in_is_refused_with_what_to_write(write, script, problems, name, package):
    file = as_file(write, "ic.json", {"entryScript": "score.py", "environment": {"name": name}})
    (found,) = problems(InferenceConfig.load, file)
    assert f'"python": {{"condaDependencies": {{"dependencies": [{{"pip": ["{package}"]}}]}}}}' in found
    with pytest.raises(ConfigError, match="Describe it"):
        Environment.get(Workspace("w"), name)


@pytest.mark.parametrize(
    ("image", "address", "base"),
    [
        ("mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04:latest", None, "scoredock:cpu"),
        ("mcr.microsoft.com/azureml/base:intelmpi2018.3-ubuntu16.04", None, "scoredock:cpu"),
        ("azureml/base-gpu:openmpi3.1.2-cuda10.0-cudnn7-ubuntu18.04", "mcr.microsoft.com", "scoredock:cuda"),
        ("mcr.microsoft.com/azureml/openmpi3.1.2-cuda10.0-cudnn7-ubuntu18.04", None, "scoredock:cuda"),
        ("mcr.microsoft.com/azureml/minimal-ubuntu20.04-py38-cpu-inference", None, "scoredock:cpu"),
        ("mcr.microsoft.com/azureml/curated/lightgbm-3.3:61", None, "scoredock:cpu"),
        ("registry.example.org/azureml/base:1", None, "registry.example.org/azureml/base:1"),
        ("azureml/base:1", "registry.example.org", "azureml/base:1"),
        ("python:3.12-slim", None, "python:3.12-slim"),
    ],
)
def test_azures_base_images_are_scoredocks(image, address, base):
    environment = Environment("mine")
    environment.docker.base_image, environment.docker.base_image_registry.address = image, address
    environment.python.conda_dependencies.add_pip_package("lightgbm")
    resolved = in_place_of_azures(environment)
    assert (resolved.docker.base_image, resolved.requirements().pip) == (base, ("lightgbm",))
    assert environment.docker.base_image == image


def test_an_image_with_packages_of_its_own_needs_packages(problems):
    environment = Environment.from_docker_image("mine", "mcr.microsoft.com/azureml/sklearn-1.0-ubuntu20.04-py38-cpu:1")
    resolved = in_place_of_azures(environment)
    assert resolved.requirements().pip == ("joblib", "pandas", "scikit-learn")
    environment.docker.base_image = "mcr.microsoft.com/azureml/pytorch-1.9-ubuntu18.04-py37-cpu-inference:latest"
    (found,) = problems(in_place_of_azures, environment)
    assert (
        "docker.baseImage: expected an image that scoredock can build on, got 'mcr.microsoft.com/azureml/pyt" in found
    )


def test_such_an_image_is_told_where_it_stands(write, script, problems):
    image = "mcr.microsoft.com/azureml/pytorch-1.9-ubuntu18.04-py37-cpu-inference:latest"
    file = as_file(write, "ic.json", {"entryScript": "score.py", "baseImage": image})
    assert problems(InferenceConfig.load, file)[0].startswith(
        "ic.json, line 3, baseImage: expected an image that score"
    )
    InferenceConfig.load(
        as_file(write, "ic.json", {"entryScript": "score.py", "baseImage": image, "condaFile": "env.yml"})
    )
    described = {"name": "a", "docker": {"baseImage": "mcr.microsoft.com/azureml/base:1"}}
    file = as_file(write, "ic.json", {"entryScript": "score.py", "environment": described})
    assert InferenceConfig.load(file).warnings == ()
    assert problems(InferenceConfig.load, file, strict=True) == [
        "ic.json, line 6, environment.docker.baseImage: expected an image that is taken as it is, got "
        "mcr.microsoft.com/azureml/base:1: scoredock:cpu stands for it."
    ]


def test_conda_packages_may_stand_in_an_object_beside_pip_s(write):
    environment = Environment.from_dict({"name": "a", "python": {"condaDependencies": {"dependencies": [
        "python=3.11", {"conda": ["pyodbc"], "pip": ["nltk"]}]}}})  # fmt: skip
    assert (environment.requirements().conda, environment.requirements().pip) == (("pyodbc",), ("nltk",))
