"""JSON with lines: the standard library checks the text, a walk over its tokens finds where everything stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from scoredock.deploy.config.node import DEEPEST, Node, NodeProblem, too_deep
from scoredock.errors import Problem

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|[^\s{}\[\],:"]+')

Tokens = Iterator[tuple[str, int]]


def parse_json(text: str, repeated: list[Problem]) -> Node:
    """The JSON value of a text; a key that an object has twice with one value goes to ``repeated``.

    Raises NodeProblem for what is not JSON, and for a key that an object has twice with two values.
    """
    try:
        json.loads(text, parse_constant=_refuse)
        tokens = _tokens(text)
        return _node(tokens, *next(tokens), repeated)
    except json.JSONDecodeError as error:
        text = f"expected JSON, got text that is none: {error.msg[0].lower()}{error.msg[1:]}."
        raise NodeProblem(text, error.lineno) from None
    except RecursionError:
        raise too_deep(None) from None
    except ValueError as error:  # a number of thousands of digits, NaN
        raise NodeProblem(f"expected JSON, got a number that cannot be read: {error}.", None) from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def _tokens(text: str) -> Tokens:
    """Every token but commas and colons, which a text that is known to be JSON can do without."""
    line, counted = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", counted, match.start())
        counted = match.start()
        yield match[0], line


def _node(
    tokens: Tokens, first: str, line: int, repeated: list[Problem], key_line: int | None = None, depth: int = 0
) -> Node:
    if depth > DEEPEST:
        raise too_deep(line)
    if first == "[":
        items = []
        for item, item_line in tokens:
            if item == "]":
                break
            items.append(_node(tokens, item, item_line, repeated, depth=depth + 1))
        return Node(items, line, key_line)
    if first != "{":
        return Node(json.loads(first), line, key_line, None if first.startswith('"') else first)
    members: dict[str, Node] = {}
    for quoted_key, member_line in tokens:
        if quoted_key == "}":
            break
        key = json.loads(quoted_key)
        member = _node(tokens, *next(tokens), repeated, key_line=member_line, depth=depth + 1)
        if key in members:
            repeated.append(member.repeats(key, members[key], member_line))
        else:
            members[key] = member
    return Node(members, line, key_line)
