"""The kinds of values that configurations have: how each is read, what a wrong one is told, how it is written."""

from __future__ import annotations

import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Any

from scoredock.deploy.config.node import Node
from scoredock.errors import ConfigError, Problem


@dataclass(frozen=True)
class Report:
    """Collects what is wrong, with where it stands; ``key`` is the dotted key that is being read.

    ``lenient``, for files: what Azure ML's own readers pass over becomes a warning; else it is a problem as well.
    ``notes`` say what was done, and are never more than that.
    """

    file: str | None = None
    key: str = ""
    meaning: str = ""
    secret: bool = False
    lenient: bool = False
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    def inside(self, key: str, **more: Any) -> Report:
        """The report for a member; its problems are collected here."""
        dotted = key if key.startswith("[") or not self.key else f".{key}"
        return replace(self, key=self.key + dotted, **more)

    def refuse(self, node: Node, expected: str) -> None:
        """Say that a value is not what was expected."""
        self.say(f"expected {expected}, got {node.described(self.secret)}.", node.line)

    def say(self, text: str, line: int | None) -> None:
        """Add a problem at a line of the present key."""
        hint = re.sub(r"`|\[([^\]]*)\]\([^)]*\)", r"\1", self.meaning)  # the reference page's Markdown
        self.problems.append(Problem(f"{text} {hint}".strip(), self.file, line, self.key or None))

    def warn(self, text: str, line: int | None) -> None:
        """Say what is passed over or read as something else: a warning, unless this reader is strict."""
        (self.warnings if self.lenient else self.problems).append(Problem(text, self.file, line, self.key or None))

    def note(self, text: str, line: int | None = None) -> None:
        """Say what was done that a reader of the file may not expect."""
        self.notes.append(Problem(text, self.file, line, self.key or None))

    def finish(self) -> None:
        """Raise ConfigError with all problems, and the warnings, in the order of their lines, if there are problems."""
        if self.problems:
            raise ConfigError(sorted([*self.problems, *self.warnings], key=lambda problem: problem.line or 0))


class Kind(ABC):
    """A kind of value. ``read`` reports a wrong value and then returns anything; null comes to it if it keeps that."""

    expected: str = "a value"
    keeps_null = False

    @abstractmethod
    def read(self, node: Node, report: Report) -> Any:
        """The node's value in Python's words."""

    def takes(self, node: Node) -> bool:
        """Whether this is a value of the kind."""
        report = Report()
        self.read(node, report)
        return not report.problems

    def write(self, value: Any, with_secrets: bool) -> Any:
        """The value in JSON's words."""
        return value


@dataclass(frozen=True)
class Text(Kind):
    """Text, of a pattern where there is one; ``expected`` says the pattern in words."""

    pattern: str | None = None
    expected: str = "text"

    def read(self, node: Node, report: Report) -> Any:
        value = node.value
        if not isinstance(value, str) or "\0" in value or (self.pattern and not re.fullmatch(self.pattern, value)):
            report.refuse(node, self.expected)
        return value


@dataclass(frozen=True)
class ScalarText(Text):
    """Text that a file may have without quotes: a version, a variable's value."""

    expected: str = "text or a number"

    def read(self, node: Node, report: Report) -> Any:
        text = node.scalar_text()
        return super().read(node if text is None else replace(node, value=text), report)


class Address(Kind):
    """An IP address."""

    expected = "an IP address of this machine, or 0.0.0.0 for all of them"

    def read(self, node: Node, report: Report) -> Any:
        try:
            return str(ip_address(str(node.value)))
        except ValueError:
            report.refuse(node, self.expected)
            return node.value


class Flag(Kind):
    """true or false."""

    expected = "true or false"

    def read(self, node: Node, report: Report) -> Any:
        node = _unquoted(node, report, {"true": True, "false": False}.get)
        if not isinstance(node.value, bool):
            report.refuse(node, self.expected)
        return node.value


@dataclass(frozen=True)
class Whole(Kind):
    """A whole number within bounds, both included."""

    low: int | None = None
    high: int | None = None
    multiple_of: int = 1

    @property
    def expected(self) -> str:  # type: ignore[override] # a constant of the other kinds
        kind = "a whole number" if self.multiple_of == 1 else f"a multiple of {self.multiple_of}"
        return kind + _bounds(self.low, self.high)

    def read(self, node: Node, report: Report) -> Any:
        node = _unquoted(node, report, lambda text: int(text) if re.fullmatch(r"-?[0-9]{1,15}", text) else None)
        value = node.value
        number = isinstance(value, int) and not isinstance(value, bool)
        if not number or not _within(value, self.low, self.high) or value % self.multiple_of:
            report.refuse(node, self.expected)
        return value


@dataclass(frozen=True)
class Number(Kind):
    """A finite number, read as a float, above ``above`` or within bounds that are included."""

    above: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def expected(self) -> str:  # type: ignore[override] # a constant of the other kinds
        return "a number" + (f" above {self.above:g}" if self.above is not None else _bounds(self.low, self.high))

    def read(self, node: Node, report: Report) -> Any:
        node = _unquoted(node, report, lambda text: float(text) if re.fullmatch(_DECIMAL, text) else None)
        value = node.value
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
        if not number or not _within(value, self.low, self.high) or (self.above is not None and value <= self.above):
            report.refuse(node, self.expected)
            return value
        return float(value)


@dataclass(frozen=True)
class Choice(Kind):
    """One of some words, in any case; a number without quotes counts as its text. The result is the listed word.

    ``also``: other spellings, each with the word that it stands for.
    """

    words: tuple[str, ...]
    also: tuple[tuple[str, str], ...] = ()

    @property
    def expected(self) -> str:  # type: ignore[override] # a constant of the other kinds
        return self.words[0] if len(self.words) == 1 else f"one of {', '.join(self.words)}"

    def read(self, node: Node, report: Report) -> Any:
        text = (node.scalar_text() or "").casefold()
        known = [*((word, word) for word in self.words), *self.also]
        found = next((word for spelling, word in known if spelling.casefold() == text), None)
        if found is None:
            report.refuse(node, self.expected)
        return found


class Texts(Kind):
    """A list of text."""

    expected = "a list of text"

    def read(self, node: Node, report: Report) -> Any:
        if not isinstance(node.value, list):
            report.refuse(node, self.expected)
            return []
        return [Text().read(item, report.inside(f"[{number}]")) for number, item in enumerate(node.value)]

    def write(self, value: Any, with_secrets: bool) -> Any:
        return list(value)


@dataclass(frozen=True)
class Pairs(Kind):
    """An object of names and text; numbers, true and false count as the text that the file has."""

    name_pattern: str = r"[^\0]+"
    name_words: str = "a name"
    expected: str = "an object of names and text"

    def read(self, node: Node, report: Report) -> Any:
        if not isinstance(node.value, dict):
            report.refuse(node, self.expected)
            return {}
        pairs = {}
        for name, member in node.value.items():
            inner = report.inside(name)
            if not re.fullmatch(self.name_pattern, name):
                inner.say(f"expected {self.name_words}, got {name!r}.", member.key_line)
            pairs[name] = ScalarText().read(member, inner)
        return pairs

    def write(self, value: Any, with_secrets: bool) -> Any:
        return dict(value)


class Kept(Kind):
    """Anything; kept and written back as it came."""

    expected = "anything; kept as it is"
    keeps_null = True

    def read(self, node: Node, report: Report) -> Any:
        return node.plain()


_DECIMAL = r"[0-9]{1,15}(\.[0-9]{1,15})?"


def _unquoted(node: Node, report: Report, value_of: Callable[[str], Any]) -> Node:
    """What text means that a file has in quotes though it stands for something else; a strict reader leaves it."""
    value = value_of(node.value.strip().casefold()) if report.lenient and isinstance(node.value, str) else None
    if value is None:
        return node
    report.warn(f"expected {str(value).lower()} without quotes, got {node.described()}; it counts as that.", node.line)
    return replace(node, value=value, text=None)


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def _bounds(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    return f" of at least {low:g}" if low is not None else ""
