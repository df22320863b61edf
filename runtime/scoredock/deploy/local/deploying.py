"""Deploying a service on this machine, and packaging one for others."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from scoredock.deploy.config.deployment_config import LocalWebserviceDeploymentConfiguration
from scoredock.deploy.config.inference_config import InferenceConfig
from scoredock.deploy.local.bases import content_of, short
from scoredock.deploy.local.engine import Show, build, connect, silent
from scoredock.deploy.local.images import service_dockerfile
from scoredock.deploy.local.local_service import LocalWebservice
from scoredock.deploy.local.service_config import built_environment
from scoredock.deploy.local.service_files import write_layout
from scoredock.deploy.registry.model import Model
from scoredock.deploy.registry.workspace import Workspace
from scoredock.errors import Refused

_NAME = re.compile(r"[a-z][a-z0-9-]{1,30}[a-z0-9]")


def deploy(
    workspace: Workspace,
    name: str,
    models: Sequence[Model],
    config: InferenceConfig,
    deployment: LocalWebserviceDeploymentConfiguration | None = None,
    *,
    overwrite: bool = False,
    wait: bool = True,
    show: Show = silent,
) -> LocalWebservice:
    """Build what is missing, start the service, and wait until it is Healthy, unless ``wait`` is False.

    With ``overwrite``, a service of this name is changed, without a gap. Raises Refused for a name that it cannot have
    or that is taken, Busy, ConfigError, BuildFailed, and ServiceFailed when it does not get Healthy.
    """
    if not _NAME.fullmatch(name):
        raise Refused(
            f"service name: expected 3 to 32 lower-case letters, digits and dashes, a letter first, got {name!r}."
        )
    service = LocalWebservice(workspace, name, must_exist=False)
    with service.changing(must_exist=False):
        if service.exists and not overwrite:
            raise Refused(
                f"there is a service {name} already; it is {service.state}. Change it with `scoredock service update "
                f"{name} …`, replace it with --overwrite, or delete it: scoredock service delete {name}"
            )
        service.change(models, config, deployment or LocalWebserviceDeploymentConfiguration(), wait=wait, show=show)
    return service


def package(
    workspace: Workspace,
    models: Sequence[Model],
    config: InferenceConfig,
    *,
    image_name: str | None = None,
    image_label: str | None = None,
    variables: Mapping[str, str] | None = None,
    show: Show = silent,
) -> str:
    """Build an image with script, models and packages in it; returns its name, ``image_name:image_label``.

    ``variables`` are in it over those of the environment.
    """
    with tempfile.TemporaryDirectory(prefix="scoredock-package-") as folder:
        context = Path(folder) / "context"
        write_package(workspace, models, config, context, variables=variables, show=show)
        name = image_name or f"package-{short(content_of(context))}"
        tag = f"{name}:{image_label or 'latest'}"
        build(connect(), tag, context, show)
    return tag


def write_package(
    workspace: Workspace,
    models: Sequence[Model],
    config: InferenceConfig,
    folder: Path,
    *,
    variables: Mapping[str, str] | None = None,
    show: Show = silent,
) -> Path:
    """Write the Dockerfile of a whole service, with its context, into ``folder``; returns the Dockerfile's path.

    The environment's image is built, since the Dockerfile starts from it.
    """
    if folder.exists() and any(folder.iterdir()):
        raise Refused(f"{folder} is not empty. Name a folder that is not there yet.")
    environment, image = built_environment(connect(), workspace, config, show)
    folder.mkdir(parents=True, exist_ok=True)
    layout = write_layout(folder, config, models, link=False)  # its reader may change the files
    shutil.rmtree(layout.app / "azureml-models")
    all_variables = {**environment.environment_variables, **(variables or {}), **layout.environment}
    (folder / "Dockerfile").write_text(service_dockerfile(image, all_variables))
    return folder / "Dockerfile"
