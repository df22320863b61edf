"""A room imports only rooms below it; rooms on one floor do not know each other; nothing goes in circles."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "runtime" / "scoredock"

FLOORS = [
    {"errors", "cgroups", "settings", "signature", "texts"},
    {"accelerators", "access", "collection", "metrics", "deploy", "entry", "payload", "schema", "observe"},
    {"collect", "engine"},
    {"web", "compat"},
    {"scoring"},
    {"server"},
    {"cli"},
]
# Imports that a floor's rule forbids, each with its reason.
ALLOWED = {
    ("settings", "errors"): "a wrong setting is an error of the tree",
    ("settings", "cgroups"): "what the word auto stands for",
    ("settings", "texts"): "why a config file cannot be read",
}
NEVER = {
    "engine": {"flask", "uvicorn", "gunicorn", "werkzeug"},
    "payload": {"flask", "uvicorn", "gunicorn", "werkzeug"},
    "access": {"flask", "uvicorn", "gunicorn", "werkzeug"},
    "collection": {"flask", "uvicorn", "gunicorn", "werkzeug"},
    "entry": {"flask", "uvicorn", "gunicorn", "werkzeug"},
    "observe": {"flask", "uvicorn", "gunicorn", "werkzeug"},
    "deploy": {"flask", "uvicorn", "gunicorn", "werkzeug", "click"},
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def floor_of(room: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


def imports_of(path: Path) -> set[str]:
    """The dotted names of all modules that a file imports, at its top or inside a function."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def rooms_imported_by(path: Path) -> set[str]:
    """The rooms of scoredock that a file imports; the package's version counts as none."""
    rooms = {name.split(".")[1] for name in imports_of(path) if name.startswith("scoredock.")}
    return {room for room in rooms if not room.startswith("__")}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_rooms_below_it(path):
    room = room_of(path)
    if room in ("__init__", "__main__"):
        return
    for imported in rooms_imported_by(path) - {room}:
        assert floor_of(imported) < floor_of(room) or (room, imported) in ALLOWED, f"{room} imports {imported}"


def test_every_room_has_a_floor():
    rooms = {room_of(path) for path in MODULES} - {"__init__", "__main__"}
    assert rooms == set().union(*FLOORS)


@pytest.mark.parametrize("room", NEVER)
def test_a_room_stays_free_of_what_it_must_not_know(room):
    for path in (PACKAGE / room).rglob("*.py"):
        assert not {name.split(".")[0] for name in imports_of(path)} & NEVER[room]


def test_no_import_circle():
    """Imports inside functions and for types do not count: they exist to break circles at run time."""
    graph: dict[str, set[str]] = {}
    names = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__") for path in MODULES
    }
    for path in MODULES:
        name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
        found = set()
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        graph[name] = (found & names) - {name, "scoredock"}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for imported in graph[name]:
                visit(imported, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_has_at_most_400_lines(path):
    assert len(path.read_text().splitlines()) <= 400


def test_names_say_what_is_inside():
    vague = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "core"}
    assert not {path.stem for path in MODULES} & vague
