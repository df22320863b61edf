"""Which files of a source directory belong to a service: all but those that its ignore files name."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from docker.utils.build import exclude_paths
from pathspec import GitIgnoreSpec

# Left out unless an ignore file takes it in again (!env/): version control, virtual environments, caches, secrets.
ALWAYS_LEFT_OUT = (
    *(".git/", ".hg/", ".svn/", ".venv/", "venv/", "env/", ".env", ".env.*"),
    *("__pycache__/", "*.pyc", ".ipynb_checkpoints/", ".mypy_cache/", ".pytest_cache/", ".ruff_cache/", ".cache/"),
    *(".tox/", ".nox/", ".DS_Store"),
)


def source_files(folder: Path, only: Collection[str] | None = None) -> list[Path]:
    """The files of a source directory, relative to it and sorted; ``only`` those of some of its files and folders.

    ``.amlignore`` decides, or without one ``.gitignore``, both in Git's syntax; what ``.dockerignore`` excludes,
    in Docker's, is left out as well. Links to files are followed when they stay inside the folder.
    """
    ignored = GitIgnoreSpec.from_lines([*ALWAYS_LEFT_OUT, *_first_of(folder, ".amlignore", ".gitignore")])
    kept = list(_walk(folder, Path(), ignored, only))
    docker_patterns = [line for line in _first_of(folder, ".dockerignore") if line and not line.startswith("#")]
    if docker_patterns:
        allowed = set(exclude_paths(str(folder), docker_patterns))
        kept = [path for path in kept if str(path) in allowed]
    return sorted(kept)


def copy_files(folder: Path, target: Path, files: Iterable[Path]) -> None:
    """Copy files of a folder, relative to it, into ``target``, readable for all."""
    target.mkdir(parents=True, exist_ok=True)
    for file in files:
        copy = target / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / file, copy)
        executable = os.access(folder / file, os.X_OK)
        copy.chmod(0o755 if executable else 0o644)
    for path in (target, *(one for one in target.rglob("*") if one.is_dir())):
        path.chmod(0o755)


def _walk(root: Path, folder: Path, ignored: GitIgnoreSpec, only: Collection[str] | None = None) -> Iterator[Path]:
    entries = (root / folder).iterdir() if only is None else (root / folder / name for name in only)
    for entry in sorted(entries):
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
