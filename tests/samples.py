"""The samples of the repository, made as their READMEs say."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

SAMPLES = Path(__file__).parents[1] / "samples"
NAMES = sorted(folder.name for folder in SAMPLES.iterdir() if (folder / "score.py").is_file())


def make_sample(name: str, root: Path) -> Path:
    """The folder of a sample, copied below ``root``, with its model made in it once."""
    folder = root / "samples" / name
    if not folder.exists():
        shutil.copytree(SAMPLES / name, folder, ignore=shutil.ignore_patterns("model", "__pycache__"))
    if not (folder / "model").exists():
        finished = subprocess.run([sys.executable, folder / "make_model.py"], cwd=root, capture_output=True, text=True)
        assert finished.returncode == 0, finished.stderr
        assert re.fullmatch(r"wrote .*\n", finished.stdout), finished.stdout
    return folder
