"""The options that say how models are scored: of ``deploy``, ``package`` and ``service update`` alike."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoredock.cli.remarks import show, show_remarks

if TYPE_CHECKING:
    from scoredock.deploy import InferenceConfig

_FILE = click.Path(path_type=Path, dir_okay=False)
_OPTIONS = {"entry_script": "--es", "source_directory": "--sd", "image_python": "--image-python"}


def inference_options(*, script: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add ``--ic``, ``--es`` (unless ``script`` is False), ``--sd`` and ``--image-python``.

    The command gets ``ic`` and, as ``given``, what the others say, by the SDK's argument.
    """
    options = [
        click.option("--ic", "--inference-config-file", "ic", type=_FILE, help="Inference configuration: script and "
                     "environment."),
        click.option("--es", "--entry-script", "entry_script", metavar="FILE", help="Entry script, in place of the "
                     "inference configuration's."),
        click.option("--sd", "--source-directory", "source_directory", metavar="FOLDER", help="Folder that comes along "
                     "as a whole, with the script in it; in place of the inference configuration's. Without one, the "
                     "script comes along, and the modules beside it that it imports."),
        click.option("--image-python", "image_python", is_flag=True, help="Use the image's Python where the "
                     "environment asks for one that scoredock cannot run on, such as python=3.6. Packages are then "
                     "those for the image's; a model that another Python pickled may not load."),
    ]  # fmt: skip
    names = tuple(name for name in _OPTIONS if script or name != "entry_script")

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def run(**more: Any) -> Any:
            values = {name: more.pop(name) for name in names}
            return command(given={name: value for name, value in values.items() if value}, **more)

        found: Callable[..., Any] = run
        for option in reversed(options if script else [options[0], *options[2:]]):
            found = option(found)
        return found

    return add


def read_inference_config(
    path: Path | None, given: Mapping[str, Any] | None = None, *, strict: bool = False
) -> InferenceConfig:
    """The inference configuration of a file, with what options say in its place; or of the options alone.

    Remarks go to standard error. Raises UsageError without a file and a script.
    """
    from scoredock.deploy import InferenceConfig

    given = dict(given or {})
    if path is None:
        if "entry_script" not in given:
            raise click.UsageError("Give an inference configuration (--ic FILE) or an entry script (--es FILE).")
        return InferenceConfig(**given)
    config = InferenceConfig.load(path, given, strict=strict)
    show_remarks(config)
    places = {"source_directory": config.root} if config.source_directory else {"entry_script": config.script_path}
    absolute = {name: str(path) for name, path in places.items() if name in given}
    config.options = {**config.options, **absolute}  # a later command may run in another folder
    return config


def changed_config(
    before: InferenceConfig, path: Path | None, given: Mapping[str, Any], *, strict: bool = False
) -> InferenceConfig | None:
    """A service's new configuration: of a file, or ``before`` with other options; None where neither is given.

    What options said of the service stays where no option says anything else, and that is shown.
    """
    if path is not None:
        kept = {name: value for name, value in before.options.items() if name not in given}
        for name, value in kept.items():
            option = _OPTIONS[name] if value is True else f"{_OPTIONS[name]} {value}"
            show(f"Kept, as the service was given it before: {option}")
        return read_inference_config(path, {**kept, **given}, strict=strict)
    if not given:
        return None
    changes = dict(given)
    if "source_directory" in changes:
        changes["source_directory"] = str(Path(changes["source_directory"]).absolute())
    elif "entry_script" in changes and before.source_directory is None:
        changes["entry_script"] = str(Path(changes["entry_script"]).absolute())
    config = replace(before, **changes)
    config.options = {**before.options, **changes}
    return config
