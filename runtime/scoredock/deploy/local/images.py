"""The images of environments, found again by a hash; and whole images of services, for other machines."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import replace

import docker
from packaging.requirements import Requirement

from scoredock.deploy.config.environment import Environment
from scoredock.deploy.config.requirements import Requirements
from scoredock.deploy.local import own_source
from scoredock.deploy.local.bases import base_of
from scoredock.deploy.local.build_context import archive
from scoredock.deploy.local.engine import Show, build, image_id
from scoredock.errors import DeployError

HASH = "scoredock.environment"
FOLDER = "/opt/scoredock/service"


def environment_image(
    engine: docker.DockerClient, environment: Environment, needed: Requirements, docker_steps: str, show: Show
) -> str:
    """The name of the image that has an environment's packages; built only when the engine has none of the same.

    The same: the same base image, the same Docker steps, the same packages, in any order. ``needed.python`` is one that
    scoredock runs on. Raises DeployError, BuildFailed.
    """
    base = base_of(engine, environment, needed, show)
    if not docker_steps.strip() and not needed.pip:
        return base
    digest = environment_digest(str(image_id(engine, base)), docker_steps, needed)
    tag = f"scoredock-env:{digest[:12]}"
    if image_id(engine, tag) is not None:
        show(f"The environment is unchanged: {tag}")
        return tag
    show(f"Building the environment {tag}")
    files = {"Dockerfile": environment_dockerfile(base, docker_steps, needed), **requirement_files(needed)}
    with archive(files) as content:
        build(engine, tag, content, show, labels={HASH: digest})
    return tag


def environment_digest(base_id: str, docker_steps: str, needed: Requirements) -> str:
    """What decides whether two environments are one image. Python is the base's: asked for or not, it is the same."""
    steps = [line.strip() for line in docker_steps.splitlines() if line.strip()]
    return hashlib.sha256(json.dumps([base_id, steps, replace(needed, python=None).digest()]).encode()).hexdigest()


def environment_dockerfile(base: str, docker_steps: str, needed: Requirements) -> str:
    """The Dockerfile of an environment, for the build and for people. Raises DeployError for what no file may hold."""
    lines = [f"FROM {base}", "USER root:root"]
    if docker_steps.strip():
        lines += ["", "# the Docker steps of the configuration", docker_steps.strip()]
    if needed.pip:
        shown = [_without_secret(option.text, option.shown) for option in needed.pip_options]
        options = "".join(f" {shlex.join(option.split())}" for option in shown)
        lines += [
            "",
            "# the environment's packages; the runtime's own keep versions that it works with",
            f"COPY requirements.txt constraints.txt {FOLDER}/",
            f"RUN pip install{options} --requirement {FOLDER}/requirements.txt \\",
            f"    --constraint {FOLDER}/constraints.txt",
        ]
    return "\n".join([*lines, "", "USER 1001", ""])


def requirement_files(needed: Requirements) -> dict[str, str]:
    """The files that ``environment_dockerfile`` copies.

    A package that is named without a version gets the one that scoredock's images were tested with, if they have one.
    """
    if not needed.pip:
        return {}
    own = [line for line in importlib.metadata.requires("scoredock") or [] if "extra ==" not in line]
    bare = {line for line in needed.pip if re.fullmatch(r"[a-z0-9-]+", line)}
    tested = [line for line in _tested() if Requirement(line).name in bare]
    return {"requirements.txt": needed.requirements_txt(), "constraints.txt": "\n".join([*own, *tested, ""])}


def service_dockerfile(image: str, variables: Mapping[str, str]) -> str:
    """The Dockerfile of a whole service, on its environment's image: script, models, and where they are."""
    settings = [f"ENV {name}={_quoted(value)}" for name, value in sorted(variables.items())]
    return "\n".join(
        [
            f"FROM {image}",
            "COPY --chown=0:0 app /var/azureml-app",
            "COPY --chown=0:0 models /var/azureml-app/azureml-models",
            *settings,
            "",
        ]
    )


def _tested() -> list[str]:
    lines = (own_source.dockerfiles() / "base-images" / "cpu" / "python-packages.txt").read_text().splitlines()
    return [line.removesuffix("\\").strip() for line in lines if re.match(r"[a-z0-9-]+==", line)]


def _quoted(value: str) -> str:
    """A value of a variable as a Dockerfile has it: not even a dollar sign means anything. Raises DeployError."""
    if "\n" in value:
        raise DeployError(
            f"expected a variable's value without line ends, since it goes into a Dockerfile, got {value!r}."
        )
    return '"' + re.sub(r'([\\"$])', r"\\\1", value) + '"'


def _without_secret(text: str, shown: str) -> str:
    if text != shown:
        raise DeployError(
            f"{shown}: an index address with a password cannot go into an image, where everybody could read it. Put it "
            "into the base image's build, or use a mirror that needs none."
        )
    return text
