"""What an inference configuration means for a service: its environment, its Docker steps, its record."""

from __future__ import annotations

from typing import Any

from scoredock.deploy.config import environment as described
from scoredock.deploy.config.environment import EnvironmentReference
from scoredock.deploy.config.inference_config import InferenceConfig
from scoredock.deploy.registry.environment import Environment
from scoredock.deploy.registry.workspace import Workspace


def described_environment(workspace: Workspace, config: InferenceConfig) -> described.Environment:
    """A configuration's environment; one that is only named is looked up in the workspace."""
    reference = config.environment
    if isinstance(reference, EnvironmentReference):
        return Environment.get(workspace, reference.name, reference.version)
    return config.described_environment()


def docker_steps(config: InferenceConfig) -> str:
    """The lines for the Dockerfile that a configuration names; empty for none."""
    path = config.extra_docker_steps_path
    return "" if path is None else path.read_text(encoding="utf-8")


def config_of(record: dict[str, Any]) -> InferenceConfig:
    """The configuration that a service's record keeps."""
    return InferenceConfig.from_dict(record["inference_config"], record["config_folder"])


def scheme_of(record: dict[str, Any]) -> str:
    """How a service is called, by its record: https when its environment gives its server a certificate."""
    variables = record.get("environment_variables") or {}
    return "https" if variables.get("SCOREDOCK_TLS_CERTIFICATE") else "http"
