"""``scoredock deploy``: models, a script and an environment become a service in this machine's Docker engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoredock.cli.output import failing, output_option, print_done, printable, workspace_option

if TYPE_CHECKING:
    from scoredock.deploy import InferenceConfig, LocalWebserviceDeploymentConfiguration
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


def inference_option(*, required: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add ``--ic``; the command gets a path as ``ic``."""
    text = "Inference configuration: script and environment."
    return click.option("--ic", "--inference-config-file", "ic", type=_FILE, required=required, help=text)


def deployment_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--dc``; the command gets a path as ``dc``."""
    text = "Deployment configuration: where it runs."
    return click.option("--dc", "--deploy-config-file", "dc", type=_FILE, help=text)(command)


def port_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add ``--port`` with this help; the command gets the number as ``port``."""
    return click.option("--po", "--port", "port", type=click.IntRange(1, 65535), metavar="NUMBER", help=text)


def strict_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--strict``; the command gets it as ``strict``."""
    text = "Refuse files that have something that is ignored, or taken as something else."
    return click.option("--strict", is_flag=True, help=text)(command)


def local_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--local``; the command gets it as ``local``."""
    text = "Deploy on this machine what a file says of ACI, AKS or Kubernetes, as far as it means something here."
    return click.option("--local", is_flag=True, help=text)(command)


def show(line: str) -> None:
    """A line of progress, on standard error."""
    click.echo(printable(line), err=True)


def chosen_models(workspace: Workspace, references: tuple[str, ...]) -> list[Model]:
    """The models of ``-m`` options."""
    from scoredock.deploy import Model

    return [Model(workspace, id=reference) for reference in references]


def online_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``-f``; the command gets the paths as ``file``."""
    text = "An online deployment of version 2 (YAML), in place of --ic; once more for its endpoint."
    return click.option("-f", "--file", "file", type=_FILE, multiple=True, help=text)(command)


def read_online_deployment(paths: tuple[Path, ...], *, strict: bool = False) -> OnlineDeployment:
    """The online deployment of its files; remarks go to standard error."""
    from scoredock.deploy.config.online_deployment import load_online_deployment

    found = load_online_deployment(paths, strict=strict)
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


def models_of(place: Workspace, references: tuple[str, ...], online: OnlineDeployment | None) -> list[Model]:
    """The models of ``-m`` options; without one, that of an online deployment, registered if it is not yet."""
    from scoredock.deploy.registry.registered_once import registered_once

    wanted = online.model if online is not None and not references else None
    if wanted is None:
        return chosen_models(place, references)
    if wanted.id is not None:
        return chosen_models(place, (wanted.id,))
    assert wanted.path is not None  # noqa: S101 - it is one or the other
    model, is_new = registered_once(place, wanted.path, wanted.name)
    show(f"{'Registered' if is_new else 'Found'} {wanted.path} as {model.id}")
    return [model]


def show_remarks(config: Any) -> None:
    """What reading a configuration had to say: what is ignored of it, and what else a reader may not expect."""
    for warning in config.warnings:
        show(f"Warning: {warning}")
    for note in config.notes:
        show(f"Note: {note}")


def read_inference_config(
    path: Path, script: str | None = None, folder: str | None = None, *, strict: bool = False
) -> InferenceConfig:
    """The inference configuration of a file, with what options say in its place; remarks go to standard error."""
    from scoredock.deploy import InferenceConfig

    given = {"entry_script": script, "source_directory": folder}
    config = InferenceConfig.load(
        path, {name: value for name, value in given.items() if value is not None}, strict=strict
    )
    show_remarks(config)
    return config


def read_deployment_config(
    path: Path | None, port: int | None, *, strict: bool = False, local: bool = False
) -> LocalWebserviceDeploymentConfiguration:
    """The deployment configuration of a file, or an empty one; ``port`` wins; remarks go to standard error.

    Raises Refused for ACI and AKS, unless ``local``.
    """
    from scoredock.deploy import LocalWebserviceDeploymentConfiguration
    from scoredock.deploy.config.deployment_config import load_deployment_config
    from scoredock.errors import Refused

    if path is None:
        return LocalWebserviceDeploymentConfiguration(port=port)
    config = load_deployment_config(path, {"port": port}, strict=strict, local=local)
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
@inference_option()
@online_option
@deployment_option
@click.option(
    "--es", "--entry-script", "script", metavar="FILE", help="Entry script, in place of the inference configuration's."
)
@click.option(
    "--sd",
    "--source-directory",
    "folder",
    metavar="FOLDER",
    help="Folder that is deployed as a whole, with the script in it; in place of the inference configuration's.",
)
@port_option("Port of this machine, in place of the deployment configuration's. Default: a free one.")
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
    script: str | None,
    folder: str | None,
    port: int | None,
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
    if file and (ic or dc or script or folder):
        raise click.UsageError("-f has script, environment and service: leave out --ic, --dc, --es and --sd.")
    if not file and ic is None and script is None:
        raise click.UsageError(
            "Give an inference configuration (--ic FILE), an entry script (--es FILE) or a deployment (-f FILE)."
        )
    if not file and name is None:
        raise click.UsageError("Give the service's name: -n NAME.")
    with failing():
        from scoredock.deploy import InferenceConfig, Workspace
        from scoredock.deploy.local.deploying import deploy as deploy_service

        place = Workspace(workspace)
        online = None
        if file:
            online = read_online_deployment(file, strict=strict)
            config, deployment = online.config, replace(online.deployment, port=port)
            name = name or online.service
            check_here(online, name, file, local)
        else:
            if ic is not None:
                config = read_inference_config(ic, script, folder, strict=strict)
            else:
                config = InferenceConfig(entry_script=str(script), source_directory=folder)
            deployment = read_deployment_config(dc, port, strict=strict, local=local)
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
