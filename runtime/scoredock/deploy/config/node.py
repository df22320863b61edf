"""A value of a configuration, and where it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from scoredock.errors import Problem

DEEPEST = 100  # levels of lists and objects; far below what Python's own stack allows
_SHOWN = 60


class NodeProblem(Exception):
    """A text is not what its format says; ``line`` is from 1, or None. Becomes a ConfigError with the file's name."""

    def __init__(self, text: str, line: int | None) -> None:
        super().__init__(text)
        self.line = line


@dataclass(frozen=True)
class Node:
    """A value with its line (from 1) and, in an object, the line of its key.

    ``value`` is None, a bool, int, float or str, a list of nodes, or a dict of nodes; ``text`` is a number, bool or
    null as the file has it.
    """

    value: Any
    line: int | None = None
    key_line: int | None = None
    text: str | None = None

    def at(self, dotted: str) -> Node | None:
        """The member that a dotted key leads to; None where there is none."""
        node: Node | None = self
        for key in dotted.split("."):
            node = node.value.get(key) if node is not None and isinstance(node.value, dict) else None
        return node

    def repeats(self, name: str, before: Node, line: int) -> Problem:
        """That a key was there before with the same value. Raises NodeProblem when it was another one."""
        if self.plain() != before.plain():
            raise NodeProblem(f"expected each key once, got {name!r} on line {before.key_line} too.", line)
        text = f"expected each key once, got it on line {before.key_line} too, with the same value. Take one out."
        return Problem(text, line=line, key=name)

    def plain(self) -> Any:
        """The value without lines."""
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        if isinstance(self.value, dict):
            return {key: member.plain() for key, member in self.value.items()}
        return self.value

    def scalar_text(self) -> str | None:
        """Text, a number, or true or false, as text; None for anything else."""
        if isinstance(self.value, str):
            return self.value
        if isinstance(self.value, (bool, int, float)):
            return self.text or str(self.value).lower()
        return None

    def described(self, secret: bool = False) -> str:
        """What came, in a reader's words: ``a number (3)``. A secret's value is not shown."""
        value = self.value
        if value is None:
            return "null"
        if isinstance(value, list):
            return "a list"
        if isinstance(value, dict):
            return "an object"
        kind = "a number" if isinstance(value, (int, float)) and not isinstance(value, bool) else "text"
        if secret:
            return f"{kind} that is not shown"
        if isinstance(value, bool):
            return self.text or str(value).lower()
        if kind == "a number":
            return f"a number ({_short(self.text or str(value))})"
        return f"the text {_short(shown(value))!r}" if isinstance(value, str) else f"a {type(value).__name__}"


def shown(text: str) -> str:
    """A text for a message: without what stands before the ``@`` of an address, which may be a password."""
    return re.sub(r"://\S*@", "://…@", text)


def too_deep(line: int | None) -> NodeProblem:
    """The problem of lists and objects that are nested deeper than any configuration."""
    return NodeProblem(f"expected at most {DEEPEST} levels of lists and objects, got more.", line)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
