"""The model folder: its tree, and the path nearest to one that is missing."""

from __future__ import annotations

import contextlib
import difflib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

SEARCHED_PATHS = 5000


def tree_lines(root: Path, limit: int) -> tuple[list[str], bool]:
    """The folder's tree as indented lines, at most ``limit``, and whether more were left out."""
    lines = list(itertools.islice(_tree(root, 0), limit + 1))
    return lines[:limit], len(lines) > limit


def model_files(root: Path, limit: int) -> tuple[list[tuple[str, int]], int]:
    """The folder's files by path, each with its size in bytes, at most ``limit``; and how many more there are.

    Links to folders are not followed, so that no circle is walked. Looks at 5000 entries at most; so many files in
    folders beyond them are not counted. A root that is a file is its own only one.
    """
    if root.is_file():
        return [(root.name, root.stat().st_size)], 0
    found: list[tuple[str, int]] = []
    folders, seen = [(str(root), "")], 0
    while folders and seen < SEARCHED_PATHS:
        folder, prefix = folders.pop()
        try:
            with os.scandir(folder) as scan:
                entries = sorted(itertools.islice(scan, SEARCHED_PATHS - seen), key=lambda entry: entry.name)
        except OSError:  # it may not be read, or is gone
            continue
        seen += len(entries)
        for entry in entries:
            with contextlib.suppress(OSError):  # a link to nothing
                if entry.is_dir(follow_symlinks=False):
                    folders.append((entry.path, f"{prefix}{entry.name}/"))
                elif entry.is_file():
                    found.append((prefix + entry.name, entry.stat().st_size))
    found.sort()
    return found[:limit], max(0, len(found) - limit)


def nearest_path(missing: str, root: Path | None) -> str | None:
    """The existing path that ``missing`` was most likely meant to be; None when nothing is near.

    Looks below ``root`` (the first 5000 entries), and beside the missing path.
    """
    wanted = Path(missing)
    candidates: list[Path] = []
    if wanted.parent.is_dir():
        candidates.extend(itertools.islice(wanted.parent.iterdir(), SEARCHED_PATHS))
    if root is not None and root.is_dir():
        candidates.extend(itertools.islice(root.rglob("*"), SEARCHED_PATHS))
    by_name: dict[str, Path] = {}
    for path in candidates:
        by_name.setdefault(path.name, path)
    near = difflib.get_close_matches(wanted.name, by_name, n=1, cutoff=0.6)
    if near:
        return str(by_name[near[0]])
    same_kind = [path for path in by_name.values() if wanted.suffix and path.suffix == wanted.suffix]
    return str(same_kind[0]) if len(same_kind) == 1 else None


def _tree(path: Path, depth: int) -> Iterator[str]:
    indent = "    " * depth
    if not path.is_dir():
        yield indent + path.name
        return
    yield f"{indent}{path.name}/"
    try:
        children = sorted(path.iterdir())
    except OSError as error:
        yield f"{indent}    ({error.strerror})"
        return
    for child in children:
        if child.is_symlink() and child.is_dir():
            yield f"{indent}    {child.name} -> {child.readlink()}"
        else:
            yield from _tree(child, depth + 1)
