"""What an inference configuration means for a service: its environment and that's image, its record."""

from __future__ import annotations

from typing import Any

import docker

from scoredock.deploy.config import environment as described
from scoredock.deploy.config.deployment_config import LocalWebserviceDeploymentConfiguration, format_of
from scoredock.deploy.config.document import node_of
from scoredock.deploy.config.environment import EnvironmentReference
from scoredock.deploy.config.inference_config import InferenceConfig
from scoredock.deploy.config.kinds import Report
from scoredock.deploy.config.stand_in import in_place_of_azures
from scoredock.deploy.local.engine import Show
from scoredock.deploy.local.images import environment_image
from scoredock.deploy.registry.environment import Environment
from scoredock.deploy.registry.workspace import Workspace
from scoredock.errors import NotFound


def built_environment(
    engine: docker.DockerClient, workspace: Workspace, config: InferenceConfig, show: Show
) -> tuple[described.Environment, str]:
    """A configuration's environment, looked up in the workspace if it is only named; and its image, built if missing.

    Raises ConfigError for files that are missing, before anything is built; NotFound, BuildFailed.
    """
    config.check_files()
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
    return environment, environment_image(engine, environment, docker_steps, show)


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
    return InferenceConfig.from_dict(record["inference_config"], record["config_folder"])


def scheme_of(record: dict[str, Any]) -> str:
    """How a service is called, by its record: https when its environment gives its server a certificate."""
    return "https" if variables_of(record).get("SCOREDOCK_TLS_CERTIFICATE") else "http"
