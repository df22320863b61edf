"""What an inference configuration means for a service: its environment and that's image, its record."""

from __future__ import annotations

from typing import Any

import docker

from scoredock.deploy.config import environment as described
from scoredock.deploy.config.environment import EnvironmentReference
from scoredock.deploy.config.inference_config import InferenceConfig
from scoredock.deploy.local.engine import Show
from scoredock.deploy.local.images import environment_image
from scoredock.deploy.registry.environment import Environment
from scoredock.deploy.registry.workspace import Workspace


def built_environment(
    engine: docker.DockerClient, workspace: Workspace, config: InferenceConfig, show: Show
) -> tuple[described.Environment, str]:
    """A configuration's environment, looked up in the workspace if it is only named; and its image, built if missing.

    Raises ConfigError for files that are missing, before anything is built; NotFound, BuildFailed.
    """
    config.check_files()
    reference, steps = config.environment, config.extra_docker_steps_path
    if isinstance(reference, EnvironmentReference):
        environment: described.Environment = Environment.get(workspace, reference.name, reference.version)
    else:
        environment = config.described_environment()
    docker_steps = "" if steps is None else steps.read_text(encoding="utf-8")
    return environment, environment_image(engine, environment, docker_steps, show)


def config_of(record: dict[str, Any]) -> InferenceConfig:
    """The configuration that a service's record keeps."""
    return InferenceConfig.from_dict(record["inference_config"], record["config_folder"])


def scheme_of(record: dict[str, Any]) -> str:
    """How a service is called, by its record: https when its environment gives its server a certificate."""
    variables = record.get("environment_variables") or {}
    return "https" if variables.get("SCOREDOCK_TLS_CERTIFICATE") else "http"
