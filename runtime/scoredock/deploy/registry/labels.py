"""Tags and properties: texts by name. Tags may change, properties may only be added; lists are filtered by both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from scoredock.errors import Refused

Filter = Iterable[str | Iterable[str]]
"""As in Azure: ``["area", ["format", "onnx"]]`` matches what has ``area``, and ``format`` with the value ``onnx``."""


def labels(given: Mapping[str, Any] | None, what: str) -> dict[str, str]:
    """Tags or properties as texts: numbers and truth values become their text. Raises Refused."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise Refused(f"{what}: expected a dictionary of texts, got {given!r}.")
    for name, value in given.items():
        if not isinstance(name, str) or not name or not (value is None or isinstance(value, (str, int, float))):
            raise Refused(f"{what}: expected texts as names and values, got {name!r}: {value!r}.")
    return {name: "" if value is None else str(value) for name, value in given.items()}


def added_properties(there: Mapping[str, str], more: Mapping[str, str], what: str) -> dict[str, str]:
    """Both together. Raises Refused where a property is there with another value."""
    for name, value in more.items():
        if there.get(name, value) != value:
            raise Refused(
                f"{what}: the property {name} is {there[name]!r} already, and properties never change: "
                f"{value!r} cannot take its place. Use a tag, or register a new version."
            )
    return {**there, **more}


def matches(there: Mapping[str, str], asked: Filter | Mapping[str, Any] | None) -> bool:
    """Whether tags or properties have all that is asked for."""
    if asked is None:
        return True
    pairs: Iterable[Any] = asked.items() if isinstance(asked, Mapping) else asked
    for one in pairs:
        name, *values = [one] if isinstance(one, str) else [str(part) for part in one]
        if name not in there or (values and there[name] != values[0]):
            return False
    return True
