"""Fixtures of the deployment's tests: configuration files in the test's folder, which is the current one."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from scoredock.errors import ConfigError


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
