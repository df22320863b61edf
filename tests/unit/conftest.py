"""Fixtures that several rooms' tests use: settings from variables, and no modules left over."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scoredock.settings import Settings, resolve


@pytest.fixture(autouse=True)
def _no_modules_of_the_test_folder(tmp_path: Path) -> Iterator[None]:
    """Forget the modules that scripts imported from the test's folder."""
    yield
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def settings_of(tmp_path: Path) -> Callable[..., Settings]:
    """Resolve settings: keywords in capitals are variables, others flags; the current folder is tmp_path."""

    def settle(**given: Any) -> Settings:
        flags = {name: value for name, value in given.items() if not name.isupper()}
        environment = {name: str(value) for name, value in given.items() if name.isupper()}
        return resolve(flags, environment, tmp_path)[0]

    return settle
