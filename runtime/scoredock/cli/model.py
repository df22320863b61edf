"""``scoredock model``: register models, and find, change, download, verify and delete them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoredock.cli.output import (
    failing,
    output_option,
    print_done,
    print_item,
    print_items,
    size_text,
    workspace_option,
)
from scoredock.cli.progress_bar import progress_bar
from scoredock.errors import ExitCode

if TYPE_CHECKING:
    from scoredock.deploy.registry.model import Model

_COLUMNS = {
    "name": "NAME",
    "version": "VERSION",
    "framework": "FRAMEWORK",
    "size": "SIZE",
    "created": "CREATED",
    "tags": "TAGS",
    "description": "DESCRIPTION",
}


@click.group()
def model() -> None:
    """Keep models under names and versions, for deployment.

    \b
    scoredock model register -n sentiment -p ./models
    scoredock model list
    scoredock model show sentiment:1

    Exit codes: 0 done, 1 refused or not found (the message says what to do), 2 wrong usage.
    """


def _pairs(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """``KEY=VALUE`` options as a dictionary."""
    for one in given:
        if not one.partition("=")[0] or "=" not in one:
            raise click.BadParameter(f"expected KEY=VALUE, as in area=qna; got {one!r}.")
    return {one.partition("=")[0]: one.partition("=")[2] for one in given}


def _complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of models that begin so; with a colon, their versions."""
    try:
        models = _models().list(_workspace(context.params.get("workspace")))
    except Exception:  # the shell shows nothing rather than a traceback
        return []
    found = [one.id if ":" in incomplete else one.name for one in models]
    return [one for one in dict.fromkeys(found) if one.startswith(incomplete)]


def _reference(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the model that a command is about: an argument, or ``-i`` as in ``az ml model``."""
    command = click.option("-i", "--model-id", metavar="NAME[:VERSION]", help="The same as the argument.")(command)
    return click.argument("reference", metavar="NAME[:VERSION]", required=False, shell_complete=_complete)(command)


def _chosen(reference: str | None, model_id: str | None, *, exact: bool = False) -> str:
    if (reference is None) == (model_id is None):
        raise click.UsageError("Name one model: NAME[:VERSION], or -i NAME[:VERSION].")
    chosen = str(reference or model_id)
    if exact and not chosen.partition(":")[2]:
        raise click.UsageError(f"Say which version: {chosen}:VERSION. scoredock model list -n {chosen} shows them.")
    return chosen


@model.command()
@click.option("-n", "--name", "--model-name", required=True, help="The model's name.", shell_complete=_complete)
@click.option(
    "-p",
    "--path",
    "--model-path",
    "--asset-path",
    type=click.Path(path_type=Path),
    required=True,
    help="File or folder. A file keeps its name, a folder its own.",
)
@click.option("--tag", "tags", multiple=True, callback=_pairs, metavar="KEY=VALUE", help="Repeatable.")
@click.option("--property", "properties", multiple=True, callback=_pairs, metavar="KEY=VALUE", help="Never changes.")
@click.option("-d", "--description", help="A sentence about it.")
@click.option("--model-framework", help="TensorFlow, ONNX, ScikitLearn, Multi (Triton) or Custom.")
@click.option("--model-framework-version", help="Such as 1.4.")
@click.option("--child-path", "child_paths", multiple=True, metavar="PATH", help="Keep only this part of the folder.")
@click.option("--sample-input", type=click.Path(path_type=Path), metavar="FILE", help="A request's body.")
@click.option("--sample-output", type=click.Path(path_type=Path), metavar="FILE", help="What it is answered with.")
@click.option("--cc", "--cpu-cores", "cpu", type=float, help="CPUs that it needs.")
@click.option("--gb", "--memory-gb", "memory", type=float, help="Memory that it needs, in GB.")
@click.option("--gc", "--gpu-cores", "gpu", type=int, help="GPUs that it needs.")
@click.option("-t", "--output-metadata-file", type=click.Path(path_type=Path), help="File to write the model's id to.")
@workspace_option
@output_option
def register(
    name: str,
    path: Path,
    tags: dict[str, str],
    properties: dict[str, str],
    description: str | None,
    model_framework: str | None,
    model_framework_version: str | None,
    child_paths: tuple[str, ...],
    sample_input: Path | None,
    sample_output: Path | None,
    cpu: float | None,
    memory: float | None,
    gpu: int | None,
    output_metadata_file: Path | None,
    workspace: str | None,
    output: str,
) -> None:
    """Copy a file or a folder into the workspace as a new version."""
    with failing():
        from scoredock.deploy.registry.model_resources import ResourceConfiguration

        wanted = ResourceConfiguration(cpu, memory, gpu)
        with progress_bar() as progress:
            made = _models().register(
                _workspace(workspace),
                path,
                name,
                tags,
                properties,
                description,
                None,
                model_framework,
                model_framework_version,
                list(child_paths) or None,
                sample_input,
                sample_output,
                None if wanted == ResourceConfiguration() else wanted,
                progress=progress,
            )
        if output_metadata_file is not None:
            output_metadata_file.write_text(json.dumps({"modelId": made.id}) + "\n")
        files = made.files
        count = "1 file" if len(files) == 1 else f"{len(files)} files"
        print_done(f"Registered {made.id} ({count}, {size_text(made.size)})", made.serialize(), output)


@model.command("list")
@click.option("-n", "--name", "--model-name", help="This model's versions alone.", shell_complete=_complete)
@click.option("--tag", "tags", multiple=True, metavar="KEY[=VALUE]", help="Only models with this tag. Repeatable.")
@click.option("--property", "properties", multiple=True, metavar="KEY[=VALUE]", help="The same for properties.")
@click.option("-l", "--latest", is_flag=True, help="Of each name the newest version alone.")
@workspace_option
@output_option
def list_command(
    name: str | None,
    tags: tuple[str, ...],
    properties: tuple[str, ...],
    latest: bool,
    workspace: str | None,
    output: str,
) -> None:
    """List models, each name's newest version first."""
    with failing():
        place = _workspace(workspace)
        found = _models().list(place, name, _filter(tags), _filter(properties), latest=latest)
        items = [one.serialize() if output == "json" else _row(one) for one in found]
        asked = any((name, tags, properties))
        none = f"No model {'fits' if asked else 'is registered'} in {place.location}."
        print_items(items, _COLUMNS, output, none if asked else f"{none} scoredock model register -n NAME -p PATH")


@model.command()
@_reference
@workspace_option
@output_option
def show(reference: str | None, model_id: str | None, workspace: str | None, output: str) -> None:
    """Show all that is known of a model; without a version, the newest."""
    chosen = _chosen(reference, model_id)
    with failing():
        found = _models()(_workspace(workspace), chosen)
        item = found.serialize()
        if output != "json":
            files = [f"{file.path} ({size_text(file.size)})" for file in found.files]
            samples = {"sampleInput": found.sample_input_dataset, "sampleOutput": found.sample_output_dataset}
            item = {**item, **samples, "files": files, "size": size_text(found.size), "usedBy": found.used_by()}
        print_item(item, output)


@model.command()
@_reference
@click.option("--add-tag", "add_tags", multiple=True, callback=_pairs, metavar="KEY=VALUE", help="Add, or change.")
@click.option("--remove-tag", "remove_tags", multiple=True, metavar="KEY", help="Remove. Repeatable.")
@click.option("--add-property", "properties", multiple=True, callback=_pairs, metavar="KEY=VALUE", help="Add for good.")
@click.option("-d", "--description", help="The new description.")
@workspace_option
@output_option
def update(
    reference: str | None,
    model_id: str | None,
    add_tags: dict[str, str],
    remove_tags: tuple[str, ...],
    properties: dict[str, str],
    description: str | None,
    workspace: str | None,
    output: str,
) -> None:
    """Change a version's tags and description, add properties."""
    chosen = _chosen(reference, model_id, exact=True)
    if not (add_tags or remove_tags or properties or description is not None):
        raise click.UsageError("Say what to change: --add-tag, --remove-tag, --add-property, --description.")
    with failing():
        found = _models()(_workspace(workspace), chosen)
        if add_tags or remove_tags or properties:
            found.update_tags_properties(add_tags, remove_tags, properties)
        if description is not None:
            found.update(description=description)
        print_done(f"Updated {found.id}", found.serialize(), output)


@model.command()
@_reference
@click.option("-t", "--target-dir", type=click.Path(path_type=Path), default=Path(), help="Default: this folder.")
@click.option("--overwrite", "--exist-ok", is_flag=True, help="Replace files that are there.")
@workspace_option
@output_option
def download(
    reference: str | None,
    model_id: str | None,
    target_dir: Path,
    overwrite: bool,
    workspace: str | None,
    output: str,
) -> None:
    """Copy a model's file or folder to a folder of yours; prints its path."""
    chosen = _chosen(reference, model_id)
    with failing(), progress_bar() as progress:
        found = _models()(_workspace(workspace), chosen)
        path = found.download(target_dir, overwrite, progress=progress)
        print_done(path, {"id": found.id, "path": path}, output)


@model.command()
@_reference
@workspace_option
@output_option
def verify(reference: str | None, model_id: str | None, workspace: str | None, output: str) -> None:
    """Compare every file of a model with its hash; exit code 1 if one is missing or was changed."""
    chosen = _chosen(reference, model_id)
    with failing():
        with progress_bar() as progress:
            found = _models()(_workspace(workspace), chosen)
            wrong = found.verify(progress)
        said = "\n".join(wrong) or f"All files of {found.id} are as they were registered."
        for line in said.split("\n"):
            print_done(line, {"id": found.id, "wrong": wrong}, output)
            if output == "json":
                break
        if wrong:
            sys.exit(ExitCode.REFUSED)


@model.command()
@_reference
@click.option("--force", is_flag=True, help="Even while a service uses it.")
@workspace_option
@output_option
def delete(reference: str | None, model_id: str | None, force: bool, workspace: str | None, output: str) -> None:
    """Delete a version with its files. Its number is not given again."""
    chosen = _chosen(reference, model_id, exact=True)
    with failing():
        found = _models()(_workspace(workspace), chosen)
        found.delete(force=force)
        print_done(f"Deleted {found.id}", {"id": found.id}, output)


def _workspace(location: str | None) -> Any:
    from scoredock.deploy.registry.workspace import Workspace

    return Workspace(location)


def _models() -> type[Model]:
    """The class, imported when a command runs: the other commands start without it."""
    from scoredock.deploy.registry.model import Model

    return Model


def _filter(given: tuple[str, ...]) -> list[str | list[str]]:
    return [one.split("=", 1) if "=" in one else one for one in given]


def _row(one: Model) -> dict[str, Any]:
    created = one.created_time.strftime("%Y-%m-%d %H:%M")
    row = {**one.serialize(), "size": size_text(one.size), "created": created}
    return {key: row.get(key) for key in _COLUMNS}
