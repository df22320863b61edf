"""A configuration's format, declared once as a table: reading, checking, writing and the reference page come from it.

A field's key has dots where objects nest (``autoScaler.minReplicas``); its name is the argument of Azure ML's SDK.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from scoredock.deploy.config.document import node_of
from scoredock.deploy.config.kinds import Kind, Report
from scoredock.deploy.config.node import Node


@dataclass(frozen=True)
class Field:
    """What the table says of one key.

    ``flag`` is the short option of ``az ml model deploy``; the long one is the name with dashes. ``default_words``
    replaces the default on the reference page. ``when_set``: written only where there is a value.
    """

    name: str
    key: str
    kind: Kind
    meaning: str
    default: Any = None
    aliases: tuple[str, ...] = ()
    flag: str | None = None
    default_words: str | None = None
    required: bool = False
    secret: bool = False
    when_set: bool = False

    @property
    def long_flag(self) -> str:
        """The long option."""
        return "--" + self.name.replace("_", "-")


@dataclass(frozen=True)
class Rule:
    """What several fields must be together; not looked at when one of them is wrong by itself.

    ``broken`` gets the values of ``names``, in their order. ``text`` is the problem, ``meaning`` the rule; in both,
    ``{0}`` stands for the first field's key, and so on. In a problem it has its line.
    """

    names: tuple[str, ...]
    broken: Callable[..., bool]
    text: str
    meaning: str


def exclusive(one: str, other: str) -> Rule:
    """At most one of two fields has a value."""
    return Rule(
        (one, other),
        lambda first, second: bool(first) and bool(second),
        "expected at most one of {0} and {1}, got both. Take one out.",
        "{0} and {1} exclude each other.",
    )


def all_or_none(*names: str) -> Rule:
    """Either all of some fields have a value, or none has."""
    places = ", ".join(f"{{{number}}}" for number in range(len(names)))
    return Rule(
        names,
        lambda *values: any(values) and not all(values),
        f"expected all of these or none, got some: {places}.",
        f"All of these, or none: {places}.",
    )


def needs(name: str, other: str) -> Rule:
    """Where one field is true or has a value, the other has one too."""
    return Rule(
        (name, other),
        lambda first, second: bool(first) and not second,
        "expected a value that {0} needs, got {1}. Set it.",
        "{0} needs {1}.",
    )


@dataclass
class _Given:
    """What a configuration gives: nodes, and the keys that they stand under, by field name.

    Python's callers know fields by their names, a file's writers by their keys.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    in_python: bool = False

    def key(self, entry: Field) -> str:
        return self.keys.get(entry.name) or (entry.name if self.in_python else entry.key)

    def line(self, entry: Field) -> int | None:
        node = self.nodes.get(entry.name)
        return None if node is None else node.key_line or node.line

    def place(self, entry: Field) -> str:
        if entry.name not in self.nodes:
            default = "" if entry.default is None else f": {entry.default}"
            return f"{self.key(entry)} (not set{default})"
        line = self.line(entry)
        return f"{self.key(entry)} (line {line})" if line else self.key(entry)


@dataclass(frozen=True)
class Format:
    """The fields of a configuration, and what they must be together.

    ``foreign`` explains keys that files have here and that mean nothing here: those of another format, say. Those and
    unknown ones are passed over with a warning where a file is read leniently, and are problems elsewhere.
    """

    title: str
    fields: tuple[Field, ...]
    rules: tuple[Rule, ...] = ()
    foreign: Mapping[str, str] = field(default_factory=dict)

    def read(self, root: Node, report: Report, overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The values that a configuration gives, by field name; problems go to the report.

        ``overrides`` are values by name, from a command line say, that win over the configuration's; None counts as
        not given.
        """
        given = _Given()
        report = replace(report, meaning="")
        if isinstance(root.value, dict):
            self._walk(root, self._tree(), report, "", given)
        else:
            report.refuse(root, "an object")
        for name, value in (overrides or {}).items():
            if value is not None:
                given.nodes[name], given.keys[name] = node_of(value), self.field(name).long_flag
        return self._settle(given, report, root.line)

    def check(self, values: Mapping[str, Any], what: str) -> dict[str, Any]:
        """The values of Python arguments, by field name, as reading them from a file gives them.

        ``what`` says what they are the arguments of. Raises ConfigError with all problems.
        """
        nodes = {name: node_of(value) for name, value in values.items() if value is not None}
        given = _Given(nodes, in_python=True)
        report = Report(what)
        settled = self._settle(given, report, None)
        report.finish()
        return settled

    def write(self, values: Mapping[str, Any], with_secrets: bool = False, nulls: bool = False) -> dict[str, Any]:
        """The JSON object of values by field name. Secrets are left out unless they are asked for.

        ``nulls``: fields without a value are written as null.
        """
        written: dict[str, Any] = {}
        for entry in self.fields:
            value = values.get(entry.name)
            if entry.secret and not with_secrets:
                value = None
            if value is None and (entry.when_set or not nulls):
                continue
            *parents, last = entry.key.split(".")
            target = written
            for parent in parents:
                target = target.setdefault(parent, {})
            target[last] = None if value is None else entry.kind.write(value, with_secrets)
        return written

    def defaults(self) -> dict[str, Any]:
        """Every field's default."""
        return {entry.name: entry.default for entry in self.fields}

    def field(self, name: str) -> Field:
        """The field of a name."""
        return next(entry for entry in self.fields if entry.name == name)

    def spellings(self) -> Iterator[tuple[str, Field]]:
        """Every spelling of every key."""
        for entry in self.fields:
            for key in (entry.key, *entry.aliases):
                yield key, entry

    def _tree(self) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        for key, entry in self.spellings():
            *parents, last = key.split(".")
            branch = tree
            for parent in parents:
                branch = branch.setdefault(parent, {})
            branch[last] = entry
        return tree

    def _walk(self, node: Node, tree: Mapping[str, Any], report: Report, prefix: str, given: _Given) -> None:
        for key, member in node.value.items():
            inner, dotted = report.inside(key), prefix + key
            entry = tree.get(key)
            if entry is None:
                inner.warn(self._unknown(key, dotted, tree, prefix, inner.lenient), member.key_line)
            elif member.value is None and not (isinstance(entry, Field) and entry.kind.keeps_null):
                continue  # null is how these formats say: not set
            elif inner.lenient and member.value == "" and isinstance(entry, Field) and not entry.kind.takes(member):
                inner.warn("expected a value, got empty text; it counts as not set.", member.line)
            elif isinstance(entry, Field):
                self._take(entry, dotted, member, inner, given)
            elif isinstance(member.value, dict):
                self._walk(member, entry, inner, f"{dotted}.", given)
            else:
                inner.refuse(member, "an object")

    def _take(self, entry: Field, key: str, node: Node, report: Report, given: _Given) -> None:
        if entry.name in given.nodes:
            same = node.plain() == given.nodes[entry.name].plain()
            text = f"expected one spelling of the same key, got {given.place(entry)} too. Take one out."
            (report.warn if same else report.say)(text, node.key_line)
        else:
            given.nodes[entry.name], given.keys[entry.name] = node, key

    def _unknown(self, key: str, dotted: str, tree: Mapping[str, Any], prefix: str, lenient: bool) -> str:
        if dotted in self.foreign:
            if lenient:
                return f"ignored, since it {self.foreign[dotted]}."
            return f"expected a key of the {self.title}, got one that {self.foreign[dotted]}."
        siblings = {name.casefold(): prefix + name for name in tree}
        everywhere = {full.rpartition(".")[2].casefold(): full for full, _ in self.spellings()}
        arguments = {entry.name.casefold(): entry.key for entry in self.fields}
        start = f"expected a key of the {self.title}, got an unknown one."
        if lenient:
            start = f"ignored, since the {self.title} has no such key."
        if key.casefold() in arguments:
            return f"{start} Did you mean {arguments[key.casefold()]}?"
        for known in (siblings, everywhere):
            if near := difflib.get_close_matches(key.casefold(), known, n=1, cutoff=0.6):
                return f"{start} Did you mean {known[near[0]]}?"
        return start if lenient else f"{start} Known here: {', '.join(sorted(tree))}."

    def _settle(self, given: _Given, report: Report, line: int | None) -> dict[str, Any]:
        values: dict[str, Any] = {}
        wrong = set()
        for entry in self.fields:
            node = given.nodes.get(entry.name)
            if node is None:
                if entry.required:
                    wrong.add(entry.name)
                    inner = report.inside(given.key(entry), meaning=entry.meaning)
                    inner.say(f"expected {entry.kind.expected}, got nothing.", line)
                continue
            before = len(report.problems)
            inner = report.inside(given.key(entry), meaning=entry.meaning, secret=entry.secret)
            if given.key(entry).startswith("--"):
                inner = replace(inner, file=None)  # it came from the command line
            values[entry.name] = entry.kind.read(node, inner)
            if len(report.problems) > before:
                wrong.add(entry.name)
        settled = self.defaults() | values
        for rule in self.rules:
            if wrong.isdisjoint(rule.names) and rule.broken(*(settled[name] for name in rule.names)):
                self._say_broken(rule, given, report)
        return values

    def _say_broken(self, rule: Rule, given: _Given, report: Report) -> None:
        entries = [self.field(name) for name in rule.names]
        first = next((entry for entry in entries if entry.name in given.nodes), entries[0])
        text = rule.text.format(*(given.place(entry) for entry in entries))
        report.inside(given.key(first)).say(text, given.line(first))


def declared(kind: Kind, key: str, default: Any, meaning: str, **more: Any) -> Any:
    """A field of a dataclass that is a field of a format too; ``more`` are Field's."""
    return dataclasses.field(
        default=default,
        repr=not more.get("secret", False),
        metadata={"field": {"key": key, "kind": kind, "default": default, "meaning": meaning, **more}},
    )


def fields_of(cls: type) -> tuple[Field, ...]:
    """The format's fields that a dataclass declares."""
    return tuple(
        Field(name=one.name, **one.metadata["field"]) for one in dataclasses.fields(cls) if "field" in one.metadata
    )
