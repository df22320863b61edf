"""Environments: azureml_environment.json there and back, folders, names, what they need."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoredock.deploy.config.conda_dependencies import CondaDependencies
from scoredock.deploy.config.container_registry import ContainerRegistry
from scoredock.deploy.config.curated_environments import CURATED
from scoredock.deploy.config.environment import Environment
from scoredock.deploy.config.requirements import Requirements
from scoredock.errors import ConfigError, DeployError

FULL = {
    "name": "my-deploy-env",
    "version": "2",
    "environmentVariables": {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"},
    "python": {
        "userManagedDependencies": True,
        "interpreterPath": "/opt/python",
        "condaDependenciesFile": None,
        "baseCondaEnvironment": "base",
        "condaDependencies": {
            "name": "project_environment",
            "channels": ["conda-forge"],
            "dependencies": ["python=3.11", {"pip": ["azureml-defaults", "numpy"]}],
        },
    },
    "docker": {
        "enabled": True,
        "baseImage": "mcr.microsoft.com/azureml/base:intelmpi2018.3-ubuntu16.04",
        "baseDockerfile": None,
        "baseImageRegistry": {"address": "registry:5000", "username": "user", "password": "s3cret"},
        "sharedVolumes": False,
        "shmSize": "2g",
        "arguments": ["--init"],
        "platform": {"os": "Linux", "architecture": "amd64"},
        "buildContext": {"x": 1},
    },
    "spark": {
        "repositories": ["r"], "packages": [{"group": "g", "artifact": "a", "version": "1"}],
        "precachePackages": False,
    },
    "databricks": {
        "mavenLibraries": [{"a": 1}], "pypiLibraries": [], "rcranLibraries": [], "jarLibraries": [], "eggLibraries": [],
    },
    "r": {"rVersion": "3.5"},
    "inferencingStackVersion": "latest",
    "assetId": "azureml://x",
}  # fmt: skip
PUBLIC = """\
{
    "docker": {
        "arguments": [],
        "baseDockerfile": null,
        "baseImage": "mcr.microsoft.com/azureml/base:intelmpi2018.3-ubuntu16.04",
        "enabled": false,
        "sharedVolumes": true,
        "shmSize": null
    },
    "environmentVariables": {
        "EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"
    },
    "name": "my-deploy-env",
    "python": {
        "baseCondaEnvironment": null,
        "condaDependencies": {
            "channels": [],
            "dependencies": ["python=3.6.2", {"pip": ["azureml-defaults", "nltk", "numpy", "onnxruntime"]}],
            "name": "project_environment"
        },
        "condaDependenciesFile": null,
        "interpreterPath": "python",
        "userManagedDependencies": false
    },
    "version": "2"
}
"""


def test_every_key_round_trips():
    assert Environment.from_dict(FULL).to_dict(with_secrets=True) == FULL


def test_the_shape_without_any_value_is_the_public_one():
    assert Environment("myenv").to_dict() == {
        "name": "myenv",
        "version": None,
        "environmentVariables": {},
        "python": {
            "userManagedDependencies": False,
            "interpreterPath": "python",
            "condaDependenciesFile": None,
            "baseCondaEnvironment": None,
            "condaDependencies": {"name": "project_environment", "channels": [], "dependencies": []},
        },
        "docker": {
            "enabled": False,
            "baseImage": None,
            "baseDockerfile": None,
            "baseImageRegistry": {"address": None, "username": None, "password": None},
            "sharedVolumes": True,
            "shmSize": None,
            "arguments": [],
        },
        "spark": {"repositories": [], "packages": [], "precachePackages": True},
        "databricks": {
            "mavenLibraries": [], "pypiLibraries": [], "rcranLibraries": [], "jarLibraries": [], "eggLibraries": [],
        },
        "inferencingStackVersion": None,
    }  # fmt: skip


def test_the_sample_of_the_public_pages_is_read():
    environment = Environment.from_dict(json.loads(PUBLIC))
    assert environment.requirements() == Requirements(
        python="3.6.2", pip=("nltk", "numpy", "onnxruntime"), replaced=("azureml-defaults",)
    )
    assert environment.environment_variables == {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"}
    written = environment.to_dict()
    for section, content in json.loads(PUBLIC).items():
        assert {**written[section], **content} == written[section] if isinstance(content, dict) else True


def test_environments_are_made_as_with_the_sdk():
    environment = Environment(name="myenv")
    for package in ["nltk", "numpy", "onnxruntime"]:
        environment.python.conda_dependencies.add_pip_package(package)
    assert environment.requirements().pip == ("nltk", "numpy", "onnxruntime")
    other = Environment("myenv")
    other.python.conda_dependencies = CondaDependencies.create(pip_packages=["onnxruntime", "nltk", "NumPy"])
    assert other.requirements().digest() == environment.requirements().digest()
    assert other.python is not environment.python


@pytest.mark.parametrize(
    "assign",
    [
        lambda environment: setattr(environment.docker, "baseImage", "x"),
        lambda environment: setattr(environment.python, "user_managed", True),
        lambda environment: setattr(environment, "environment_variable", {}),
        lambda environment: setattr(environment.docker.base_image_registry, "user", "x"),
    ],
)
def test_a_misspelt_attribute_is_refused(assign):
    with pytest.raises(AttributeError):
        assign(Environment("myenv"))


names = st.from_regex(r"(?!(?i:microsoft|azureml))[A-Za-z][\w.\-]{0,20}", fullmatch=True).filter(str.isascii)
text = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=20)
kept = st.none() | st.dictionaries(text, st.lists(st.integers() | text) | st.booleans(), min_size=1)


@st.composite
def environments(draw) -> Environment:
    environment = Environment(draw(names))
    environment.version = draw(st.none() | text)
    environment.environment_variables = draw(
        st.dictionaries(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]*", fullmatch=True), text)
    )
    docker, python = environment.docker, environment.python
    docker.enabled, docker.shared_volumes = draw(st.booleans()), draw(st.booleans())
    docker.shm_size = draw(st.sampled_from([None, "2g", "512m", "1.5G"]))
    docker.arguments = draw(st.lists(text))
    docker.platform = draw(kept)
    docker.base_image_registry = ContainerRegistry("registry.example.org", draw(text.filter(bool)), draw(text))
    if draw(st.booleans()):
        docker.base_image = draw(st.sampled_from(["scoredock:cpu", "host:5000/a/b@sha256:00", "a_b.c"]))
    else:
        docker.base_dockerfile = draw(st.none() | st.text(st.characters(blacklist_categories=("Cs",), min_codepoint=1)))
    python.user_managed_dependencies = draw(st.booleans())
    python.base_conda_environment = draw(st.none() | text)
    python.conda_dependencies = CondaDependencies.create(
        conda_packages=draw(st.lists(names)), pip_packages=draw(st.lists(names))
    )
    environment.spark, environment.databricks, environment.r = draw(kept), draw(kept), draw(kept)
    environment.inferencing_stack_version = draw(st.sampled_from([None, "latest"]))
    return environment


@given(environments())
def test_any_environment_round_trips(environment):
    content = json.loads(json.dumps(environment.to_dict(with_secrets=True)))
    again = Environment.from_dict(content)
    assert again.to_dict(with_secrets=True) == content
    for section in ("name", "version", "environment_variables", "docker", "r", "inferencing_stack_version"):
        assert getattr(again, section) == getattr(environment, section)


@given(environments())
def test_any_environment_is_saved_and_loaded(tmp_path_factory, environment):
    folder = tmp_path_factory.mktemp("environment")
    environment.save_to_directory(folder, overwrite=True)
    assert Environment.load_from_directory(folder).to_dict() == environment.to_dict()


def test_a_folder_has_both_files_and_is_not_overwritten_unasked(tmp_path, problems):
    environment = Environment.from_dict(FULL)
    folder = tmp_path / "a" / "b"
    environment.save_to_directory(folder)
    assert {path.name for path in folder.iterdir()} == {"azureml_environment.json", "conda_dependencies.yml"}
    assert "s3cret" not in "".join(path.read_text() for path in folder.iterdir())
    (found,) = problems(environment.save_to_directory, folder)
    assert "expected no files, got azureml_environment.json and conda_dependencies.yml" in found
    environment.save_to_directory(folder, overwrite=True)


def test_what_the_conda_file_of_a_folder_says_counts(tmp_path):
    Environment("myenv").save_to_directory(tmp_path)
    (tmp_path / "conda_dependencies.yml").write_text("dependencies:\n- pip:\n  - scipy\n")
    assert Environment.load_from_directory(tmp_path).requirements().pip == ("scipy",)
    (tmp_path / "conda_dependencies.yml").unlink()
    assert Environment.load_from_directory(tmp_path).requirements().pip == ()


def test_it_is_made_of_files(write):
    environment = Environment.from_conda_specification("a", write("a.yml", "dependencies:\n- python=3.11\n- numpy\n"))
    assert environment.requirements().conda == ("numpy",)
    write("more.txt", "scipy")
    environment = Environment.from_pip_requirements("a", write("requirements.txt", "numpy\n-r more.txt\n--pre\n"))
    assert environment.requirements().pip == ("numpy", "scipy")
    assert [option.text for option in environment.requirements().pip_options] == ["--pre"]
    assert environment.to_dict()["python"]["condaDependencies"]["dependencies"] == [
        {"pip": ["numpy", "scipy", "--pre"]}
    ]


def test_a_conda_environment_of_this_machine_is_refused_with_the_commands():
    with pytest.raises(DeployError, match=r"conda env export --from-history --name mine > environment\.yml"):
        Environment.from_existing_conda_environment("a", "mine")


@pytest.mark.parametrize("name", ["Microsoft-x", "AzureML-sklearn-0.24", "azureml_x", "MICROSOFT"])
def test_names_of_azure_are_refused(problems, name):
    for make in (Environment, Environment("mine").clone, lambda name: Environment.from_dict({"name": name})):
        (found,) = problems(make, name)
        assert "name: expected a name that does not begin with Microsoft or AzureML" in found


@pytest.mark.parametrize("name", ["", "a b", "a/b", "../a", "a\n", "-a", 3, None, "a" * 256])
def test_names_that_no_file_or_image_can_have_are_refused(problems, name):
    (found,) = problems(Environment, name)
    assert found.startswith("Environment, name: expected a name of letters, digits, dots, dashes and underscores, got ")


def test_curated_environments_are_there():
    assert set(Environment.curated_names()) == set(CURATED)
    for name in Environment.curated_names():
        environment = Environment.curated(name)
        assert environment.docker.base_image == CURATED[name].base_image
        assert environment.requirements().pip == CURATED[name].packages
        assert Environment.from_dict(environment.to_dict()) == environment


def test_packages_of_curated_environments_are_pinned_in_the_images():
    pinned = (Path(__file__).parents[3] / "base-images/cpu/python-packages.txt").read_text()
    for entry in CURATED.values():
        for package in entry.packages:
            assert f"\n{package}==" in pinned


def test_a_wrong_curated_name_is_told(problems):
    (found,) = problems(Environment.curated, "scoredock-sklearn")
    assert found.endswith("got 'scoredock-sklearn'. Did you mean scoredock-cpu-sklearn?")


def test_a_clone_is_independent():
    environment = Environment.from_dict(FULL)
    clone = environment.clone("other")
    assert (clone.name, clone.version, clone.asset_id) == ("other", None, None)
    clone.python.conda_dependencies.add_pip_package("scipy")
    clone.environment_variables["A"] = "b"
    clone.docker.base_image_registry.password = None
    assert environment.to_dict(with_secrets=True) == FULL


def test_nothing_is_installed_where_users_manage_dependencies():
    assert Environment.from_dict(FULL).requirements() == Requirements()


def test_secrets_are_in_no_repr():
    environment = Environment.from_dict(FULL)
    environment.environment_variables["TOKEN"] = "t0ken"
    environment.python.conda_dependencies.add_pip_package("--index-url https://u:p4ss@h/s")
    assert not {"s3cret", "t0ken", "p4ss"} & {word for word in ("s3cret", "t0ken", "p4ss") if word in repr(environment)}
    assert "s3cret" not in json.dumps(environment.to_dict())


def test_attributes_that_it_cannot_have_are_told_by_their_names(problems):
    environment = Environment("myenv")
    environment.docker.base_image = "a b"
    environment.docker.shm_size = 2
    environment.environment_variables = {"A-B": "x", "C": None}
    environment.inferencing_stack_version = "oldest"
    found = problems(environment.check)
    assert [line.partition(": ")[0] for line in found] == [
        "environment myenv, environment_variables.A-B",
        "environment myenv, environment_variables.C",
        "environment myenv, docker.base_image",
        "environment myenv, docker.shm_size",
        "environment myenv, inferencing_stack_version",
    ]
    for call in (environment.to_dict, environment.requirements):
        with pytest.raises(ConfigError):
            call()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({}, "environment, name: expected a name of letters, digits, dots, dashes and underscores, got nothing."),
        ({"name": "a", "docker": {"baseImage": "x", "baseDockerfile": "FROM x"}},
         "environment, docker.baseImage: expected at most one of docker.baseImage and docker.baseDockerfile, got both"),
        ({"name": "a", "python": {"condaDependencies": {"dependencies": ["a"]}, "condaDependenciesFile": "x"}},
         "environment, python.condaDependencies: expected at most one of python.condaDependencies and "),
        ({"name": "a", "docker": {"baseImageRegistry": {"username": "u", "password": "p"}}},
         "environment, docker.baseImageRegistry.username: expected a value that username needs, got address (not set)"),
        ({"name": "a", "docker": {"baseImageRegistry": {"address": "a", "password": "p"}}},
         "environment, docker.baseImageRegistry.password: expected a value that password needs, got username (not set"),
        ({"name": "a", "docker": {"baseImageRegistry": {"adress": "a"}}},
         "environment, docker.baseImageRegistry.adress: expected a key of the registry, got an unknown one. Did you m"),
        ({"name": "a", "docker": {"baseImageRegistry": 3}},
         "environment, docker.baseImageRegistry: expected an object with address, username and password, or an addres"),
        ({"name": "a", "docker": {"baseImage": "x\nRUN y"}}, "environment, docker.baseImage: expected an image's name"),
        ({"name": "a", "docker": {"baseImage": "--x"}}, "environment, docker.baseImage: expected an image's name"),
        ({"name": "a", "docker": {"arguments": "x"}}, "environment, docker.arguments: expected a list of text, got th"),
        ({"name": "a", "docker": {"arguments": [1]}}, "environment, docker.arguments[0]: expected text, got a number "),
        ({"name": "a", "environmentVariables": {"A": []}}, "environment, environmentVariables.A: expected text or a n"),
        ({"name": "a", "environmentVariables": {"1A": "x"}}, "environment, environmentVariables.1A: expected a variab"),
        ({"name": "a", "userManagedDependencies": True}, "environment, userManagedDependencies: expected a key of the "
         "environment, got an unknown one. Did you mean python.userManagedDependencies?"),
        ({"name": "a", "inferencingStackVersion": "1"}, "environment, inferencingStackVersion: expected latest, got "),
    ],
)  # fmt: skip
def test_content_that_it_cannot_have_is_told_by_its_key(problems, content, problem):
    (found,) = problems(Environment.from_dict, content)
    assert found.startswith(problem)
