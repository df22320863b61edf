"""Requirements files: comments, continued lines, and files that they include."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from scoredock.deploy.config.document import text_of
from scoredock.deploy.config.node import shown
from scoredock.errors import ConfigError, Problem

_INCLUDE = re.compile(r"(?:-r\s*|--requirement(?:\s+|=))(?P<path>\S.*)")
_COMMENT = re.compile(r"(^|\s+)#.*$")


@dataclass(frozen=True)
class Line:
    """One requirement or option, and where it stands."""

    text: str
    file: str | None = None
    line: int | None = None

    def problem(self, text: str, key: str | None = None) -> Problem:
        """A problem of this line."""
        return Problem(text, self.file, self.line, key)


def read_requirements_file(path: str | PurePath) -> list[Line]:
    """The lines of a requirements file and of the files that it includes with ``-r``, in their order.

    Raises ConfigError when a file cannot be read, or includes itself.
    """
    return list(_lines_of(Path(path), ()))


def follow_includes(lines: Iterable[Line], folder: Path) -> list[Line]:
    """The lines, with what ``-r FILE`` names, relative to the folder, in its place. Raises ConfigError."""
    return list(_followed(lines, folder, ()))


def _lines_of(path: Path, trail: tuple[Path, ...]) -> Iterator[Line]:
    lines = _logical_lines(text_of(path), str(path))
    yield from _followed(lines, path.parent, (*trail, path.resolve()))


def _followed(lines: Iterable[Line], folder: Path, trail: tuple[Path, ...]) -> Iterator[Line]:
    for line in lines:
        include = _INCLUDE.fullmatch(line.text)
        if include is None:
            yield line
            continue
        name = include["path"].strip("\"'")
        if "://" in name:
            raise ConfigError(
                [line.problem(f"expected a file to include, got the address {shown(name)!r}. Download it.")]
            )
        target = folder / name
        if target.resolve() in trail:
            raise ConfigError([line.problem(f"expected files that end, got {name}, which includes this one.")])
        if not target.is_file():
            raise ConfigError([line.problem(f"expected a file to include, got {name}: there is none at {target}.")])
        yield from _lines_of(target, trail)


def _logical_lines(text: str, file: str) -> Iterator[Line]:
    joined, first = "", 0
    for number, physical in enumerate(text.splitlines(), 1):
        first = first or number
        if physical.endswith("\\") and not physical.lstrip().startswith("#"):
            joined += physical[:-1]
            continue
        content = _COMMENT.sub("", joined + physical).strip()
        if content:
            yield Line(content, file, first)
        joined, first = "", 0
    if content := _COMMENT.sub("", joined).strip():
        yield Line(content, file, first)
