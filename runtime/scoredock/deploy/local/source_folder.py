"""Which files of a source directory belong to a service: all but those that its ignore files name."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from docker.utils.build import exclude_paths
from pathspec import GitIgnoreSpec

ALWAYS_LEFT_OUT = (".git/", "__pycache__/", "*.pyc", ".venv/", ".ipynb_checkpoints/", ".DS_Store")


def source_files(folder: Path) -> list[Path]:
    """The files of a source directory, relative to it and sorted.

    ``.amlignore`` decides, or without one ``.gitignore``, both in Git's syntax; what ``.dockerignore`` excludes,
    in Docker's, is left out as well. Links to files are followed when they stay inside the folder.
    """
    ignored = GitIgnoreSpec.from_lines([*ALWAYS_LEFT_OUT, *_first_of(folder, ".amlignore", ".gitignore")])
    kept = list(_walk(folder, Path(), ignored))
    docker_patterns = [line for line in _first_of(folder, ".dockerignore") if line and not line.startswith("#")]
    if docker_patterns:
        allowed = set(exclude_paths(str(folder), docker_patterns))
        kept = [path for path in kept if str(path) in allowed]
    return sorted(kept)


def copy_source(folder: Path, target: Path) -> list[Path]:
    """Copy the files of a source directory into ``target``, readable for all; returns their relative paths."""
    files = source_files(folder)
    target.mkdir(parents=True, exist_ok=True)
    for file in files:
        copy = target / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / file, copy)
        executable = os.access(folder / file, os.X_OK)
        copy.chmod(0o755 if executable else 0o644)
    for path in (target, *(one for one in target.rglob("*") if one.is_dir())):
        path.chmod(0o755)
    return files


def _walk(root: Path, folder: Path, ignored: GitIgnoreSpec) -> Iterator[Path]:
    for entry in sorted((root / folder).iterdir()):
        path = folder / entry.name
        if entry.is_dir() and not entry.is_symlink():
            if not ignored.match_file(f"{path}/"):
                yield from _walk(root, path, ignored)
        elif entry.is_file() and entry.resolve().is_relative_to(root.resolve()) and not ignored.match_file(str(path)):
            yield path


def _first_of(folder: Path, *names: str) -> list[str]:
    """The lines of the first of these files that there is."""
    file = next((folder / name for name in names if (folder / name).is_file()), None)
    return (
        []
        if file is None
        else [line.rstrip() for line in file.read_text(encoding="utf-8", errors="replace").splitlines()]
    )
