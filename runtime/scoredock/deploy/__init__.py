"""The deployment workflow: workspace, models, environments, configurations, images, services.

The names of Azure ML's SDK v1, so that scripts made for it run after a change of their imports::

    from scoredock.deploy import Environment, InferenceConfig, LocalWebservice, Model, Workspace

Each is imported when it is asked for, so that a command pays for what it uses. Needs ``scoredock[deploy]``.

What they raise is below ``scoredock.errors.DeployError``. Besides the errors that a docstring names, whatever asks the
workspace raises Damaged and Unreachable, and whatever asks the Docker engine EngineUnavailable. Arguments that mean
nothing here are taken, so that scripts that give them run.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

_PLACES = {
    "AciServiceDeploymentConfiguration": "config.deployment_config",
    "AciWebservice": "cloud",
    "AksEndpoint": "cloud",
    "AksServiceDeploymentConfiguration": "config.deployment_config",
    "AksWebservice": "cloud",
    "CondaDependencies": "config.conda_dependencies",
    "ContainerRegistry": "config.container_registry",
    "DEFAULT_CPU_IMAGE": "sdk",
    "DEFAULT_GPU_IMAGE": "sdk",
    "Environment": "sdk",
    "ImageBuild": "sdk",
    "InferenceConfig": "config.inference_config",
    "LocalWebservice": "local.local_service",
    "LocalWebserviceDeploymentConfiguration": "config.deployment_config",
    "Model": "sdk",
    "ModelPackage": "sdk",
    "ResourceConfiguration": "registry.model_resources",
    "Webservice": "sdk",
    "WebserviceException": "sdk",
    "Workspace": "sdk",
}

__all__ = [  # noqa: RUF022 - in the order of sorted()
    "AciServiceDeploymentConfiguration",
    "AciWebservice",
    "AksEndpoint",
    "AksServiceDeploymentConfiguration",
    "AksWebservice",
    "CondaDependencies",
    "ContainerRegistry",
    "DEFAULT_CPU_IMAGE",
    "DEFAULT_GPU_IMAGE",
    "Environment",
    "ImageBuild",
    "InferenceConfig",
    "LocalWebservice",
    "LocalWebserviceDeploymentConfiguration",
    "Model",
    "ModelPackage",
    "ResourceConfiguration",
    "Webservice",
    "WebserviceException",
    "Workspace",
]

if TYPE_CHECKING:
    from scoredock.deploy.cloud import AciWebservice, AksEndpoint, AksWebservice
    from scoredock.deploy.config.conda_dependencies import CondaDependencies
    from scoredock.deploy.config.container_registry import ContainerRegistry
    from scoredock.deploy.config.deployment_config import (
        AciServiceDeploymentConfiguration,
        AksServiceDeploymentConfiguration,
        LocalWebserviceDeploymentConfiguration,
    )
    from scoredock.deploy.config.inference_config import InferenceConfig
    from scoredock.deploy.local.local_service import LocalWebservice
    from scoredock.deploy.registry.model_resources import ResourceConfiguration
    from scoredock.deploy.sdk import (
        DEFAULT_CPU_IMAGE,
        DEFAULT_GPU_IMAGE,
        Environment,
        ImageBuild,
        Model,
        ModelPackage,
        Webservice,
        WebserviceException,
        Workspace,
    )
else:  # type checkers would take a __getattr__ for any name at all

    def __getattr__(name):
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] == "scoredock":
                raise
            raise ModuleNotFoundError(
                f"No module named {error.name!r}. Deploying needs more than serving: pip install 'scoredock[deploy]'",
                name=error.name,
            ) from None


def __dir__() -> list[str]:
    return __all__
