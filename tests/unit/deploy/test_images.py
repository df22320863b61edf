"""The texts that images are built from, and what makes two environments the same one."""

from __future__ import annotations

import importlib.metadata
import re

import pytest
from packaging.requirements import Requirement

from scoredock.deploy.config.channels import parse_channel
from scoredock.deploy.config.environment import Environment
from scoredock.deploy.config.requirements import Requirements, gather
from scoredock.deploy.config.requirements_file import Line
from scoredock.deploy.local.conda import conda_context, conda_environment
from scoredock.deploy.local.engine import silent
from scoredock.deploy.local.images import (
    environment_digest,
    environment_dockerfile,
    requirement_files,
    service_dockerfile,
)
from scoredock.deploy.local.service_config import needed_by
from scoredock.errors import DeployError


def needed(*pip: str, conda: tuple[str, ...] = (), channels: tuple[str, ...] = ()) -> Requirements:
    return gather([Line(text) for text in pip], [Line(text) for text in conda], channels)


BASE = environment_digest("sha256:1", "RUN a\nRUN b", needed("numpy==2.1", "scikit-learn"))


@pytest.mark.parametrize(
    "same",
    [
        environment_digest("sha256:1", "RUN a\nRUN b", needed("scikit_learn", "NumPy == 2.1")),
        environment_digest("sha256:1", "\n  RUN a\n\n\tRUN b  \n", needed("Scikit.Learn", "numpy==2.1")),
        environment_digest("sha256:1", "RUN a\nRUN b", needed("azureml-defaults", "numpy==2.1", "scikit-learn")),
    ],
)
def test_order_and_spelling_make_no_other_environment(same):
    assert same == BASE


@pytest.mark.parametrize(
    "other",
    [
        environment_digest("sha256:2", "RUN a\nRUN b", needed("numpy==2.1", "scikit-learn")),
        environment_digest("sha256:1", "RUN b\nRUN a", needed("numpy==2.1", "scikit-learn")),
        environment_digest("sha256:1", "RUN a\nRUN b", needed("numpy==2.2", "scikit-learn")),
        environment_digest("sha256:1", "RUN a\nRUN b", needed("numpy==2.1")),
        environment_digest(
            "sha256:1", "RUN a\nRUN b", needed("--index-url https://mirror/simple", "numpy==2.1", "scikit-learn")
        ),
    ],
)
def test_bases_steps_packages_and_indexes_do(other):
    assert other != BASE


def test_an_environments_dockerfile_ends_as_the_unprivileged_user():
    text = environment_dockerfile("base:1", "RUN apt-get update\n", needed("numpy"))
    assert text.startswith("FROM base:1\nUSER root:root\n")
    assert text.index("RUN apt-get update") < text.index("RUN pip install --requirement")
    assert text.endswith("\nUSER 1001\n")
    assert "pip install" not in environment_dockerfile("base:1", "RUN true", needed())


def test_options_of_pip_mean_nothing_to_the_shell():
    text = environment_dockerfile("base:1", "", needed("--extra-index-url https://mirror/s?a=1&b=$(id)", "numpy"))
    assert "RUN pip install --extra-index-url 'https://mirror/s?a=1&b=$(id)' --requirement" in text


def test_an_index_with_a_password_goes_into_no_file():
    with pytest.raises(DeployError) as refused:
        environment_dockerfile("base:1", "", needed("--index-url https://me:hunter2@mirror/simple", "numpy"))
    assert "hunter2" not in str(refused.value)
    assert "mirror/simple" in str(refused.value)
    assert "use a mirror that needs none" in str(refused.value)


def test_bare_packages_get_the_versions_that_were_tested():
    files = requirement_files(needed("scikit-learn", "pandas>=2", "rarely-used"))
    assert files["requirements.txt"].splitlines() == ["pandas>=2", "rarely-used", "scikit-learn"]
    constraints = {Requirement(line).name: line for line in files["constraints.txt"].splitlines()}
    assert re.match(r"scikit-learn==\d+\.\d+", constraints["scikit-learn"])
    assert "pandas" not in constraints
    own = [line for line in importlib.metadata.requires("scoredock") or [] if "extra" not in line]
    assert constraints["gunicorn"] in own
    assert requirement_files(needed()) == {}


def test_variables_in_a_dockerfile_are_what_they_were():
    text = service_dockerfile("env:1", {"B": 'a "b" $HOME \\n ü', "A": "1"})
    assert text.splitlines()[3:] == ['ENV A="1"', 'ENV B="a \\"b\\" \\$HOME \\\\n ü"']
    with pytest.raises(DeployError, match="without line ends"):
        service_dockerfile("env:1", {"A": "one\nRUN two"})


def test_condas_packages_are_installed_beside_python_and_pip():
    conda = needed("numpy", conda=("python=3.10", "R-Base=4.3", "pip"), channels=("bioconda", "defaults"))
    assert conda_environment(conda, [parse_channel(one) for one in conda.channels]) == {
        "channels": ["bioconda", "defaults"],
        "packages": ["python=3.10", "pip", conda.conda[0]],
    }
    assert conda_environment(needed(conda=("python>=3.10", "x")), [])["packages"][0] == "python>=3.10"
    assert conda_environment(needed(conda=("x",)), [])["packages"][0] == "python=3.11"
    context = conda_context(conda, [])
    assert set(context) == {
        "Dockerfile",
        "environment.json",
        "install-packages",
        "install-python",
        "python-packages.txt",
    }
    text = context["Dockerfile"].decode()
    assert text.index("install-packages /build/environment.json") < text.index("COPY --from=conda")


@pytest.mark.parametrize(("switch", "exporter"), [("true", True), ("True", True), ("false", False), (None, False)])
def test_application_insights_brings_its_exporter_as_soon_as_it_is_switched_on(switch, exporter):
    environment = Environment("own")
    if switch is not None:
        environment.environment_variables["AML_APP_INSIGHTS_ENABLED"] = switch
    names = {Requirement(line).name for line in needed_by(environment, silent).pip}
    assert ("azure-monitor-opentelemetry-exporter" in names) is exporter
