"""The calls of Azure ML's SDK v1 that build and deploy, on top of what the registry keeps."""

from __future__ import annotations

import builtins
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from scoredock.deploy.config.deployment_config import LocalWebserviceDeploymentConfiguration
from scoredock.deploy.config.inference_config import InferenceConfig
from scoredock.deploy.config.stand_in import in_place_of_azures
from scoredock.deploy.local.deploying import deploy, package, write_package
from scoredock.deploy.local.engine import Show, connect, silent
from scoredock.deploy.local.images import environment_image
from scoredock.deploy.local.local_service import LocalWebservice
from scoredock.deploy.local.service_config import needed_by
from scoredock.deploy.registry import environment, model
from scoredock.deploy.registry.workspace import Workspace as AnyWorkspace
from scoredock.errors import DeployError, Refused

E = TypeVar("E", bound="Environment")
W = TypeVar("W", bound="Workspace")
DEFAULT_CPU_IMAGE = "scoredock:cpu"
DEFAULT_GPU_IMAGE = "scoredock:cuda"
WebserviceException = DeployError


class Workspace(AnyWorkspace):
    """A workspace, and what it holds by name: ``models``, ``environments``, ``webservices``."""

    @classmethod
    def create(cls: type[W], name: str, *_azure: Any, **_more: Any) -> W:
        """The default workspace, made where it is not there yet; other arguments mean nothing.

        Raises Refused for a folder that holds something else.
        """
        made = cls(workspace_name=name)
        made.prepare()
        return made

    @property
    def models(self) -> dict[str, Model]:
        """Every model by name, in its newest version."""
        return {found.name: found for found in Model.list(self, latest=True)}

    @property
    def environments(self) -> dict[str, Environment]:
        """Every registered environment by name, in its newest version."""
        return Environment.list(self)

    @property
    def webservices(self) -> dict[str, LocalWebservice]:
        """Every service by name."""
        return {found.name: found for found in LocalWebservice.list(self)}

    def get_details(self) -> dict[str, Any]:
        """Its name and place, and the coordinates that it was given."""
        return {
            "name": self.name,
            "location": self.location,
            "resourceGroup": self.resource_group,
            "subscriptionId": self.subscription_id,
        }


class ImageBuild:
    """A build that has ended well: an environment's image is in this machine's engine as ``image``."""

    status = "Succeeded"

    def __init__(self, image: str, lines: Sequence[str]) -> None:
        self.image = image
        self._lines = tuple(lines)

    def get_log(self) -> str:
        """The build's output."""
        return "\n".join(self._lines)

    def wait_for_completion(self, show_output: bool = True) -> ImageBuild:
        """Nothing to wait for: it is there. With ``show_output``, print how it was built."""
        if show_output:
            print(self.get_log())  # noqa: T201 - the v1 SDK's behaviour
        return self


class Environment(environment.Environment):
    """An environment of the workspace, or one to be; and its image."""

    @classmethod
    def get(cls: type[E], workspace: AnyWorkspace, name: str, version: str | int | None = None) -> E:
        """The environment of that name, the newest version when none is given; or one of scoredock's own.

        For one of Azure's own, scoredock's with the same packages, with a UserWarning. Raises NotFound, which names the
        nearest ones, and ConfigError for one of Azure's that scoredock has not.
        """
        found = super().get(workspace, name, version)
        if found.name != name:
            warnings.warn(f"{name} is Azure's own: {found.name} stands for it.", stacklevel=2)
        return found

    def build(self, workspace: AnyWorkspace, image_build_compute: str | None = None) -> ImageBuild:
        """Register the environment and build its image in this machine's Docker engine.

        ``image_build_compute`` means nothing here. Raises ConfigError for packages that cannot be installed, and
        BuildFailed.
        """
        registered, lines = self.register(workspace), list[str]()
        self.version = registered.version
        environment = in_place_of_azures(self)
        needed = needed_by(environment, lines.append)
        return ImageBuild(environment_image(connect(), environment, needed, "", lines.append), lines)

    def build_local(self, workspace: AnyWorkspace | None = None, **_azure: Any) -> str:
        """Build the environment's image in this machine's Docker engine; returns its name.

        Raises ConfigError for packages that cannot be installed, and BuildFailed.
        """
        environment = in_place_of_azures(self)
        return environment_image(connect(), environment, needed_by(environment, silent), "", silent)


class Model(model.Model):
    """A model of the workspace; and what is done with models together."""

    @staticmethod
    def deploy(
        workspace: AnyWorkspace,
        name: str,
        models: Sequence[model.Model],
        inference_config: InferenceConfig | None = None,
        deployment_config: Any = None,
        deployment_target: Any = None,
        overwrite: bool = False,
        show_output: bool = False,
    ) -> LocalWebservice:
        """Start a service in this machine's Docker engine; ``wait_for_deployment()`` waits until it is Healthy.

        Images that are missing are built first. With ``overwrite``, a service of this name is changed, and answers on
        until the new one is Healthy. Raises Refused, Busy, ConfigError, NotFound for an environment that is not there,
        BuildFailed, ServiceFailed.
        """
        if inference_config is None:
            raise Refused("Model.deploy: expected an inference_config with an entry_script, got none.")
        local = isinstance(deployment_config, (LocalWebserviceDeploymentConfiguration, type(None)))
        if deployment_target is not None or not local:
            raise Refused(
                "Model.deploy: expected deployment_config=LocalWebservice.deploy_configuration(port=…), since this "
                f"deploys on this machine, got {type(deployment_target or deployment_config).__name__}."
            )
        show: Show = print if show_output else silent
        return deploy(
            workspace, name, models, inference_config, deployment_config, overwrite=overwrite, wait=False, show=show
        )

    @staticmethod
    def profile(*_azure: Any, **_more: Any) -> NoReturn:
        """Not offered. Raises Refused with what measures a script here."""
        raise Refused(
            "Model.profile: not offered. Deploy with LocalWebservice.deploy_configuration(), send your requests, and "
            "read the service's /metrics: latencies, queue and memory are there."
        )

    @staticmethod
    def package(
        workspace: AnyWorkspace,
        models: Sequence[model.Model],
        inference_config: InferenceConfig,
        generate_dockerfile: bool = False,
        image_name: str | None = None,
        image_label: str | None = None,
    ) -> ModelPackage:
        """An image with script, models and packages, built; or, with ``generate_dockerfile``, what it is built from.

        Raises ConfigError, NotFound for an environment that is not there, BuildFailed.
        """
        return ModelPackage(workspace, models, inference_config, generate_dockerfile, image_name, image_label)


class ModelPackage:
    """What ``Model.package`` made. ``location`` is the image's name; None for a Dockerfile that is to be saved."""

    def __init__(
        self,
        workspace: AnyWorkspace,
        models: Sequence[model.Model],
        config: InferenceConfig,
        generate_dockerfile: bool,
        image_name: str | None,
        image_label: str | None,
    ) -> None:
        self._arguments = (workspace, models, config)
        self._logs: list[str] = []
        self.location: str | None = None
        if not generate_dockerfile:
            self.location = package(
                workspace, models, config, image_name=image_name, image_label=image_label, show=self._logs.append
            )

    def wait_for_creation(self, show_output: bool = False) -> None:
        """Nothing to wait for: it is there. With ``show_output``, print how it was built."""
        if show_output:
            print(self.get_logs())  # noqa: T201 - the v1 SDK's behaviour

    def pull(self) -> None:
        """Nothing to pull: the image is in this machine's engine."""

    def save(self, output_directory: str) -> None:
        """Write the Dockerfile and its context into a folder that is not there yet, or empty.

        Raises Refused for one that is not, and what ``Model.package`` raises.
        """
        workspace, models, config = self._arguments
        write_package(workspace, models, config, Path(output_directory), show=self._logs.append)

    def get_logs(self, decode: bool = True, offset: int = 0) -> str:
        """The build's output, from line ``offset`` on."""
        return "\n".join(self._logs[offset:])


class Webservice:
    """``Webservice(workspace, name)`` is the service of that name."""

    def __new__(cls, workspace: AnyWorkspace, name: str) -> Any:
        """The service, which is a LocalWebservice. Raises NotFound."""
        return LocalWebservice(workspace, name)

    @staticmethod
    def deploy_from_model(*_azure: Any, **_more: Any) -> NoReturn:
        """Not offered: it is the call of images that the SDK has given up. Raises Refused with what to call."""
        raise Refused(
            "Webservice.deploy_from_model: expected Model.deploy(workspace, name, models, "
            "InferenceConfig(entry_script=…, environment=…), LocalWebservice.deploy_configuration(port=…)), which "
            "takes the place of ContainerImage and image_configuration: execution_script is entry_script, conda_file "
            "goes to Environment.from_conda_specification, dependencies go into source_directory."
        )

    deploy = deploy_from_image = deploy_from_model

    @staticmethod
    def list(workspace: AnyWorkspace, compute_type: str | None = None) -> builtins.list[LocalWebservice]:
        """All services of the workspace; there is no other ``compute_type`` than the local one."""
        return LocalWebservice.list(workspace)
