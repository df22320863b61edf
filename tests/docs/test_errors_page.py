"""The tables of exit codes and of statuses are the code's."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import scoredock
from docs.pages import DOCS, table_rows
from scoredock.errors import ExitCode

PACKAGE = Path(scoredock.__file__).parent
ANSWERING = ("access", "engine", "errors.py", "payload", "schema", "scoring", "server", "web")
NOT_SENT = 499  # stands in the log and in the metrics for a client that left
HOLE = "…"


def nodes() -> Iterator[ast.AST]:
    """The syntax tree's nodes of all modules that answer requests, or say why not."""
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).parts[0] in ANSWERING:
            yield from ast.walk(ast.parse(path.read_text()))


def status_of(node: ast.AST) -> list[int]:
    """The statuses that a node gives: first of two arguments or values, or what an error's class says."""
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "status":
        found = [node.value]
    else:
        found = node.args[:-1] if isinstance(node, ast.Call) else node.elts[:1] if isinstance(node, ast.Tuple) else []
    values = [one.value for one in found if isinstance(one, ast.Constant)]
    return [value for value in values if isinstance(value, int) and 400 <= value <= 599 and value != NOT_SENT]


def text_of(node: ast.AST) -> str:
    """A text of the code, with ``…`` for what is filled in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else HOLE for part in node.values)
    value = node.value if isinstance(node, ast.Constant) else ""
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    return text.rstrip("\n") if isinstance(text, str) else ""


def fits(template: str, text: str) -> bool:
    return re.fullmatch(re.escape(template).replace(HOLE, ".*"), text) is not None


def test_the_table_of_exit_codes_has_all_and_no_others():
    rows = [(int(row[0]), row[1].strip("`")) for row in table_rows("errors.md", "Exit codes") if row[1]]
    assert sorted(rows) == sorted((code.value, name) for name, code in ExitCode.__members__.items())


def test_the_table_of_statuses_has_all_and_no_others():
    rows = {row[0] for row in table_rows("errors.md", "Statuses")} - {
        str(NOT_SENT),
        "400 to 599",
    }  # the latter are what scripts choose
    assert rows == {str(status) for node in nodes() for status in status_of(node)}


def test_the_server_says_what_the_table_of_statuses_says():
    texts = {text for node in nodes() if len((text := text_of(node)).replace(HOLE, "")) > 10}
    messages = {found for row in table_rows("errors.md", "Statuses") for found in re.findall("`(.+)`", row[2])}
    assert len(messages) > 30
    assert [one for one in messages if not any(fits(one, text) or fits(text, one) for text in texts)] == []


@pytest.mark.parametrize("head", ["Code", "Status"])
def test_there_is_one_such_table(head):
    pages = [page.name for page in DOCS.glob("*.md") for _ in re.findall(rf"^\| {head} \|", page.read_text(), re.M)]
    assert pages == ["errors.md"]
