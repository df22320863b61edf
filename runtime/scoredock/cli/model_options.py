"""What the commands of ``scoredock model`` share: names that the shell completes, tags, the model that is meant."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from scoredock.deploy.registry.model import Model

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def name_option(text: str, *, required: bool = False) -> Decorator:
    """Add ``-n``; the command gets the name of a model as ``name``."""
    return click.option(
        "-n", "--name", "--model-name", metavar="NAME", required=required, help=text, shell_complete=_complete
    )


def pairs_option(flag: str, name: str, text: str) -> Decorator:
    """Add an option of ``KEY=VALUE``, which may be given again; the command gets a dictionary as ``name``."""
    text = f"{text} Repeatable."
    return click.option(flag, name, multiple=True, callback=_pairs, metavar="KEY=VALUE", help=text)


def filter_option(flag: str, name: str, text: str) -> Decorator:
    """Add an option of ``KEY`` or ``KEY=VALUE``, which may be given again; the command gets a filter as ``name``."""
    text = f"{text} Repeatable."
    return click.option(flag, name, multiple=True, callback=_filter, metavar="KEY[=VALUE]", help=text)


def model_argument(*, exact: bool = False) -> Decorator:
    """Add the model that a command is about, as ``reference`` and ``model_id``: an argument, or ``-i`` as in az ml."""
    metavar = "NAME:VERSION" if exact else "NAME[:VERSION]"
    argument = click.argument("reference", metavar=metavar, required=False, shell_complete=_complete)
    option = click.option("-i", "--model-id", metavar=metavar, help="The same as the argument, as az ml has it.")
    return lambda command: argument(option(command))


def model_of(reference: str | None, model_id: str | None, workspace: str | None, *, exact: bool = False) -> Model:
    """The model that a command is about. Raises UsageError for none, two, or one without a version where ``exact``."""
    from scoredock.deploy.registry.model import Model
    from scoredock.deploy.registry.workspace import Workspace

    if (reference is None) == (model_id is None):
        raise click.UsageError("Name one model: NAME[:VERSION], or -i NAME[:VERSION].")
    chosen = str(reference or model_id)
    if exact and not chosen.partition(":")[2]:
        raise click.UsageError(f"Say which version: {chosen}:VERSION. scoredock model list -n {chosen} shows them.")
    return Model(Workspace(workspace), chosen)


def _pairs(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    for one in given:
        if not one.partition("=")[0] or "=" not in one:
            raise click.BadParameter(f"expected KEY=VALUE, as in area=qna; got {one!r}.")
    return {one.partition("=")[0]: one.partition("=")[2] for one in given}


def _filter(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> list[str | list[str]]:
    return [one.split("=", 1) if "=" in one else one for one in given]


def _complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of models that begin so; with a colon, their versions."""
    from scoredock.deploy.registry.model import Model
    from scoredock.deploy.registry.workspace import Workspace

    try:
        models = Model.list(Workspace(context.params.get("workspace")))
    except Exception:  # the shell shows nothing rather than a traceback
        return []
    found = [one.id if ":" in incomplete else one.name for one in models]
    return [one for one in dict.fromkeys(found) if one.startswith(incomplete)]
