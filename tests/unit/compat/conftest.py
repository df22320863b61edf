"""Builders of the stand-ins' tests: a process without azureml, and packages that play the real ones."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scoredock import compat


@pytest.fixture(autouse=True)
def _stand_ins_installed() -> None:
    """Every test starts without azureml modules and with the finder in place."""
    for name in [name for name in sys.modules if name.startswith("azureml")]:
        del sys.modules[name]
    compat.install()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Put a folder of packages on the import path: ``site({"azureml/core/__init__.py": "REAL = 1"})``."""

    def build(files: dict[str, str], name: str = "site") -> Path:
        root = tmp_path / name
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        monkeypatch.syspath_prepend(str(root))
        return root

    return build
