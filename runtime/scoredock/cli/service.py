"""``scoredock service``: list, ask, change and delete the services of this machine."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoredock.cli import output as printing
from scoredock.cli.deploy import (
    chosen_models,
    deployment_option,
    host_option,
    local_option,
    models_option,
    port_option,
    read_deployment_config,
    strict_option,
)
from scoredock.cli.inference_options import changed_config, inference_options
from scoredock.cli.output import failing, output_option, workspace_option
from scoredock.cli.remarks import show
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
    """Show a service: state, addresses, models, image, error, and what it was before."""
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


def _body(data: str | None) -> str | bytes:
    """A request's body: text, a file's content (``@FILE``), or standard input (``-``, ``@-``), as curl has them."""
    if data in (None, "-", "@-"):
        return sys.stdin.buffer.read()
    return Path(data[1:]).read_bytes() if data.startswith("@") else data


@service.command()
@_NAME
@click.option(
    "-d",
    "--input-data",
    "data",
    metavar="TEXT",
    help="The request's body; @FILE: the file's content; -: standard input, as without -d.",
)
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
    scoredock service run NAME -d @request.json
    scoredock service run NAME --timeout 30 < request.json

    A service that asks for a key or a token gets the one in the variable SCOREDOCK_KEY; it is no option, because
    everybody can read the options of a process.
    """
    with failing():
        answer = _service(name, workspace).run(_body(data), os.environ.get("SCOREDOCK_KEY"), timeout_s)
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
@inference_options()
@deployment_option
@port_option("Another port of this machine.")
@host_option
@local_option
@strict_option
@workspace_option
@output_option
def update(
    name: str,
    model: tuple[str, ...],
    ic: Path | None,
    given: dict[str, Any],
    dc: Path | None,
    port: int | None,
    host: str | None,
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
    the exit code is 1. A new port or address is the exception: the service is away until it is Healthy there. What
    --es, --sd and --image-python said of the service stays, also with another --ic; it is shown.
    """
    if not (model or ic or given or dc or port or host):
        raise click.UsageError(
            "Say what is to change: -m NAME:VERSION, --ic FILE, --es FILE, --sd FOLDER, --dc FILE, --port NUMBER or "
            "--host ADDRESS."
        )
    with failing():
        found = _service(name, workspace)
        before = found.deployment_config
        deployment = None
        if dc:
            deployment = read_deployment_config(dc, port, host or before.host, strict=strict, local=local)
        elif port or host:
            deployment = replace(before, port=port or before.port, host=host or before.host)
        found.update(
            models=chosen_models(found.workspace, model) or None,
            inference_config=changed_config(found.inference_config, ic, given, strict=strict),
            deployment_config=deployment,
            wait=True,
            show=show,
        )
        _done(found, output)


@service.command()
@_NAME
@click.option(
    "--to",
    type=click.IntRange(1),
    metavar="NUMBER",
    help="The generation to go back to, as `service show` has it. Default: the one before.",
)
@workspace_option
@output_option
def rollback(name: str, to: int | None, workspace: str | None, output: str) -> None:
    """Go back to an earlier generation: its models, script, packages and variables.

    \b
    scoredock service rollback NAME
    scoredock service rollback NAME --to 3

    It takes over without a gap, as a new generation, on the same port. The last 5 that were Healthy are kept.
    """
    with failing():
        found = _service(name, workspace)
        found.rollback(to, wait=True, show=show)
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
