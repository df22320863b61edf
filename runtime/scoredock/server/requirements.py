"""AZUREML_EXTRA_REQUIREMENTS_TXT: packages that are installed at every start."""

from __future__ import annotations

import logging
import subprocess
import sys
import tempfile
from pathlib import Path

from scoredock.errors import BootError
from scoredock.settings import Settings

logger = logging.getLogger("scoredock.server")


def install_extra_requirements(settings: Settings) -> None:
    """Install the file's packages into a fresh temporary folder, and put it first on the import path.

    A temporary folder, because the environment itself may be read-only. pip's output is shown as it comes.
    Raises BootError when the file is missing or pip fails.
    """
    if not settings.extra_requirements_txt:
        return
    file = (settings.script_folder / settings.extra_requirements_txt).resolve()
    if not file.is_file():
        raise BootError("settings", f"AZUREML_EXTRA_REQUIREMENTS_TXT: expected a file, got {file}, which is none.")
    target = Path(tempfile.mkdtemp(prefix="scoredock-extra-"))
    logger.info("Installing the packages of %s ...", file)
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-cache-dir"]
    done = subprocess.run([*command, "--target", str(target), "--requirement", str(file)], check=False)  # noqa: S603
    if done.returncode != 0:
        raise BootError(
            "settings",
            f"AZUREML_EXTRA_REQUIREMENTS_TXT: pip could not install {file} (exit code {done.returncode}); "
            "its messages are above.",
        )
    sys.path.insert(0, str(target))
