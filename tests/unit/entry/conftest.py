"""Builders of the tests of finding, importing and initialising a script."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scoredock import compat
from scoredock.entry import EntryScript, load, make_importable
from scoredock.errors import BootError
from scoredock.settings import Settings


@pytest.fixture
def load_script(write_script: Callable[..., Path], settings_of: Callable[..., Settings]) -> Callable[..., EntryScript]:
    """Write a script and import it as the server does; keywords are settings."""

    def write_and_load(text: str | None = None, name: str = "score.py", **given: Any) -> EntryScript:
        if text is not None:
            given.setdefault("entry_script", str(write_script(text, name)))
        settings = settings_of(**given)
        compat.install()
        make_importable(settings)
        return load(settings)

    return write_and_load


@pytest.fixture
def boot_error(load_script: Callable[..., EntryScript]) -> Callable[..., BootError]:
    """The BootError of a script that cannot be loaded."""

    def load_and_catch(text: str | None = None, **given: Any) -> BootError:
        with pytest.raises(BootError) as caught:
            load_script(text, **given)
        assert "\n" not in str(caught.value)
        return caught.value

    return load_and_catch
