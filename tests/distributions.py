"""The wheel and the source distribution, as hatchling makes them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def build(tree: Path, kind: str, folder: Path) -> Path:
    """The one file that hatchling makes of a source tree: ``kind`` is ``wheel`` or ``sdist``."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(folder)]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (made,) = folder.iterdir()
    return made
