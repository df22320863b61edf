"""What users import: complete, documented, and light until it is used."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
import types
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

import scoredock

PUBLIC = [f"scoredock.{name}" for name in scoredock.__all__ if name != "__version__"]


def tree_of(module: types.ModuleType) -> ast.Module:
    return ast.parse(Path(str(module.__file__)).read_text())


def defined_in(module: types.ModuleType) -> set[str]:
    """The public names that a module's text defines at its top, imports left out."""
    names: set[str] = set()
    for node in tree_of(module).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return {name for name in names if not name.startswith("_")}


def imported_for_types(module: types.ModuleType) -> dict[str, str]:
    """The module that each name comes from which is imported under ``if TYPE_CHECKING``."""
    return {
        alias.name: str(node.module)
        for branch in tree_of(module).body
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING"
        for node in branch.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def members_of(cls: type) -> Iterator[tuple[str, Any]]:
    """The public functions, properties and classes that scoredock defines in a class or its bases."""
    for base in cls.__mro__:
        if base.__module__.startswith("scoredock."):
            for name, member in vars(base).items():
                member = getattr(member, "__func__", member)
                if not name.startswith("_") and isinstance(member, (types.FunctionType, property, type)):
                    yield name, member


def classes_in(hint: Any) -> Iterator[type]:
    """The classes of scoredock that an annotation names, at any depth."""
    if isinstance(hint, type) and hint.__module__.startswith("scoredock."):
        yield hint
    for inner in get_args(hint):
        yield from classes_in(inner)


def reachable() -> dict[str, Any]:
    """Every public function, method, property and class that a user gets hold of, by its dotted name.

    From a class on to its members, and to the classes that its attributes have and its methods return.
    """
    found: dict[str, Any] = {}
    waiting = [
        (f"{module}.{name}", getattr(import_module(module), name)) for module in PUBLIC for name in names(module)
    ]
    while waiting:
        name, thing = waiting.pop()
        if name in found or isinstance(thing, str):
            continue
        found[name] = thing
        if not isinstance(thing, type):
            function = thing.fget if isinstance(thing, property) else thing
            returned = get_type_hints(function).get("return")
            waiting += [(f"{one.__module__}.{one.__qualname__}", one) for one in classes_in(returned)]
        elif thing.__module__.startswith("scoredock."):
            waiting += [(f"{name}.{member}", value) for member, value in members_of(thing)]
            fields = {key: hint for key, hint in get_type_hints(thing).items() if not key.startswith("_")}
            waiting += [(f"{c.__module__}.{c.__qualname__}", c) for hint in fields.values() for c in classes_in(hint)]
    return found


def names(module: str) -> list[str]:
    return list(import_module(module).__all__)


@pytest.mark.parametrize("name", ["scoredock", *PUBLIC])
def test_a_public_module_lists_its_names_once_and_in_order(name):
    listed = names(name)
    assert listed == sorted(set(listed))
    assert all(hasattr(import_module(name), one) for one in listed)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_module_defines_nothing_else_with_a_public_name(name):
    assert defined_in(import_module(name)) <= set(names(name))


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_module_says_what_it_is_for(name):
    assert inspect.getdoc(import_module(name))


def test_the_package_says_what_is_public():
    text = inspect.getdoc(scoredock) or ""
    assert {module for module in PUBLIC if f"``{module.partition('.')[2]}``" in text} == set(PUBLIC)


@pytest.mark.parametrize("name", ["scoredock", "scoredock.deploy"])
def test_names_that_are_imported_when_they_are_asked_for_are_in_step(name):
    module = import_module(name)
    assert dir(module) == module.__all__
    assert imported_for_types(module).keys() == set(module.__all__) - {"__version__"}
    with pytest.raises(AttributeError, match=f"module '{name}' has no attribute 'Metrics'"):
        module.Metrics  # noqa: B018


def test_a_name_of_the_workflow_is_imported_from_where_type_checkers_look_for_it():
    deploy = scoredock.deploy
    places = {name: f"{deploy.__name__}.{place}" for name, place in vars(deploy)["_PLACES"].items()}
    assert places == imported_for_types(deploy)
    found = {name: getattr(deploy, name) for name in places}
    named = {"DEFAULT_CPU_IMAGE", "DEFAULT_GPU_IMAGE", "WebserviceException"}  # two texts, and another name of a class
    assert {one.__name__: one.__module__ for name, one in found.items() if name not in named} == {
        name: place for name, place in places.items() if name not in named
    }
    assert all(one.__name__ == name for name, one in found.items() if name not in named)


def test_a_public_module_is_there_when_it_is_asked_for_and_not_before():
    code = """if True:
        import sys, scoredock
        before = [name for name in sys.modules if name.startswith(("scoredock.", "prometheus_client"))]
        counter = scoredock.metrics.Counter
        print(before, counter.__name__, "scoredock.deploy" in sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[] Counter False\n"


def is_documented(thing: Any) -> bool:
    """Whether it has a docstring of its own; what dataclasses write is none."""
    text = thing.__doc__ or ""
    return bool(text.strip()) and not text.startswith(f"{getattr(thing, '__name__', '')}(")


def test_every_name_that_a_user_reaches_is_documented():
    found = reachable()
    assert {
        "scoredock.deploy.Model.register",
        "scoredock.deploy.config.environment_parts.DockerSection",
        "scoredock.deploy.local.condition.Condition",
        "scoredock.errors.Busy",
    } <= found.keys()
    assert [name for name, thing in found.items() if not is_documented(thing)] == []


def test_a_package_that_only_deploying_needs_is_named_with_what_installs_it():
    code = "import sys; sys.modules['yaml'] = None; import scoredock; scoredock.deploy.CondaDependencies"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "Deploying needs more than serving: pip install 'scoredock[deploy]'" in done.stderr.splitlines()[-1]
