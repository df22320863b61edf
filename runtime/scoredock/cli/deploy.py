"""``scoredock deploy``: models, a script and an environment become a service in this machine's Docker engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoredock.cli.inference_options import inference_options, read_inference_config
from scoredock.cli.output import failing, output_option, print_done, workspace_option
from scoredock.cli.remarks import show, show_remarks

if TYPE_CHECKING:
    from scoredock.deploy import LocalWebserviceDeploymentConfiguration
    from scoredock.deploy.config.online_deployment import OnlineDeployment
    from scoredock.deploy.registry.model import Model
    from scoredock.deploy.registry.workspace import Workspace

_FILE = click.Path(path_type=Path, dir_okay=False)


def models_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``-m``; the command gets the references as ``model``."""
    option = click.option(
        "-m",
        "--model",
        multiple=True,
        metavar="NAME[:VERSION]",
        help="A registered model; without a version, the newest. Repeatable.",
    )
    return option(command)


def deployment_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--dc``; the command gets a path as ``dc``."""
    text = "Deployment configuration: where it runs."
    return click.option("--dc", "--deploy-config-file", "dc", type=_FILE, help=text)(command)


def port_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add ``--port`` with this help; the command gets the number as ``port``."""
    return click.option("--po", "--port", "port", type=click.IntRange(1, 65535), metavar="NUMBER", help=text)


def host_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--host``; the command gets it as ``host``."""
    text = "Address of this machine that the service answers on. Default: 127.0.0.1, which this machine alone reaches; "
    text += "others (0.0.0.0: all) need SCOREDOCK_PRIMARY_KEY in the configuration's variables."
    return click.option("--host", metavar="ADDRESS", help=text)(command)


def strict_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--strict``; the command gets it as ``strict``."""
    text = "Refuse files that have something that is ignored, or taken as something else."
    return click.option("--strict", is_flag=True, help=text)(command)


def local_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--local``; the command gets it as ``local``."""
    text = "Deploy on this machine what a file says of ACI, AKS or Kubernetes, as far as it means something here."
    return click.option("--local", is_flag=True, help=text)(command)


def chosen_models(workspace: Workspace, references: tuple[str, ...]) -> list[Model]:
    """The models of ``-m`` options."""
    from scoredock.deploy import Model

    return [Model(workspace, id=reference) for reference in references]


def online_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``-f``; the command gets the paths as ``file``."""
    text = "An online deployment of version 2 (YAML), in place of --ic; once more for its endpoint."
    return click.option("-f", "--file", "file", type=_FILE, multiple=True, help=text)(command)


def script_of(given: Mapping[str, Any]) -> bool:
    """Whether options name a script or its folder, which an online deployment's file does."""
    return "entry_script" in given or "source_directory" in given


def read_online_deployment(
    paths: tuple[Path, ...], given: Mapping[str, Any], *, strict: bool = False
) -> OnlineDeployment:
    """The online deployment of its files, with --image-python where that is given; remarks go to standard error."""
    from scoredock.deploy.config.online_deployment import load_online_deployment

    found = load_online_deployment(paths, strict=strict)
    found.config.image_python = given.get("image_python")
    show_remarks(found)
    return found


def check_here(online: OnlineDeployment, name: str | None, paths: tuple[Path, ...], local: bool) -> None:
    """Raise Refused for a deployment that needs a cluster, unless ``local``, and for one without a service's name."""
    from scoredock.errors import Refused

    if online.needs_cluster and not local:
        raise Refused(
            f"{paths[0]}: the file is right, but it is for Kubernetes, and scoredock deploys on this machine so far. "
            "Add --local to deploy it here."
        )
    if name is None:
        raise Refused(f"{paths[0]}: its endpoint_name cannot be a service's name. Give one: -n NAME.")


def models_of(
    place: Workspace, references: tuple[str, ...], online: OnlineDeployment | None, *, say: bool = True
) -> list[Model]:
    """The models of ``-m`` options; without one, that of an online deployment, registered if it is not yet.

    ``say``: show what became of that one.
    """
    from scoredock.deploy.registry.registered_once import registered_once

    wanted = online.model if online is not None and not references else None
    if wanted is None:
        return chosen_models(place, references)
    if wanted.id is not None:
        return chosen_models(place, (wanted.id,))
    assert wanted.path is not None  # noqa: S101 - it is one or the other
    model, is_new = registered_once(place, wanted.path, wanted.name)
    if say:
        show(f"{'Registered' if is_new else 'Found'} {wanted.path} as {model.id}")
    return [model]


def read_deployment_config(
    path: Path | None, port: int | None, host: str | None = None, *, strict: bool = False, local: bool = False
) -> LocalWebserviceDeploymentConfiguration:
    """The deployment configuration of a file, or an empty one; ``port`` and ``host`` win; remarks go to standard error.

    Raises Refused for ACI and AKS, unless ``local``.
    """
    from scoredock.deploy import LocalWebserviceDeploymentConfiguration
    from scoredock.deploy.config.deployment_config import load_deployment_config
    from scoredock.errors import Refused

    if path is None:
        return LocalWebserviceDeploymentConfiguration(port=port, host=host)
    config = load_deployment_config(path, {"port": port, "host": host}, strict=strict, local=local)
    show_remarks(config)
    if not isinstance(config, LocalWebserviceDeploymentConfiguration):
        raise Refused(
            f"{path}: the file is right, but it is for computeType {config.compute_type}, and scoredock deploys on "
            "this machine so far. Add --local to deploy it here, with its limits and timeouts; what else it says means "
            "nothing here, and is told."
        )
    return config


@click.command()
@click.option(
    "-n",
    "--name",
    metavar="NAME",
    help="The service's name: 3 to 32 lower-case letters, digits, dashes. Default: the endpoint's, of -f.",
)
@models_option
@inference_options()
@online_option
@deployment_option
@port_option("Port of this machine, in place of the deployment configuration's. Default: a free one.")
@host_option
@click.option("--overwrite", is_flag=True, help="Change the service of this name, without a gap, if there is one.")
@click.option("--no-wait", is_flag=True, help="Do not wait until it is Healthy.")
@local_option
@strict_option
@workspace_option
@output_option
def deploy(
    name: str | None,
    model: tuple[str, ...],
    ic: Path | None,
    file: tuple[Path, ...],
    dc: Path | None,
    given: dict[str, Any],
    port: int | None,
    host: str | None,
    overwrite: bool,
    no_wait: bool,
    local: bool,
    strict: bool,
    workspace: str | None,
    output: str,
) -> None:
    """Deploy a service in this machine's Docker engine, and wait until it is Healthy.

    \b
    scoredock deploy -n sentiment -m sentiment:1 --ic inferenceconfig.json --dc deploymentconfig.json
    scoredock deploy -n echo --es score.py --port 6789
    scoredock deploy -f deployment.yml -f endpoint.yml

    What is missing is built first: the environment's image, once for the same packages.

    Exit codes: 0 it is Healthy, 1 it is not (the message says why and what to do), 2 wrong usage.
    """
    if file and (ic or dc or script_of(given)):
        raise click.UsageError("-f has script, environment and service: leave out --ic, --dc, --es and --sd.")
    if not file and ic is None and "entry_script" not in given:
        raise click.UsageError(
            "Give an inference configuration (--ic FILE), an entry script (--es FILE) or a deployment (-f FILE)."
        )
    if not file and name is None:
        raise click.UsageError("Give the service's name: -n NAME.")
    with failing():
        from scoredock.deploy import Workspace
        from scoredock.deploy.local.deploying import deploy as deploy_service

        place = Workspace(workspace)
        online = None
        if file:
            online = read_online_deployment(file, given, strict=strict)
            config, deployment = online.config, replace(online.deployment, port=port, host=host)
            name = name or online.service
            check_here(online, name, file, local)
        else:
            config = read_inference_config(ic, given, strict=strict)
            deployment = read_deployment_config(dc, port, host, strict=strict, local=local)
        service = deploy_service(
            place,
            str(name),
            models_of(place, model, online),
            config,
            deployment,
            overwrite=overwrite,
            wait=not no_wait,
            show=show,
        )
        print_done(f"{name} is {service.state}: {service.scoring_uri}", service.serialize(), output)
