"""Which files make a model: what ``model_path`` and ``child_paths`` name, and what is refused.

A file keeps its name; a folder keeps its own name, with what is in it. Links are followed to files and folders inside
the registered folder (``model_path`` itself may be a link anywhere); links that leave it, lead nowhere or in a circle
are refused, as are sockets, pipes and devices. Empty folders are left out.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from scoredock.deploy.registry.names import nearest
from scoredock.errors import NotFound, Refused


@dataclass(frozen=True)
class SourceFile:
    """A file to register: ``path`` as it is deployed (``models/encoder.pkl``), ``source`` where it lies now."""

    path: str
    source: Path
    size: int
    changed_ns: int

    def unchanged(self) -> bool:
        """Whether the file is still as it was found."""
        now = self.source.stat()
        return (now.st_size, now.st_mtime_ns) == (self.size, self.changed_ns)


def model_source(model_path: str | os.PathLike[str], child_paths: Iterable[str] | None = None) -> list[SourceFile]:
    """The files of a model, sorted by path. Raises NotFound for what is missing, Refused for what cannot be."""
    child_paths = None if child_paths is None else list(child_paths)
    given = Path(model_path).expanduser()
    name = given.name if given.name not in ("", "..") else given.resolve().name
    if not given.exists():
        raise NotFound(f"model_path: there is no {given} (from {Path.cwd()}). {_nearby(given)}")
    if not name:
        raise Refused(f"model_path: expected a file, or a folder with a name of its own; got {given}.")
    top = given.resolve()
    if top.is_file():
        if child_paths:
            raise Refused(f"child_paths choose files of a folder, but model_path {given} is a file: leave them out.")
        found = [_file(name, top)]
    else:
        found = [file for path in _chosen(top, child_paths) for file in _walk(top, path, name)]
    if not found:
        raise Refused(f"model_path: {given} has no files. A model needs one at least.")
    return sorted({file.path: file for file in found}.values(), key=lambda file: file.path)


def _chosen(top: Path, child_paths: Iterable[str] | None) -> Iterator[Path]:
    for child in child_paths if child_paths is not None else ["."]:
        parts = PurePosixPath(child).parts
        if PurePosixPath(child).is_absolute() or ".." in parts:
            raise Refused(f"child_paths: expected paths inside {top}, got {child!r}.")
        path = top.joinpath(*parts)
        if not os.path.lexists(path):
            raise NotFound(f"child_paths: there is no {child} in {top}. {_nearby(path)}")
        yield path


def _walk(top: Path, path: Path, name: str, above: tuple[Path, ...] = ()) -> Iterator[SourceFile]:
    """The files at or below ``path``; ``above`` are the real folders on the way to it."""
    try:
        real = path.resolve(strict=True)
    except FileNotFoundError:
        raise Refused(f"{path} is a link to {path.readlink()}, which is not there. Remove it, or repair it.") from None
    except (OSError, RuntimeError):
        raise Refused(f"{path} is a link that leads in a circle. Remove it.") from None
    if not real.is_relative_to(top):
        raise Refused(
            f"{path} is a link to {real}, outside {top}. Copy the files first (cp -rL), then register the copy."
        )
    if real.is_dir():
        if real in above:
            raise Refused(f"{path} is a link to {real}, which it lies in itself. Remove it.")
        for entry in sorted(path.iterdir()):
            yield from _walk(top, entry, name, (*above, real))
    else:
        yield _file(f"{name}/{path.relative_to(top).as_posix()}", real)


def _file(path: str, real: Path) -> SourceFile:
    status = real.stat()
    if not stat.S_ISREG(status.st_mode):
        raise Refused(f"{real} is a {_kind(status.st_mode)}, no file. Remove it, or name the files with child_paths.")
    check_path(path, str(real))
    if not os.access(real, os.R_OK):
        raise Refused(f"{real} cannot be read by this user. Change its permissions (chmod u+r).")
    return SourceFile(path, real, status.st_size, status.st_mtime_ns)


def check_path(path: str, where: str) -> str:
    """A file's path in a model, if every storage can hold it: UTF-8, no control characters, no ``\\``, no ``..``."""
    parts = path.split("/")
    try:
        path.encode()
        fine = path.isprintable() and "\\" not in path and not {"", ".", ".."} & set(parts)
    except UnicodeEncodeError:
        fine = False
    if not fine or len(path.encode(errors="replace")) > 800 or any(len(part.encode()) > 255 for part in parts):
        raise Refused(f"{where!r}: expected a name in UTF-8 without control characters and '\\'. Rename it.")
    return path


def _kind(mode: int) -> str:
    kinds = {stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket", stat.S_IFCHR: "device", stat.S_IFBLK: "device"}
    return kinds.get(stat.S_IFMT(mode), "special file")


def _nearby(missing: Path) -> str:
    folder = missing.parent
    if not folder.is_dir():
        return f"Nor is there {folder}."
    return f"In {folder}: {nearest(missing.name, [path.name for path in folder.iterdir()])}"
