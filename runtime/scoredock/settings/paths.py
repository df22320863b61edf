"""Paths of settings: absolute, with their links."""

from __future__ import annotations

import os
from pathlib import Path


def absolute(path: Path) -> Path:
    """The absolute path, without ``..``, but with its links.

    Models, scripts and mounted secrets are replaced by turning a link to them: whoever opens the path has to get what
    it leads to then, not what it led to at the start.
    """
    straight = os.path.normpath(path.absolute())
    same = os.path.realpath(straight) == os.path.realpath(path)
    return Path(straight) if same else path.absolute()  # behind a link to a folder, .. is another folder's parent


def real(path: Path) -> Path:
    """Where the path's links lead to now. A circle of them leads nowhere: it is kept, and opening it says so."""
    return Path(os.path.realpath(path))
