"""``scoredock package``: an image of a whole service, or the Dockerfile that makes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from scoredock.cli.deploy import (
    models_of,
    models_option,
    online_option,
    read_online_deployment,
    script_of,
    strict_option,
)
from scoredock.cli.inference_options import inference_options, read_inference_config
from scoredock.cli.output import failing, output_option, print_done, workspace_option
from scoredock.cli.remarks import show


@click.command()
@models_option
@inference_options()
@online_option
@click.option("--image-name", "name", metavar="NAME", help="The image's name. Default: package- and a hash.")
@click.option("--il", "--image-label", "label", help="What follows the colon in its name. Default: latest.")
@click.option("--generate-dockerfile", is_flag=True, help="Write the Dockerfile and its context; build nothing of it.")
@click.option(
    "--output-path",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Where --generate-dockerfile writes; not there yet, or empty.",
)
@strict_option
@workspace_option
@output_option
def package(
    model: tuple[str, ...],
    ic: Path | None,
    given: dict[str, Any],
    file: tuple[Path, ...],
    name: str | None,
    label: str | None,
    generate_dockerfile: bool,
    output_path: Path | None,
    strict: bool,
    workspace: str | None,
    output: str,
) -> None:
    """Build an image with script, models and packages, for any machine with Docker.

    \b
    scoredock package -m sentiment:1 --ic inferenceconfig.json --image-name sentiment
    scoredock package -m sentiment:1 --ic inferenceconfig.json --generate-dockerfile --output-path ./image
    scoredock package -f deployment.yml --image-name sentiment

    Exit codes: 0 done, 1 refused or failed (the message says what to do), 2 wrong usage.
    """
    if generate_dockerfile != (output_path is not None):
        raise click.UsageError("--generate-dockerfile and --output-path FOLDER go together.")
    if file and (ic or script_of(given)):
        raise click.UsageError("-f has script and environment: leave out --ic, --es and --sd.")
    if not file and ic is None and "entry_script" not in given:
        raise click.UsageError(
            "Give an inference configuration (--ic FILE), an entry script (--es FILE) or a deployment (-f FILE)."
        )
    with failing():
        from scoredock.deploy import Workspace
        from scoredock.deploy.local import deploying

        place = Workspace(workspace)
        online = read_online_deployment(file, given, strict=strict) if file else None
        config = online.config if online else read_inference_config(ic, given, strict=strict)
        variables = online.deployment.environment_variables if online else None
        models = models_of(place, model, online)
        if output_path is not None:
            written = deploying.write_package(place, models, config, output_path, variables=variables, show=show)
            print_done(
                f"Wrote {written}. Build it: docker build -t NAME {output_path}", {"dockerfile": str(written)}, output
            )
            return
        image = deploying.package(
            place, models, config, image_name=name, image_label=label, variables=variables, show=show
        )
        print_done(f"Built {image}. Run it: docker run -p 5001:5001 {image}", {"image": image}, output)
