"""The wheel and the source distribution of this tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from distributions import ROOT, build


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree."""
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution of this tree."""
    return build(ROOT, "sdist", tmp_path_factory.mktemp("sdist"))
