"""Call init(), and say why it failed."""

from __future__ import annotations

import logging
from pathlib import Path

from scoredock.entry.advice import advice, place
from scoredock.entry.failures import script_traceback
from scoredock.entry.model_folder import nearest_path, tree_lines
from scoredock.entry.script import EntryScript
from scoredock.errors import BootError

TREE_LINES = 200

logger = logging.getLogger("scoredock.entry")


def initialise(script: EntryScript, model_dir: Path | None) -> None:
    """Call init(). When it raises, log the traceback and the model folder's tree, and raise BootError.

    The error's line names the nearest existing path when a file was missing.
    """
    try:
        script.init()
    except BaseException as error:
        logger.error("init() failed:\n%s", script_traceback(error))
        if model_dir is not None and (model_dir.exists() or isinstance(error, OSError)):
            _log_tree(model_dir)
        said = f"init() raised {type(error).__name__}: {error}{place(error, script.path)}{_hint(error, model_dir)}"
        raise BootError("init", said) from error


def _hint(error: BaseException, model_dir: Path | None) -> str:
    """What is most likely wrong, above all when init() does not find its model; empty when nothing is known."""
    if model_dir is None and isinstance(error, KeyError) and error.args == ("AZUREML_MODEL_DIR",):
        return ". Name the model's folder with --model_dir"
    if not isinstance(error, FileNotFoundError) or error.filename is None:
        return advice(error)
    near = nearest_path(str(error.filename), model_dir)
    if near:
        return f". The nearest existing path is {near}"
    if model_dir is None or model_dir.exists():
        return ""
    return (
        f". The model folder {model_dir} does not exist; check --model_dir or AZUREML_MODEL_DIR. In a container, what "
        "is mounted over a folder hides what the image has there."
    )


def _log_tree(model_dir: Path) -> None:
    if not model_dir.exists():
        logger.error("AZUREML_MODEL_DIR is %s, which does not exist.", model_dir)
        return
    lines, more = tree_lines(model_dir, TREE_LINES)
    logger.info("Contents of the model folder %s:", model_dir)
    for line in lines:
        logger.info("%s", line)
    if more:
        logger.info("(only the first %d lines are shown)", TREE_LINES)
