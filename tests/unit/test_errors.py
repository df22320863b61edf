"""The error tree is what its drawing shows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from scoredock import errors
from scoredock.errors import ScoredockError

PACKAGE = Path(errors.__file__).parent


def drawn() -> dict[str, str | None]:
    """Each error of the drawing, with the one that it hangs on."""
    parents: dict[str, str | None] = {}
    above: list[str] = []
    for indent, name in re.findall(r"^    ([ │├└─]*)(\w+)(?: .*)?$", errors.__doc__ or "", re.MULTILINE):
        del above[len(indent) // 4 :]
        parents[name] = above[-1] if above else None
        above.append(name)
    return parents


def below(error: type[ScoredockError]) -> set[type[ScoredockError]]:
    return {error}.union(*(below(one) for one in error.__subclasses__()))


def test_the_tree_is_drawn_as_it_is():
    assert len(drawn()) > 20
    tree = below(ScoredockError)
    defined = {one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, BaseException)}
    assert defined == {one for one in tree if one.__module__ == errors.__name__}
    assert drawn() == {one.__name__: one.__base__.__name__ if one is not ScoredockError else None for one in defined}


def test_no_other_module_adds_to_the_tree():
    names = {one.__name__ for one in below(ScoredockError)}
    added = [
        node.name
        for path in PACKAGE.rglob("*.py")
        if path.name != "errors.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and names & {ast.unparse(base).rpartition(".")[2] for base in node.bases}
    ]
    assert added == []
