"""YAML with lines: PyYAML's safe loader composes, scalars get their values, tags for Python objects do nothing."""

from __future__ import annotations

import yaml

from scoredock.deploy.config.node import DEEPEST, Node, NodeProblem, too_deep
from scoredock.errors import Problem

MOST_NODES = 20_000


def parse_yaml(text: str, repeated: list[Problem]) -> Node:
    """The one YAML document of a text; an empty text is null. A key twice with one value goes to ``repeated``.

    Raises NodeProblem for what is not YAML, a key that a mapping has twice with two values, and aliases that unfold
    to more than 20,000 nodes.
    """
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        return Node(None, 1) if root is None else _Reader(loader, repeated).node(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(part for part in (error.context, error.problem) if part)
        raise NodeProblem(f"expected YAML, got an error: {said}.", mark.line + 1 if mark else None) from None
    except yaml.YAMLError as error:
        raise NodeProblem(f"expected YAML, got an error: {' '.join(str(error).split())}.", None) from None
    except RecursionError:
        raise too_deep(None) from None
    finally:
        loader.dispose()


class _Reader:
    def __init__(self, loader: yaml.SafeLoader, repeated: list[Problem]) -> None:
        self._loader = loader
        self._repeated = repeated
        self._count = 0

    def node(self, node: yaml.Node, key_line: int | None = None, depth: int = 0) -> Node:
        line = node.start_mark.line + 1
        if depth > DEEPEST:
            raise too_deep(line)
        self._count += 1  # an alias is read again at each place: few lines of them can unfold to millions of nodes
        if self._count > MOST_NODES:
            raise NodeProblem(f"expected at most {MOST_NODES} values, got aliases that unfold to more.", line)
        if isinstance(node, yaml.SequenceNode):
            return Node([self.node(item, depth=depth + 1) for item in node.value], line, key_line)
        if not isinstance(node, yaml.MappingNode):
            return self._scalar(node, line, key_line)
        members: dict[str, Node] = {}
        for key_node, value_node in node.value:
            member_line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise NodeProblem("expected text as a key, got a list or an object.", member_line)
            key = key_node.value
            member = self.node(value_node, member_line, depth + 1)
            if key in members:
                self._repeated.append(member.repeats(key, members[key], member_line))
            else:
                members[key] = member
        return Node(members, line, key_line)

    def _scalar(self, node: yaml.Node, line: int, key_line: int | None) -> Node:
        try:
            value = self._loader.construct_object(node)
        except ValueError as error:
            raise NodeProblem(f"expected YAML, got {node.value!r}, which cannot be read: {error}.", line) from None
        if isinstance(value, str):
            return Node(value, line, key_line)
        if value is None or isinstance(value, (bool, int, float)):
            return Node(value, line, key_line, node.value or "null")
        return Node(node.value, line, key_line)  # a date, say: configurations have text there
