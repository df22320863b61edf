"""scoredock's own wheel for images: the same bytes for the same code, and one that installs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from scoredock.deploy.local import own_source
from scoredock.errors import BuildFailed

PROJECT = Path(__file__).parents[3]
SAY = """
import hashlib
from scoredock.deploy.local import own_source
print(own_source.digest(), hashlib.sha256(own_source.context().read()).hexdigest())
"""


def said(tree: Path) -> list[str]:
    """Digest and hash of the context that the code of a source tree has, in a process of its own."""
    variables = {**os.environ, "PYTHONPATH": str(tree / "runtime")}
    done = subprocess.run([sys.executable, "-c", SAY], env=variables, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.fixture
def copy(tmp_path):
    """A copy of the source tree."""
    for name in ("runtime", "base-images"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / name, tmp_path / "tree" / name, ignore=ignored)
    for name in ("Dockerfile.cpu", "Dockerfile.gpu"):
        shutil.copy(PROJECT / name, tmp_path / "tree" / name)
    return tmp_path / "tree"


@pytest.mark.parametrize("file", ["runtime/scoredock/errors.py", "base-images/cpu/install-packages", "Dockerfile.cpu"])
def test_the_digest_is_that_of_the_code(copy, file):
    first = said(copy)
    shutil.rmtree(copy / "runtime" / "scoredock" / "__pycache__", ignore_errors=True)
    os.utime(copy / file)
    assert said(copy) == first == said(PROJECT)
    with (copy / file).open("a") as changed:
        changed.write("# changed\n")
    second = said(copy)
    assert second[0] != first[0]
    assert (second[1] != first[1]) == (not file.startswith("base-images")), "the context has wheel and Dockerfiles"


def test_the_wheel_installs_and_runs(tmp_path):
    with tarfile.open(fileobj=own_source.context()) as tar:
        tar.extractall(tmp_path, filter="data")
    assert {one.name for one in tmp_path.iterdir()} == {own_source.wheel_name(), "Dockerfile.cpu", "Dockerfile.gpu"}
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target"]
    subprocess.run([*command, str(tmp_path / "site"), str(tmp_path / own_source.wheel_name())], check=True)
    variables = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    code = "import scoredock; print(scoredock.__file__)"
    where = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True)
    assert where.stdout.startswith(str(tmp_path / "site"))
    (script,) = (tmp_path / "site" / "bin").glob("scoredock")
    done = subprocess.run([str(script), "--version"], env=variables, capture_output=True, text=True, check=True)
    assert own_source.scoredock.__version__ in done.stdout


def test_without_dockerfiles_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(own_source, "INSTALLED", tmp_path / "installed")
    monkeypatch.setattr(own_source, "TREE", tmp_path / "tree")
    with pytest.raises(BuildFailed, match="install scoredock again"):
        own_source.dockerfiles()
