"""AZUREML_EXTRA_REQUIREMENTS_TXT: packages that are installed at every start."""

from __future__ import annotations

import logging
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from scoredock.errors import BootError
from scoredock.settings import Settings

logger = logging.getLogger("scoredock.server")


def install_extra_requirements(settings: Settings) -> None:
    """Install the file's packages into a fresh temporary folder, and put it first on the import path.

    A temporary folder, because the environment itself may be read-only. pip's output is shown as it comes, on standard
    error: standard output is for lines of the log.
    Raises BootError when the file is missing or pip fails.
    """
    if not settings.extra_requirements_txt:
        return
    file = (settings.script_folder / settings.extra_requirements_txt).resolve()
    if not file.is_file():
        raise BootError("settings", f"AZUREML_EXTRA_REQUIREMENTS_TXT: there is no file {file}.")
    target = Path(tempfile.mkdtemp(prefix="scoredock-extra-"))
    logger.info("Installing the packages of %s ...", file)
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-cache-dir"]
    with subprocess.Popen(  # noqa: S603 - our own pip, no shell
        [*command, "--target", str(target), "--requirement", str(file)], stdout=2, stderr=subprocess.PIPE, text=True
    ) as pip:
        last_error, index_is_away = _show_errors(pip.stderr)
    if pip.returncode != 0:
        hint = " The package index was not reachable." if index_is_away else ""
        raise BootError(
            "settings",
            f"AZUREML_EXTRA_REQUIREMENTS_TXT: pip could not install {file} (exit code {pip.returncode}): "
            f"{last_error}.{hint} Its messages are above.",
        )
    sys.path.insert(0, str(target))


def _show_errors(stream: IO[str] | None) -> tuple[str, bool]:
    """Pass pip's errors on as they come; the last one, and whether pip had to try again for want of an answer."""
    last, away = "no reason given", False
    for line in stream or ():
        sys.stderr.write(line)
        away = away or "Retrying (" in line
        if line.startswith("ERROR: "):
            last = line.removeprefix("ERROR: ").strip()
    return last, away
