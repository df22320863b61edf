"""``scoredock service``: list, ask, change and delete the services of this machine."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scoredock.cli import output as printing
from scoredock.cli.deploy import (
    chosen_models,
    deployment_option,
    inference_option,
    local_option,
    models_option,
    port_option,
    read_deployment_config,
    read_inference_config,
    show,
    strict_option,
)
from scoredock.cli.output import failing, output_option, workspace_option
from scoredock.errors import ExitCode

if TYPE_CHECKING:
    from scoredock.deploy import LocalWebservice

_COLUMNS = {"name": "NAME", "state": "STATE", "scoring_uri": "SCORING URI", "models": "MODELS", "updated": "UPDATED"}


@click.group()
def service() -> None:
    """List, ask, change and delete services.

    \b
    scoredock service list
    scoredock service logs NAME
    scoredock service run NAME -d '{"data": [[1, 2]]}'
    scoredock service update NAME -m sentiment:2

    Exit codes: 0 done, 1 refused, not found or not Healthy (the message says what to do), 2 wrong usage.
    """


def _complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of services that begin so."""
    from scoredock.deploy import Workspace

    try:
        names = Workspace(context.params.get("workspace")).records("services").names()
    except Exception:  # the shell shows nothing rather than a traceback
        return []
    return [name for name in names if name.startswith(incomplete)]


_NAME = click.argument("name", shell_complete=_complete)


def _service(name: str, workspace: str | None) -> LocalWebservice:
    from scoredock.deploy import LocalWebservice, Workspace

    return LocalWebservice(Workspace(workspace), name)


def _done(found: LocalWebservice, output: str) -> None:
    printing.print_done(f"{found.name} is {found.state}: {found.scoring_uri}", found.serialize(), output)


@service.command("list")
@workspace_option
@output_option
def list_services(workspace: str | None, output: str) -> None:
    """List the services, with the state that their containers are in now."""
    with failing():
        from scoredock.deploy import LocalWebservice, Workspace

        found = [one.serialize() for one in LocalWebservice.list(Workspace(workspace))]
        printing.print_items(found, _COLUMNS, output, "There are no services. Deploy one: scoredock deploy -n NAME …")


@service.command("show")
@_NAME
@workspace_option
@output_option
def show_service(name: str, workspace: str | None, output: str) -> None:
    """Show a service: state, addresses, models, image, error."""
    with failing():
        printing.print_item(_service(name, workspace).serialize(), output)


@service.command()
@_NAME
@click.option("-l", "--num-lines", default=5000, metavar="NUMBER", help="How many of the last lines. Default: 5000.")
@workspace_option
def logs(name: str, num_lines: int, workspace: str | None) -> None:
    """Print what the service's server has written."""
    with failing():
        click.echo(_service(name, workspace).get_logs(num_lines), nl=False)


@service.command()
@_NAME
@click.option("-d", "--input-data", "data", metavar="TEXT", help="The request's body. Default: standard input.")
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="How long to wait for all of the answer. Default: until the service gives one.",
)
@workspace_option
def run(name: str, data: str | None, timeout_s: float | None, workspace: str | None) -> None:
    """Score: send a request's body, and print the answer.

    \b
    scoredock service run NAME -d '{"data": [[1, 2]]}'
    scoredock service run NAME --timeout 30 < request.json

    A service that asks for a key or a token gets the one in the variable SCOREDOCK_KEY; it is no option, because
    everybody can read the options of a process.
    """
    with failing():
        body = sys.stdin.read() if data is None else data
        answer = _service(name, workspace).run(body, os.environ.get("SCOREDOCK_KEY"), timeout_s)
        if isinstance(answer, str):
            click.echo(answer)
        else:
            printing.print_json(answer)


@service.command()
@_NAME
@workspace_option
@output_option
def reload(name: str, workspace: str | None, output: str) -> None:
    """Restart with fresh copies of the script and its files; nothing is built."""
    with failing():
        found = _service(name, workspace)
        found.reload(wait=True, show=show)
        _done(found, output)


@service.command()
@_NAME
@models_option
@inference_option()
@deployment_option
@port_option("Another port of this machine.")
@local_option
@strict_option
@workspace_option
@output_option
def update(
    name: str,
    model: tuple[str, ...],
    ic: Path | None,
    dc: Path | None,
    port: int | None,
    local: bool,
    strict: bool,
    workspace: str | None,
    output: str,
) -> None:
    """Change models, configuration or port, without a gap.

    \b
    scoredock service update NAME -m sentiment:2
    scoredock service update NAME --ic inferenceconfig.json

    The old service answers until the new one is Healthy. When the new one does not get Healthy, the old one stays, and
    the exit code is 1. A new port is the exception: the service is away until it is Healthy there.
    """
    if not (model or ic or dc or port):
        raise click.UsageError("Say what is to change: -m NAME:VERSION, --ic FILE, --dc FILE or --port NUMBER.")
    with failing():
        found = _service(name, workspace)
        deployment = replace(found.deployment_config, port=port) if port else None
        if dc:
            deployment = read_deployment_config(dc, port, strict=strict, local=local)
        found.update(
            models=chosen_models(found.workspace, model) or None,
            inference_config=read_inference_config(ic, strict=strict) if ic else None,
            deployment_config=deployment,
            wait=True,
            show=show,
        )
        _done(found, output)


@service.command()
@_NAME
@click.option("--delete-image", is_flag=True, help="Remove its environment's image too.")
@workspace_option
def delete(name: str, delete_image: bool, workspace: str | None) -> None:
    """End the service, and remove its containers, files and record."""
    with failing():
        _service(name, workspace).delete(delete_image=delete_image)
        click.echo(f"Deleted {name}")


@service.command("open")
@_NAME
@workspace_option
def open_page(name: str, workspace: str | None) -> None:
    """Open the service's Swagger document in a browser."""
    with failing():
        found = _service(name, workspace)
        click.echo(found.swagger_uri)
        if click.launch(found.swagger_uri) != 0:
            sys.exit(ExitCode.REFUSED)
