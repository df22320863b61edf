"""Conda files: read with lines, changed, written back."""

import pytest
import yaml

from scoredock.deploy.config.conda_dependencies import CondaDependencies
from scoredock.deploy.config.requirements import Requirements
from scoredock.errors import ConfigError

INFERENCE = """\
name: inference_environment
dependencies:
- python=3.6.2
- tensorflow
- numpy
- scikit-learn
- pip:
    - azureml-defaults
    - keras
    - gensim
"""
PROJECT = """\
name: project_environment
dependencies:
  - python=3.6.2
  - pip:
    - azureml-defaults
    - scikit-learn==0.20.0
    - inference-schema[numpy-support]
"""


def test_the_samples_of_the_public_pages_are_read(write):
    needed = CondaDependencies(write("myenv.yml", INFERENCE)).requirements()
    assert needed == Requirements(
        python="3.6.2",
        pip=("gensim", "keras"),
        conda=("numpy", "scikit-learn", "tensorflow"),
        channels=("conda-forge",),
        needs_conda=True,
        replaced=("azureml-defaults",),
    )
    needed = CondaDependencies(write("myenv.yml", PROJECT)).requirements()
    assert (needed.pip, needed.needs_conda) == (("inference-schema[numpy-support]", "scikit-learn==0.20.0"), False)


def test_packages_are_added_as_the_sdk_does():
    dependencies = CondaDependencies()
    for name in ("tensorflow", "numpy", "scikit-learn"):
        dependencies.add_conda_package(name)
    for name in ("azureml-defaults", "keras", "gensim", "keras"):
        dependencies.add_pip_package(name)
    dependencies.set_python_version("3.6.2")
    assert (
        dependencies.requirements().digest()
        == CondaDependencies.from_dict(yaml.safe_load(INFERENCE)).requirements().digest()
    )
    dependencies.remove_pip_package("keras")
    dependencies.remove_conda_package("numpy")
    dependencies.add_channel("conda-forge")
    dependencies.set_python_version("3.11")
    assert dependencies.to_dict() == {
        "name": "project_environment",
        "channels": ["conda-forge"],
        "dependencies": ["tensorflow", "scikit-learn", "python=3.11", {"pip": ["azureml-defaults", "gensim"]}],
    }


def test_it_is_created_of_packages():
    made = CondaDependencies.create(
        conda_packages=["numpy"],
        pip_packages=["scipy"],
        python_version="3.11",
        pip_indexurl="https://example.org/simple",
    )
    assert made.conda_packages == ["python=3.11", "numpy"]
    assert made.pip_packages == ["--index-url https://example.org/simple", "scipy"]
    assert (made.python_version, made.conda_channels) == ("3.11", [])


def test_what_is_written_is_read_again(write, tmp_path):
    made = CondaDependencies(write("a.yml", INFERENCE + "prefix: /opt/x\nvariables:\n  A: 1\n"))
    assert made.save_to_file(tmp_path, "b.yml") == "b.yml"
    again = CondaDependencies("b.yml")
    assert again == made
    assert again.to_dict()["prefix"] == "/opt/x"
    assert again.to_dict()["variables"] == {"A": "1"}
    assert yaml.safe_load(again.serialize_to_string()) == again.to_dict()


def test_files_among_pip_s_lines_are_followed(write):
    write("env/more.txt", "pandas\n-e .\n")
    dependencies = CondaDependencies(write("env/a.yml", "dependencies:\n- pip:\n  - numpy\n  - -r more.txt\n"))
    assert dependencies.pip_packages == ["numpy", "pandas", "-e ."]
    with pytest.raises(ConfigError) as raised:
        dependencies.requirements()
    assert str(raised.value.problems[0].file).endswith("env/more.txt")
    assert raised.value.problems[0].line == 2


def test_a_line_that_cannot_be_installed_is_told_with_its_file_and_line(write, problems):
    dependencies = CondaDependencies(write("a.yml", "dependencies:\n- numpy=1.20\n- numpy=1.21\n- pip:\n  - -e .\n"))
    first, second = problems(dependencies.requirements)
    assert first.startswith("a.yml, line 3: expected one version of a package")
    assert second.startswith("a.yml, line 5: expected a requirement of pip")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("dependencies: numpy", "a.yml, line 1, dependencies: expected a list of packages"),
        ("dependencies:\n- 3", "a.yml, line 2, dependencies[0]: expected a package, as text of one line, got a number"),
        ("dependencies:\n- pip: numpy", "a.yml, line 2, dependencies[0].pip: expected a list of requirements, got the"),
        ("dependencies:\n- pips: [a]", "a.yml, line 2, dependencies[0]: expected a package or {'pip': [...]}, not the"),
        ("dependancies: []", "a.yml, line 1, dependancies: expected a key of the conda file, got an unknown one. Did "),
        ("channels: defaults", "a.yml, line 1, channels: expected a list of channels, got the text 'defaults'."),
        ("channels:\n- ftp://u:s3cret@h/c", "a.yml, line 2, channels[0]: expected a channel: a name such as "),
        ("channels: https://u:s3cret@h/c", "a.yml, line 1, channels: expected a list of channels, got the text "),
        ("- numpy", "a.yml, line 1: expected an object, got a list."),
    ],
)  # fmt: skip
def test_what_is_no_conda_file_is_told(write, problems, text, problem):
    (found,) = problems(CondaDependencies, write("a.yml", text))
    assert found.startswith(problem)
    assert "s3cret" not in found


@pytest.mark.parametrize("package", ["", "a\nb", 3, None, "a;b"])
def test_what_is_no_package_is_not_added(package):
    dependencies = CondaDependencies()
    with pytest.raises(ConfigError, match="expected a package"):
        dependencies.add_conda_package(package)
    assert not dependencies


def test_credentials_of_an_index_are_written_only_when_asked_for(tmp_path):
    made = CondaDependencies.create(pip_packages=["a", "--index-url https://u:s3cret@h/simple"])
    made.save_to_file(tmp_path)
    written = (tmp_path / "conda_dependencies.yml").read_text()
    assert "https://h/simple" in written
    assert "s3cret" not in written + repr(made)
    assert "s3cret" in str(made.to_dict(with_secrets=True))
    kept = CondaDependencies.create(pip_packages=["--index-url https://u:${TOKEN}@h/simple"])
    assert "${TOKEN}" not in str(kept.to_dict())  # the user's name beside it is none
    assert "https://${USER}:${TOKEN}@h/s" in str(
        CondaDependencies.create(pip_packages=["-i https://${USER}:${TOKEN}@h/s"]).to_dict()
    )
