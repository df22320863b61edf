"""Where files lie that a configuration names: from its own folder, or from the current one, as ``az ml`` has it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from scoredock.deploy.config.environment import Environment
from scoredock.deploy.config.kinds import Report
from scoredock.deploy.config.node import Node
from scoredock.errors import Problem

CONDA_FILE_KEY = "python.condaDependenciesFile"


@dataclass(frozen=True)
class Search:
    """Looks from ``start``, the folder of the file that is read, then from ``current``; problems go to ``report``."""

    start: Path
    current: Path
    report: Report

    def file(self, path: str, place: Problem) -> Path | None:
        """The folder from which there is a file; None where there is none. Two different files are a problem."""
        return self._one([base for base in self._bases() if (base / path).is_file()], path, place)

    def thing(self, path: str, place: Problem) -> Path | None:
        """The folder from which there is a file or a folder; None where there is none. Two of them are a problem."""
        return self._one([base for base in self._bases() if (base / path).exists()], path, place)

    def nowhere(self, path: str, kind: str) -> str:
        """What is said of a path that leads nowhere."""
        places = " nor ".join(dict.fromkeys(str(base / path) for base in self._bases()))
        return f"expected {kind}, got {path}: there is none at {places}."

    def folder(self, path: str, inside: str, place: Problem) -> Path:
        """The folder from which there is a folder, one with a certain file in it before others."""
        there = [base for base in self._bases() if (base / path).is_dir()]
        best = [base for base in there if (base / path / inside).is_file()]
        return self._one(best or there[:1], path, place) or self.start

    def environment_files(self, environment: Environment, root: Path, node: Node | None) -> None:
        """Take up the conda file that an environment names, and what pip's lines include."""
        name = environment.python.conda_dependencies_file
        if name is not None and not (root / name).is_file():
            key = f"environment.{CONDA_FILE_KEY}"
            place = Problem("", self.report.file, node.key_line if node else None, key)
            found = self.file(name, place)
            if found is None:
                self._inside(place).say(self.nowhere(name, "a file"), place.line)
                return
            environment.python.conda_dependencies_file = str(found / name)
        environment.read_conda_file(root)

    def _bases(self) -> list[Path]:
        return list(dict.fromkeys((self.start, self.current)))

    def _one(self, bases: list[Path], path: str, place: Problem) -> Path | None:
        if not bases:
            return None
        report, real = self._inside(place), {(base / path).resolve() for base in bases}
        if len(real) > 1:
            found = " and ".join(str(base / path) for base in bases)
            report.say(f"expected a path that leads to one place, got {found}. Give a whole path.", place.line)
        elif bases[0] != self.start:
            report.note(f"{bases[0] / path} is taken, from the current folder; the file's own has none.", place.line)
        return bases[0]

    def _inside(self, place: Problem) -> Report:
        return replace(self.report, file=place.file, key=place.key or "")
