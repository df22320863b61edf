"""Azure's computes by the names of its SDK v1: configurations are checked here; nothing is deployed there yet."""

from __future__ import annotations

from typing import Any

from scoredock.deploy.config.deployment_config import (
    AciServiceDeploymentConfiguration,
    AksServiceDeploymentConfiguration,
)


class AciWebservice:
    """A service in Azure Container Instances: its configuration alone."""

    @staticmethod
    def deploy_configuration(**arguments: Any) -> AciServiceDeploymentConfiguration:
        """The configuration for ACI with these arguments, those that are None not set. Raises ConfigError."""
        return AciServiceDeploymentConfiguration(**_given(arguments))


class AksWebservice:
    """A service in Azure Kubernetes Service: its configuration alone."""

    @staticmethod
    def deploy_configuration(**arguments: Any) -> AksServiceDeploymentConfiguration:
        """The configuration for AKS with these arguments, those that are None not set. Raises ConfigError."""
        return AksServiceDeploymentConfiguration(**_given(arguments))


class AksEndpoint:
    """An endpoint with several versions in Azure Kubernetes Service: the configuration of its first version alone."""

    @staticmethod
    def deploy_configuration(**arguments: Any) -> AksServiceDeploymentConfiguration:
        """As for AksWebservice, with ``version_name`` and ``traffic_percentile``. Raises ConfigError."""
        return AksServiceDeploymentConfiguration(**_given(arguments))


def _given(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value is not None}
