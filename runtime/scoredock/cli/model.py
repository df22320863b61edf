"""``scoredock model``: register models, and find, change, download, verify and delete them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoredock.cli.model_options import filter_option, model_argument, model_of, name_option, pairs_option
from scoredock.cli.output import (
    failing,
    output_option,
    print_done,
    print_item,
    print_items,
    print_json,
    printable,
    size_text,
    workspace_option,
)
from scoredock.cli.progress_bar import progress_bar
from scoredock.errors import ExitCode

if TYPE_CHECKING:
    from scoredock.deploy.registry.model import Model

_PATH = click.Path(path_type=Path)
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


@model.command()
@name_option("The model's name.", required=True)
@click.option(
    "-p",
    "--path",
    "--model-path",
    "--asset-path",
    type=_PATH,
    required=True,
    help="File or folder to copy; it keeps its name.",
)
@pairs_option("--tag", "tags", "A tag, which may be changed later.")
@pairs_option("--property", "properties", "A property, which never changes.")
@click.option("-d", "--description", help="A sentence about it.")
@click.option("--model-framework", help="TensorFlow, ONNX, ScikitLearn, Multi (Triton) or another. Default: Custom.")
@click.option("--model-framework-version", help="The framework's version, such as 1.4.")
@click.option(
    "--child-path", "child_paths", multiple=True, metavar="PATH", help="Keep only this part of the folder. Repeatable."
)
@click.option("--sample-input", type=_PATH, metavar="FILE", help="A request's body, to be kept with the model.")
@click.option("--sample-output", type=_PATH, metavar="FILE", help="The answer to it, to be kept with the model.")
@click.option("--cc", "--cpu-cores", "cpu", type=float, metavar="NUMBER", help="CPUs that it needs.")
@click.option("--gb", "--memory-gb", "memory", type=float, metavar="NUMBER", help="Memory that it needs, in GB.")
@click.option("--gc", "--gpu-cores", "gpu", type=int, metavar="NUMBER", help="GPUs that it needs.")
@click.option(
    "-t", "--output-metadata-file", type=_PATH, metavar="FILE", help="JSON file to write, with the model's id."
)
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
    """Copy a file or a folder into the workspace as a new version.

    \b
    scoredock model register -n sentiment -p ./models --tag area=qna
    """
    with failing():
        from scoredock.deploy.registry.model import Model
        from scoredock.deploy.registry.model_resources import ResourceConfiguration
        from scoredock.deploy.registry.workspace import Workspace

        wanted = ResourceConfiguration(cpu, memory, gpu)
        with progress_bar() as progress:
            made = Model.register(
                Workspace(workspace),
                path,
                name,
                tags,
                properties,
                description,
                model_framework=model_framework,
                model_framework_version=model_framework_version,
                child_paths=child_paths or None,
                sample_input_dataset=sample_input,
                sample_output_dataset=sample_output,
                resource_configuration=None if wanted == ResourceConfiguration() else wanted,
                progress=progress,
            )
        if output_metadata_file is not None:
            output_metadata_file.write_text(json.dumps({"modelId": made.id}) + "\n")
        files = made.files
        count = "1 file" if len(files) == 1 else f"{len(files)} files"
        print_done(f"Registered {made.id} ({count}, {size_text(made.size)})", made.serialize(), output)


@model.command("list")
@name_option("Only versions of this name.")
@filter_option("--tag", "tags", "Only those with this tag.")
@filter_option("--property", "properties", "Only those with this property.")
@click.option("-l", "--latest", is_flag=True, help="Only the newest version of each name.")
@workspace_option
@output_option
def list_command(
    name: str | None,
    tags: list[str | list[str]],
    properties: list[str | list[str]],
    latest: bool,
    workspace: str | None,
    output: str,
) -> None:
    """List models, each name's newest version first."""
    with failing():
        from scoredock.deploy.registry.model import Model
        from scoredock.deploy.registry.workspace import Workspace

        place = Workspace(workspace)
        found = Model.list(place, name, tags, properties, latest=latest)
        items = [one.serialize() if output == "json" else _row(one) for one in found]
        asked = any((name, tags, properties))
        none = f"No model {'fits' if asked else 'is registered'} in {place.location}."
        print_items(items, _COLUMNS, output, none if asked else f"{none} scoredock model register -n NAME -p PATH")


@model.command()
@model_argument()
@workspace_option
@output_option
def show(reference: str | None, model_id: str | None, workspace: str | None, output: str) -> None:
    """Show all that is known of a model; without a version, the newest."""
    with failing():
        found = model_of(reference, model_id, workspace)
        item = found.serialize()
        if output != "json":
            files = [f"{file.path} ({size_text(file.size)})" for file in found.files]
            samples = {"sampleInput": found.sample_input_dataset, "sampleOutput": found.sample_output_dataset}
            item = {**item, **samples, "files": files, "size": size_text(found.size), "usedBy": found.used_by()}
        print_item(item, output)


@model.command()
@model_argument(exact=True)
@pairs_option("--add-tag", "add_tags", "Add a tag, or change it.")
@click.option("--remove-tag", "remove_tags", multiple=True, metavar="KEY", help="Remove a tag. Repeatable.")
@pairs_option("--add-property", "properties", "Add a property, for good.")
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
    """Change a version's tags and description, add properties.

    \b
    scoredock model update sentiment:1 --add-tag stage=production
    """
    if not (add_tags or remove_tags or properties or description is not None):
        raise click.UsageError("Say what to change: --add-tag, --remove-tag, --add-property, --description.")
    with failing():
        found = model_of(reference, model_id, workspace, exact=True)
        if add_tags or remove_tags or properties:
            found.update_tags_properties(add_tags, remove_tags, properties)
        if description is not None:
            found.update(description=description)
        print_done(f"Updated {found.id}", found.serialize(), output)


@model.command()
@model_argument()
@click.option(
    "-t",
    "--target-dir",
    type=_PATH,
    default=Path(),
    metavar="FOLDER",
    help="Where it is copied to. Default: this folder.",
)
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
    with failing(), progress_bar() as progress:
        found = model_of(reference, model_id, workspace)
        path = found.download(target_dir, overwrite, progress=progress)
        print_done(path, {"id": found.id, "path": path}, output)


@model.command()
@model_argument()
@workspace_option
@output_option
def verify(reference: str | None, model_id: str | None, workspace: str | None, output: str) -> None:
    """Compare every file of a model with its hash. The exit code is 1 if one is missing or was changed."""
    with failing():
        with progress_bar() as progress:
            found = model_of(reference, model_id, workspace)
            wrong = found.verify(progress)
        if output == "json":
            print_json({"id": found.id, "wrong": wrong})
        else:
            for line in wrong or [f"All files of {found.id} are as they were registered."]:
                click.echo(printable(line))
        if wrong:
            sys.exit(ExitCode.REFUSED)


@model.command()
@model_argument(exact=True)
@click.option("--force", is_flag=True, help="Delete it even while a service uses it.")
@workspace_option
@output_option
def delete(reference: str | None, model_id: str | None, force: bool, workspace: str | None, output: str) -> None:
    """Delete a version with its files. Its number is not given again."""
    with failing():
        found = model_of(reference, model_id, workspace, exact=True)
        found.delete(force=force)
        print_done(f"Deleted {found.id}", {"id": found.id}, output)


def _row(one: Model) -> dict[str, Any]:
    created = one.created_time.strftime("%Y-%m-%d %H:%M")
    row = {**one.serialize(), "size": size_text(one.size), "created": created}
    return {key: row.get(key) for key in _COLUMNS}
