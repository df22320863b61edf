"""Inference configurations: files of both kinds, SDK arguments, paths, what is ignored, what is wrong."""

import json
from pathlib import Path

import pytest

from scoredock.deploy.config.container_registry import ContainerRegistry
from scoredock.deploy.config.environment import Environment, EnvironmentReference
from scoredock.deploy.config.inference_config import InferenceConfig
from scoredock.errors import ConfigError
from unit.deploy.test_environment import FULL, PUBLIC

LEGACY = {
    "entryScript": "x/y/score.py",
    "runtime": "spark-py",
    "condaFile": "env/myenv.yml",
    "extraDockerfileSteps": "steps.txt",
    "sourceDirectory": "./source_dir",
    "enableGpu": True,
    "description": "what it is for",
    "baseImage": "mcr.microsoft.com/azureml/onnxruntime:v0.4.0",
    "baseImageRegistry": {"address": "mcr.microsoft.com", "username": "u", "password": "s3cret"},
    "cudaVersion": "10.0",
}


def load(write, content, name="inferenceconfig.json", overrides=None, **how):
    return InferenceConfig.load(
        write(name, content if isinstance(content, str) else json.dumps(content, indent=1)), overrides, **how
    )


@pytest.mark.parametrize("content", [LEGACY, {"entryScript": "score.py", "environment": FULL}])
def test_every_key_round_trips(write, content):
    config = load(write, content)
    assert config.to_dict(with_secrets=True) == content
    assert not config.warnings
    assert "s3cret" not in json.dumps(config.to_dict()) + repr(config)


def test_the_samples_of_the_public_pages_are_read(write):
    text = (
        '{\n    "entryScript": "echo_score.py",\n    "sourceDirectory": "./source_dir",\n    "environment": '
        + PUBLIC
        + "}"
    )
    config = load(write, text)
    assert config.environment.requirements().pip == ("nltk", "numpy", "onnxruntime")
    assert config.script_path == Path.cwd() / "source_dir" / "echo_score.py"
    yaml = '{\n   "entryScript": "score.py",\n   "runtime": "python",\n   "condaFile": "myenv.yml"\n}\n'
    write("myenv.yml", "dependencies:\n- python=3.6.2\n- pip:\n  - keras\n")
    described = load(write, yaml, "inferenceConfig.yml").described_environment()
    assert described.requirements().pip == ("keras",)
    assert described.docker.base_image == "scoredock:cpu"


def test_the_arguments_of_the_sdk_are_read():
    config = InferenceConfig(
        source_directory="C:/abc", runtime="python", entry_script="x/y/score.py", conda_file="env/myenv.yml"
    )
    config.base_image = "myregistry.azurecr.io/mycustomimage:1.0"
    config.base_image_registry.address = "myregistry.azurecr.io"
    config.base_image_registry.username = "username"
    config.base_image_registry.password = "password"
    config.check()
    assert config.root == Path.cwd() / "C:/abc"
    assert config.to_dict(with_secrets=True) == {
        "entryScript": "x/y/score.py",
        "runtime": "python",
        "condaFile": "env/myenv.yml",
        "sourceDirectory": "C:/abc",
        "baseImage": "myregistry.azurecr.io/mycustomimage:1.0",
        "baseImageRegistry": {"address": "myregistry.azurecr.io", "username": "username", "password": "password"},
    }
    environment = Environment(name="project_environment")
    config = InferenceConfig(environment=environment, source_directory="./source_dir", entry_script="./echo_score.py")
    assert config.described_environment() is environment
    assert InferenceConfig("score.py", "python", "env.yml").conda_file == "env.yml"
    assert InferenceConfig(Path("score.py"), source_directory=Path("src")).to_dict() == {
        "entryScript": "score.py", "sourceDirectory": "src",
    }  # fmt: skip


@pytest.mark.parametrize("key", ["extraDockerfileSteps", "extraDockerFileSteps"])
def test_both_spellings_of_the_docker_steps_are_read(write, key):
    config = load(write, {"entryScript": "score.py", "sourceDirectory": "src", key: "steps.txt"})
    assert config.extra_docker_steps_path == Path.cwd() / "src" / "steps.txt"


@pytest.mark.parametrize(
    ("value", "registry"),
    [
        (None, ContainerRegistry()),
        ("a.io", ContainerRegistry("a.io")),
        ({"address": "a.io"}, ContainerRegistry("a.io")),
    ],
)
def test_a_registry_is_an_address_or_an_object(write, value, registry):
    assert load(write, {"entryScript": "s.py", "baseImageRegistry": value}).base_image_registry == registry


def test_a_version_of_cuda_needs_no_quotes(write):
    assert load(write, "entryScript: score.py\ncudaVersion: 10.0\n", "ic.yml").cuda_version == "10.0"


def test_null_means_not_set(write):
    config = load(write, {**dict.fromkeys([*LEGACY, "environment"]), "entryScript": "score.py"})
    assert config == InferenceConfig("score.py", folder=config.folder)


def test_paths_start_from_the_files_folder(write, tmp_path):
    config = load(write, {"entryScript": "score.py"}, "deep/er/inferenceconfig.json")
    assert config.root == tmp_path / "deep/er"
    config = load(write, {"entryScript": "score.py", "sourceDirectory": "../src"}, "deep/er/inferenceconfig.json")
    assert config.root.resolve() == tmp_path / "deep/src"


def test_older_keys_are_ignored_with_an_environment(write):
    text = '{"entryScript": "score.py",\n"condaFile": "missing.yml",\n"runtime": "python",\n"enableGpu": null,'
    text += '"environment": {"name": "a", "docker": {}}}'
    config = load(write, text)
    assert config.warnings == (
        "inferenceconfig.json, line 3, runtime: ignored, since environment says what it said. Take it out.",
        "inferenceconfig.json, line 2, condaFile: ignored, since environment says what it said. Take it out.",
    )
    assert config.described_environment().name == "a"
    config = InferenceConfig("score.py", conda_file="missing.yml", environment=Environment("a"))
    assert config.warnings == (
        "InferenceConfig, conda_file: ignored, since environment says what it said. Take it out.",
    )


def test_an_environment_may_be_named(write, problems):
    config = load(write, {"entryScript": "score.py", "environment": {"name": "mine", "version": None}})
    assert config.environment == EnvironmentReference("mine")
    assert config.to_dict()["environment"] == {"name": "mine", "version": None}
    config = load(write, "entryScript: score.py\nenvironment: {name: mine, version: 3}\n", "ic.yml")
    assert config.environment == EnvironmentReference("mine", "3")
    (found,) = problems(config.described_environment)
    assert "expected an environment that is described, got the name 'mine' alone" in found
    config = load(write, {"entryScript": "score.py", "environment": {"name": "scoredock-cpu-sklearn"}})
    assert config.environment == Environment.curated("scoredock-cpu-sklearn")


def test_the_conda_file_that_an_environment_names_is_read(write):
    write("src/env.yml", "dependencies:\n- pip:\n  - -r r.txt\n")
    write("src/r.txt", "numpy")
    named = {"name": "a", "python": {"condaDependenciesFile": "env.yml"}}
    config = load(write, {"entryScript": "score.py", "sourceDirectory": "src", "environment": named})
    assert config.environment.requirements().pip == ("numpy",)
    inline = {"name": "a", "python": {"condaDependencies": {"dependencies": [{"pip": ["-r r.txt"]}]}}}
    config = load(write, {"entryScript": "score.py", "sourceDirectory": "src", "environment": inline})
    assert config.environment.requirements().pip == ("numpy",)


def test_values_of_a_command_line_win_over_the_file(write):
    config = load(
        write, {"entryScript": "a.py", "sourceDirectory": "x"}, overrides={"entry_script": "b.py", "base_image": None}
    )
    assert (config.entry_script, config.source_directory) == ("b.py", "x")
    config = load(write, "{}", overrides={"entry_script": "b.py", "environment": EnvironmentReference("mine")})
    assert config.environment == EnvironmentReference("mine")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{}", "line 1, entryScript: expected text, got nothing."),
        ('{\n"entryScript": null}', "line 1, entryScript: expected text, got nothing."),
        ('{\n"entryScript": 3}', "line 2, entryScript: expected text, got a number (3)."),
        ('{"entryScript": "s.py",\n"entryscript": "x"}', "line 2, entryscript: expected a key of the inference "
         "configuration, got an unknown one. Did you mean entryScript?"),
        ('{"entryScript": "s.py",\n"runtime": "ruby"}', "line 2, runtime: expected one of python, python-slim, spark-"),
        ('{"entryScript": "s.py",\n"cudaVersion": "11"}', "line 2, cudaVersion: expected one of 9.0, 9.1, 10.0, got t"),
        ('{"entryScript": "s.py",\n"enableGpu": "true"}', "line 2, enableGpu: expected true or false, got the text 't"),
        ('{"entryScript": "s.py",\n"baseImage": "a b"}', "line 2, baseImage: expected an image's name, such as "),
        ('{"entryScript": "s.py",\n"baseImageRegistry": "a b"}', "line 2, baseImageRegistry: expected a registry's ad"),
        ('{"entryScript": "s.py",\n"baseImageRegistry": {"address": "a", "password": 3333}}',
         "line 2, baseImageRegistry.password: expected text, got a number that is not shown."),
        ('{"entryScript": "s.py",\n"extraDockerfileSteps": "a",\n"extraDockerFileSteps": "b"}', "line 3, "
         "extraDockerFileSteps: expected one spelling of the same key, got extraDockerfileSteps (line 2) too."),
        ('{"entryScript": "s.py",\n"environment": "mine"}', "line 2, environment: expected an object that describes a"),
        ('{"entryScript": "s.py",\n"environment": {"name": "AzureML-Triton"}}', "line 2, environment.name: expected "
         "an environment that scoredock has, got 'AzureML-Triton', which is Azure's own. Describe it: "),
        ('{"entryScript": "s.py",\n"environment": {"name": "AzureML-Minimal"}}', "line 2, environment.name: expected "
         "an environment that scoredock has, got 'AzureML-Minimal', Azure's own: scoredock-cpu stands for it."),
        ('{"entryScript": "s.py",\n"environment": {"name": "AzureML-Mine", "docker": {}}}', "line 2, environment.name:"
         " expected a name that does not begin with Microsoft or AzureML, got 'AzureML-Mine': those are Azure's own. "
         "Give it another name, such as copy-of-AzureML-Mine;"),
        ('{"entryScript": "s.py", "environment": {"name": "a",\n"docker": {\n"baseImage": 3}}}', "line 3, "
         "environment.docker.baseImage: expected an image's name, such as scoredock:cpu, got a number (3)."),
        ('{"entryScript": "s", "environment": {"name": "a",\n"docker": {\n"baseImage": "a",\n"baseDockerfile": "b"}}}',
         "line 3, environment.docker.baseImage: expected at most one of docker.baseImage (line 3) and "
         "docker.baseDockerfile (line 4), got both. Take one out."),
        ('{"entryScript": "s.py", "environment": {\n"name": "a",\n"pyton": {}}}', "line 3, environment.pyton: expected "
         "a key of the environment, got an unknown one. Did you mean python?"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_file_line_and_key(write, problems, text, problem):
    (found,) = problems(load, write, text, strict=True)
    assert found.startswith(f"inferenceconfig.json, {problem}")


def test_all_that_is_wrong_is_told_at_once(write):
    with pytest.raises(ConfigError) as raised:
        text = '{"x": 1,\n"enableGpu": 3,\n"environment": {"nam": 1,\n"docker": {"enabled": 0}}}'
        load(write, text, strict=True)
    assert [(problem.line, problem.key) for problem in raised.value.problems] == [
        (1, "x"), (1, "entryScript"), (2, "enableGpu"), (3, "environment.nam"), (3, "environment.name"),
        (4, "environment.docker.enabled"),
    ]  # fmt: skip


def test_arguments_in_python_are_told_by_their_names(problems):
    environment = Environment("a")
    environment.docker.base_image = "a b"
    assert problems(InferenceConfig, entry_script="score.py", environment=environment)[0].startswith(
        "environment a, docker.base_image: expected an image's name"
    )
    found = problems(InferenceConfig, entry_script=3, enable_gpu="x")
    assert [text.partition(": ")[0] for text in found] == [
        "InferenceConfig, entry_script",
        "InferenceConfig, enable_gpu",
    ]


def test_files_that_are_not_there_are_told(write, problems, tmp_path):
    write("src/other.py", "")
    write("score.py", "")
    content = {"entryScript": "score.py", "sourceDirectory": "src", "condaFile": "e.yml", "extraDockerfileSteps": "s"}
    found = problems(load(write, content).check_files)
    assert [text.partition(": ")[0] for text in found] == [
        "inferenceconfig.json, line 2, entryScript",
        "inferenceconfig.json, line 4, condaFile",
        "inferenceconfig.json, line 5, extraDockerfileSteps",
    ]
    assert f"got {tmp_path}/src/score.py, where there is none" in found[0]
    (found,) = problems(InferenceConfig("other.py").check_files)
    assert found.startswith("InferenceConfig, entry_script: expected a file, got ")
    (found,) = problems(load(write, {}, overrides={"entry_script": "other.py"}).check_files)
    assert found.startswith("--entry-script: expected a file, got ")
    (found,) = problems(load(write, {"entryScript": "../score.py", "sourceDirectory": "src"}).check_files)
    assert "expected a file inside source_directory" in found
    load(write, {"entryScript": "other.py", "sourceDirectory": "src"}).check_files()
    load(write, {"entryScript": "src/other.py"}).check_files()


def test_a_gpu_takes_the_image_for_it():
    assert InferenceConfig("s.py", enable_gpu=True).described_environment().docker.base_image == "scoredock:cuda"
    assert InferenceConfig("s.py", base_image="a", enable_gpu=True).described_environment().docker.base_image == "a"


def test_what_is_kept_of_a_configuration_is_read_again(tmp_path):
    config = InferenceConfig("score.py", source_directory="src", environment=Environment("a"), folder=tmp_path)
    again = InferenceConfig.from_dict(config.to_dict(), tmp_path)
    assert (again, again.script_path) == (config, tmp_path / "src" / "score.py")
    with pytest.raises(ConfigError, match="inference configuration, entryScript: expected text"):
        InferenceConfig.from_dict({}, tmp_path)
