"""Fixtures of the deployment workflow: configuration files, workspaces in folders and object stores, models."""

from __future__ import annotations

import os
import secrets
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from scoredock.deploy.registry.workspace import Workspace
from scoredock.errors import ConfigError


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("SCOREDOCK_WORKSPACE", raising=False)


_AZURE = pytest.param(
    "azure",
    marks=[pytest.mark.azurite, pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")],  # adlfs's
)


@pytest.fixture(params=["folder", "memory", "s3", _AZURE])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a workspace that nobody has used."""
    name = secrets.token_hex(6)
    if request.param == "folder":
        return str(tmp_path / "workspace")
    if request.param == "memory":
        return f"memory://{name}"
    os.environ |= request.getfixturevalue(f"{request.param}_variables")
    return f"{'s3' if request.param == 's3' else 'az'}://bucket/{name}"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace in a folder."""
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Path]:
    """Write files below a folder of the test: ``tree("models", {"a.bin": "content"})``; returns the folder."""

    def write(name: str, files: dict[str, str]) -> Path:
        for path, content in files.items():
            target = tmp_path / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content)
        return tmp_path / name

    return write


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], str]:
    """Write a file (dedented); returns its name, which is relative to the current folder."""
    monkeypatch.chdir(tmp_path)

    def write_file(name: str, text: str) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return name

    return write_file


@pytest.fixture
def problems() -> Callable[..., list[str]]:
    """The problems that a call raises, as a person reads them."""

    def call(function, *arguments, **keywords) -> list[str]:
        with pytest.raises(ConfigError) as raised:
            function(*arguments, **keywords)
        return [str(problem) for problem in raised.value.problems]

    return call
