"""``scoredock deploy``: models, a script and an environment become a service in this machine's Docker engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoredock.cli.output import failing, output_option, print_done, printable, workspace_option

if TYPE_CHECKING:
    from scoredock.deploy import InferenceConfig, LocalWebserviceDeploymentConfiguration, Workspace
    from scoredock.deploy.registry.model import Model

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


def show(line: str) -> None:
    """A line of progress, on standard error."""
    click.echo(printable(line), err=True)


def chosen_models(workspace: Workspace, references: tuple[str, ...]) -> list[Model]:
    """The models of ``-m`` options."""
    from scoredock.deploy import Model

    return [Model(workspace, id=reference) for reference in references]


def read_inference_config(path: Path, script: str | None = None, folder: str | None = None) -> InferenceConfig:
    """The inference configuration of a file, with what options say in its place; warnings go to standard error."""
    from scoredock.deploy import InferenceConfig

    given = {"entry_script": script, "source_directory": folder}
    config = InferenceConfig.load(path, {name: value for name, value in given.items() if value is not None})
    for warning in config.warnings:
        show(f"Warning: {warning}")
    return config


def read_deployment_config(path: Path | None, port: int | None) -> LocalWebserviceDeploymentConfiguration:
    """The deployment configuration of a file, or an empty one; ``port`` wins. Raises Refused for ACI and AKS."""
    from scoredock.deploy import LocalWebserviceDeploymentConfiguration
    from scoredock.deploy.config.deployment_config import load_deployment_config
    from scoredock.errors import Refused

    if path is None:
        return LocalWebserviceDeploymentConfiguration(port=port)
    config = load_deployment_config(path, {"port": port})
    if not isinstance(config, LocalWebserviceDeploymentConfiguration):
        raise Refused(
            f"{path}: the file is right, but scoredock deploys to computeType local so far, not {config.compute_type}. "
            'Leave --dc out, or give a file with {"computeType": "local"}.'
        )
    return config


@click.command()
@click.option(
    "-n",
    "--name",
    required=True,
    metavar="NAME",
    help="The service's name: 3 to 32 lower-case letters, digits, dashes.",
)
@models_option
@inference_option()
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
@workspace_option
@output_option
def deploy(
    name: str,
    model: tuple[str, ...],
    ic: Path | None,
    dc: Path | None,
    script: str | None,
    folder: str | None,
    port: int | None,
    overwrite: bool,
    no_wait: bool,
    workspace: str | None,
    output: str,
) -> None:
    """Deploy a service in this machine's Docker engine, and wait until it is Healthy.

    \b
    scoredock deploy -n sentiment -m sentiment:1 --ic inferenceconfig.json --dc deploymentconfig.json
    scoredock deploy -n echo --es score.py --port 6789

    What is missing is built first: the environment's image, once for the same packages.

    Exit codes: 0 it is Healthy, 1 it is not (the message says why and what to do), 2 wrong usage.
    """
    if ic is None and script is None:
        raise click.UsageError("Give an inference configuration (--ic FILE) or an entry script (--es FILE).")
    with failing():
        from scoredock.deploy import InferenceConfig, Workspace
        from scoredock.deploy.local.deploying import deploy as deploy_service

        place = Workspace(workspace)
        if ic is not None:
            config = read_inference_config(ic, script, folder)
        else:
            config = InferenceConfig(entry_script=str(script), source_directory=folder)
        deployment, models = read_deployment_config(dc, port), chosen_models(place, model)
        service = deploy_service(
            place, name, models, config, deployment, overwrite=overwrite, wait=not no_wait, show=show
        )
        print_done(f"{name} is {service.state}: {service.scoring_uri}", service.serialize(), output)
