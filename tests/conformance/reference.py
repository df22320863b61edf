"""The reference server, azureml-inference-server-http 1.5.1, in a virtual environment of its own."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import venv
from importlib.metadata import version
from pathlib import Path

HOME = Path(__file__).parents[2] / ".venvs"
FOLDER = HOME / "reference"
COMMAND = FOLDER / "bin" / "azmlinfsrv"

# The same versions as here, so that what differs is the server.
SHARED = (
    *("flask", "werkzeug", "gunicorn", "inference-schema", "wrapt", "python-dateutil", "pytz"),
    *("numpy", "pandas", "pyarrow"),  # pandas keeps text otherwise when pyarrow is there
)
OWN = (
    "azureml-inference-server-http==1.5.1",
    "flask-cors==6.0.5",
    "pydantic==2.12.5",
    "pydantic-settings==2.16.3",
    "azure-monitor-opentelemetry-exporter==1.0.0b40",
    "opentelemetry-sdk==1.33.0",
)


def requirements() -> str:
    """The pinned requirements, one a line."""
    return "\n".join([*OWN, *(f"{name}=={version(name)}" for name in SHARED)]) + "\n"


def command() -> Path:
    """The reference's ``azmlinfsrv``; its environment is made when it is absent or has other versions."""
    HOME.mkdir(exist_ok=True)
    stamp = FOLDER / "requirements.txt"
    with (HOME / "reference.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another test run may be making it
        if not stamp.is_file() or stamp.read_text() != requirements():
            _make(stamp)
    return COMMAND


def _make(stamp: Path) -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    venv.create(FOLDER, with_pip=True)
    wanted = FOLDER / "wanted.txt"
    wanted.write_text(requirements())
    pip = [str(FOLDER / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*pip, "-r", str(wanted)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise RuntimeError(f"the reference could not be installed:\n{done.stdout}")
    wanted.rename(stamp)
