"""What an inference configuration means for a service: its environment and that's image, its record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import docker

from scoredock.deploy.config import environment as described
from scoredock.deploy.config.deployment_config import LocalWebserviceDeploymentConfiguration, format_of
from scoredock.deploy.config.document import node_of
from scoredock.deploy.config.environment import EnvironmentReference
from scoredock.deploy.config.extras import extra_requirements
from scoredock.deploy.config.inference_config import InferenceConfig
from scoredock.deploy.config.kinds import Report
from scoredock.deploy.config.requirements import Requirements
from scoredock.deploy.config.stand_in import in_place_of_azures
from scoredock.deploy.local.engine import Show
from scoredock.deploy.local.images import environment_image
from scoredock.deploy.local.imported_files import imported_files
from scoredock.deploy.local.ports import LOOPBACK, called_as
from scoredock.deploy.local.pythons import settled_python
from scoredock.deploy.registry.environment import Environment
from scoredock.deploy.registry.workspace import Workspace
from scoredock.errors import NotFound


def built_environment(
    engine: docker.DockerClient, workspace: Workspace, config: InferenceConfig, show: Show
) -> tuple[described.Environment, str]:
    """A configuration's environment, looked up in the workspace if it is only named; and its image, built if missing.

    Raises ConfigError for files that are missing, before anything is built; NotFound, DeployError, BuildFailed.
    """
    environment, needed, docker_steps = described_environment(workspace, config, show)
    return environment, environment_image(engine, environment, needed, docker_steps, show)


def described_environment(
    workspace: Workspace, config: InferenceConfig, show: Show
) -> tuple[described.Environment, Requirements, str]:
    """A configuration's environment, what it needs, and its Docker steps; what its owner should know goes to ``show``.

    Raises ConfigError for files that are missing, NotFound, and DeployError for a Python that scoredock cannot run on.
    """
    config.check_files()
    if config.source_directory is None and (beside := imported_files(config.script_path)):
        show(f"Taken along, since {config.script_path.name} imports them: {', '.join(map(str, beside))}")
    reference, steps = config.environment, config.extra_docker_steps_path
    environment: described.Environment
    if isinstance(reference, EnvironmentReference):
        environment = _registered(workspace, reference)
    else:
        environment = config.described_environment()
    given, environment = environment.docker.base_image, in_place_of_azures(environment)
    if environment.docker.base_image != given:
        show(f"{environment.docker.base_image} stands for Azure's image {given}.")
    docker_steps = "" if steps is None else steps.read_text(encoding="utf-8")
    return environment, needed_by(environment, show, image_python=bool(config.image_python)), docker_steps


def needed_by(environment: described.Environment, show: Show, *, image_python: bool = False) -> Requirements:
    """What an environment needs, with a Python that scoredock runs on, or the image's; what is left out is shown.

    Raises ConfigError for packages that cannot be installed, DeployError for another Python without ``image_python``.
    """
    needed = environment.requirements()
    python, said = settled_python(environment.name, needed.python, image_python)
    for note in (*needed.notes, said):
        if note is not None:
            show(f"Warning: {note}")
    packages = set(needed.pip)
    if environment.environment_variables.get("AML_APP_INSIGHTS_ENABLED", "").strip().lower() == "true":
        packages.update(extra_requirements(["app-insights"]))  # its exporter is not in the image
    return replace(needed, python=python, pip=tuple(sorted(packages)))


def _registered(workspace: Workspace, reference: EnvironmentReference) -> Environment:
    try:
        return Environment.get(workspace, reference.name, reference.version)
    except NotFound as error:
        raise NotFound(
            f"{error} Describe it in the configuration (base image, packages), or register it: "
            f"Environment.from_conda_specification({reference.name!r}, 'conda.yml').register(Workspace.from_config())"
        ) from None


def deployment_of(record: dict[str, Any]) -> LocalWebserviceDeploymentConfiguration:
    """The deployment configuration that a service's record keeps."""
    kept = node_of(record["deployment_config"])
    return LocalWebserviceDeploymentConfiguration(
        **format_of(LocalWebserviceDeploymentConfiguration).read(kept, Report("record"))
    )


def variables_of(record: dict[str, Any]) -> dict[str, str]:
    """The variables of a service's processes: its environment's, and those of its deployment over them."""
    of_deployment = record.get("deployment_config", {}).get("environmentVariables") or {}
    return {**(record.get("environment_variables") or {}), **of_deployment}


def config_of(record: dict[str, Any]) -> InferenceConfig:
    """The configuration that a service's record keeps."""
    config = InferenceConfig.from_dict(record["inference_config"], record["config_folder"])
    config.options = record.get("options") or {}
    return config


def scheme_of(record: dict[str, Any]) -> str:
    """How a service is called, by its record: https when its environment gives its server a certificate."""
    return "https" if variables_of(record).get("SCOREDOCK_TLS_CERTIFICATE") else "http"


def address_of(record: dict[str, Any], port: int | None) -> str:
    """Where this machine calls a service: ``http://localhost:6789``."""
    host = record.get("deployment_config", {}).get("host") or LOOPBACK
    return f"{scheme_of(record)}://{called_as(host)}:{port}"
