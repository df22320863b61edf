"""The wheel, installed as users install it, on every Python that is here: `make test-pythons`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from distributions import ROOT

PYTHONS = os.environ.get("PYTHONS", "").split() or [f"python3.{minor}" for minor in range(10, 16)]


def interpreter(name: str) -> str:
    """The path of a Python: itself, or of that name on the PATH, or among pyenv's. Skips the test where it is not."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    candidates = [shutil.which(name), *sorted(map(str, pyenv.glob(f"*/bin/{name}")))]
    for path in filter(None, candidates):
        if subprocess.run([path, "-c", "import ensurepip, venv"], capture_output=True).returncode == 0:
            return path
    pytest.skip(f"{name} with venv is neither on the PATH nor in {pyenv}")


@pytest.mark.pythons
@pytest.mark.parametrize("name", PYTHONS)
def test_the_wheel_installs_without_extras_and_serves_the_echo_sample(name, wheel, serve, tmp_path):
    python = tmp_path / "installed" / "bin" / "python"
    subprocess.run([interpreter(name), "-m", "venv", tmp_path / "installed"], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", wheel], check=True)
    subprocess.run([python, "-m", "pip", "check"], check=True)
    server = serve(ROOT / "samples" / "echo" / "score.py", python=str(python), PYTHONPATH="")
    answer = server.post(json={"a": [1, 2]})
    assert (answer.status_code, answer.json()) == (200, {"a": [1, 2]})
    version = subprocess.run(
        [python, "-c", "import sys; print(sys.version)"], capture_output=True, text=True, check=True
    )
    print(version.stdout, server.output)
    assert server.end() == 0
    assert "Traceback" not in server.output
    assert "Warning" not in server.output
