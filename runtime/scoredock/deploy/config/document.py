"""JSON and YAML files, read into nodes that know their lines."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from scoredock.deploy.config.json_nodes import parse_json
from scoredock.deploy.config.kinds import Report
from scoredock.deploy.config.node import Node, NodeProblem
from scoredock.deploy.config.yaml_nodes import parse_yaml
from scoredock.errors import ConfigError, Problem

LARGEST_BYTES = 1024 * 1024
_PLACEHOLDER = " Where {{NAME}} is to be replaced, put its value."


@dataclass(frozen=True)
class Document:
    """A file's content: ``file`` is its name for messages, ``folder`` the one that it lies in.

    ``repeated`` has the keys that are there twice, with one value.
    """

    root: Node
    file: str
    folder: Path
    repeated: tuple[Problem, ...] = ()

    def report(self, *, lenient: bool) -> Report:
        """A report of what is wrong in the file, and of what is passed over when it is read ``lenient``."""
        report = Report(self.file, lenient=lenient)
        for problem in self.repeated:
            report.inside(problem.key or "").warn(problem.text, problem.line)
        return report


def load(path: str | PurePath) -> Document:
    """Read a JSON or YAML file; JSON with any suffix is read as JSON.

    Raises ConfigError when it cannot be read, is larger than 1 MiB, or is neither JSON nor YAML.
    """
    file, repeated = str(path), list[Problem]()
    text = text_of(path)
    try:
        root = parse_json(text, repeated) if _is_json(file, text) else parse_yaml(text, repeated)
    except NodeProblem as problem:
        lines = text.splitlines()[: problem.line]
        hint = _PLACEHOLDER if problem.line and re.search(r"\{\{", lines[-1] if lines else "") else ""
        raise ConfigError([Problem(f"{problem}{hint}", file, problem.line)]) from None
    return Document(root, file, Path(path).absolute().parent, tuple(repeated))


def text_of(path: str | PurePath) -> str:
    """The text (UTF-8) of a configuration file. Raises ConfigError when it cannot be read or is larger than 1 MiB."""
    file = str(path)
    try:
        with Path(path).open("rb") as stream:
            content = stream.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise ConfigError([Problem(f"expected a file that can be read, got: {error.strerror}.", file)]) from None
    if len(content) > LARGEST_BYTES:
        raise ConfigError([Problem("expected a configuration of at most 1 MiB, got a larger file.", file)])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        text = f"expected text in UTF-8, got the byte 0x{content[error.start]:02x}. Save the file as UTF-8."
        raise ConfigError([Problem(text, file, line)]) from None


def node_of(value: Any) -> Node:
    """A value of Python as a node without lines; what JSON has no word for stays as it is, paths are text."""
    if isinstance(value, Mapping):
        return Node({str(key): node_of(member) for key, member in value.items()})
    if isinstance(value, (list, tuple)):
        return Node([node_of(item) for item in value])
    if isinstance(value, PurePath):
        return Node(str(value))
    return Node(value)


def _is_json(file: str, text: str) -> bool:
    if file.lower().endswith(".json"):
        return True
    if not text.lstrip().startswith("{"):  # spares YAML files the attempt
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
