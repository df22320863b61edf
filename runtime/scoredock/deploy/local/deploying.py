"""Deploying a service on this machine, and packaging one for others."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from scoredock.deploy.config.deployment_config import LocalWebserviceDeploymentConfiguration
from scoredock.deploy.config.inference_config import InferenceConfig
from scoredock.deploy.local.build_context import content_of, short
from scoredock.deploy.local.engine import Show, build, connect, silent
from scoredock.deploy.local.images import service_dockerfile
from scoredock.deploy.local.local_service import LocalWebservice
from scoredock.deploy.local.service_config import built_environment, described_environment
from scoredock.deploy.local.service_files import write_layout
from scoredock.deploy.local.standalone import LAST, write_stages
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

    With ``overwrite``, a service of this name is changed, without a gap; one that never was Healthy, and has failed,
    without it too. Raises Refused for a name that it cannot have
    or that is taken, Busy, ConfigError, BuildFailed, and ServiceFailed when it does not get Healthy.
    """
    if not _NAME.fullmatch(name):
        raise Refused(
            f"service name: expected 3 to 32 lower-case letters, digits and dashes, a letter first, got {name!r}."
        )
    service = LocalWebservice(workspace, name, must_exist=False)
    with service.changing(must_exist=False):
        never_worked = service.exists and service.never_worked
        if never_worked:
            show(f"{name} was never Healthy: it is deployed anew.")
        if service.exists and not (overwrite or never_worked):
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
        context.mkdir()
        engine = connect()
        environment, image = built_environment(engine, workspace, config, show)
        of_all = {**environment.environment_variables, **(variables or {})}
        (context / "Dockerfile").write_text(_service_lines(context, config, models, of_all, image))
        name = image_name or f"package-{short(content_of(context))}"
        tag = f"{name}:{image_label or 'latest'}"
        build(engine, tag, context, show)
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

    It stands alone, from a public base image to the last layer: any machine with Docker or Podman builds it. No engine
    is asked, and nothing is built.
    """
    if folder.exists() and any(folder.iterdir()):
        raise Refused(f"{folder} is not empty. Name a folder that is not there yet.")
    environment, needed, docker_steps = described_environment(workspace, config, show)
    folder.mkdir(parents=True, exist_ok=True)
    stages = write_stages(folder, environment, needed, docker_steps)
    of_all = {**environment.environment_variables, **(variables or {})}
    (folder / "Dockerfile").write_text(f"{stages}\n\n{_service_lines(folder, config, models, of_all, LAST)}")
    return folder / "Dockerfile"


def _service_lines(
    folder: Path, config: InferenceConfig, models: Sequence[Model], variables: Mapping[str, str], image: str
) -> str:
    """Lay out script and models in ``folder``; returns the Dockerfile that puts them on ``image``."""
    layout = write_layout(folder, config, models, link=False)  # its reader may change the files
    shutil.rmtree(layout.app / "azureml-models")
    return service_dockerfile(image, {**variables, **layout.environment})
