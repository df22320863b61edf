"""``scoredock package``: an image of a whole service, or the Dockerfile that makes it."""

from __future__ import annotations

from pathlib import Path

import click

from scoredock.cli.deploy import chosen_models, models_option, read_inference_config, show
from scoredock.cli.output import failing, output_option, print_done, workspace_option

_CONFIG = click.Path(path_type=Path, dir_okay=False)


@click.command()
@models_option
@click.option("--ic", "--inference-config-file", "ic", type=_CONFIG, required=True, help="Script and environment.")
@click.option("--image-name", "name", help="The image's name. Default: package- and a hash.")
@click.option("--il", "--image-label", "label", help="The image's label. Default: latest.")
@click.option("--generate-dockerfile", is_flag=True, help="Write the Dockerfile and its context; build nothing of it.")
@click.option("--output-path", type=click.Path(path_type=Path), help="Folder for the Dockerfile and its context.")
@workspace_option
@output_option
def package(
    model: tuple[str, ...],
    ic: Path,
    name: str | None,
    label: str | None,
    generate_dockerfile: bool,
    output_path: Path | None,
    workspace: str | None,
    output: str,
) -> None:
    """Build an image with script, models and packages, for any machine with Docker.

    \b
    scoredock package -m sentiment:1 --ic inferenceconfig.json --image-name sentiment
    scoredock package -m sentiment:1 --ic inferenceconfig.json --generate-dockerfile --output-path ./image
    """
    if generate_dockerfile != (output_path is not None):
        raise click.UsageError("--generate-dockerfile and --output-path FOLDER go together.")
    with failing():
        from scoredock.deploy import Workspace
        from scoredock.deploy.local import deploying

        place = Workspace(workspace)
        config, models = read_inference_config(ic), chosen_models(place, model)
        if output_path is not None:
            file = deploying.write_package(place, models, config, output_path, show=show)
            print_done(f"Wrote {file}. Build it: docker build -t NAME {output_path}", {"dockerfile": str(file)}, output)
            return
        image = deploying.package(place, models, config, image_name=name, image_label=label, show=show)
        print_done(f"Built {image}. Run it: docker run -p 5001:5001 {image}", {"image": image}, output)
