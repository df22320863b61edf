"""What the package imports is what pyproject.toml declares, nothing more, nothing less; and each has its reason."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from architecture.test_floors import MODULES, imports_of, room_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NOT_FOR_SERVING = {"samples", "dev"}

# Modules whose distribution has another name.
DISTRIBUTIONS = {
    "azure.core": "azure-core",
    "azure.monitor.opentelemetry.exporter": "azure-monitor-opentelemetry-exporter",
    "jwt": "pyjwt",
    "opentelemetry": "opentelemetry-api",
    "opentelemetry.sdk": "opentelemetry-sdk",
    "simdjson": "pysimdjson",
    "yaml": "pyyaml",
}
# What is imported and declared nowhere.
NOT_OURS = {"azureml": "compat stands in for it", "main": "the user's script"}
# What is declared and imported nowhere.
LOADED_BY_NAME = {
    "adlfs": "by fsspec",
    "gcsfs": "by fsspec",
    "joblib": "by entry scripts",
    "opentelemetry-exporter-otlp-proto-http": "by its entry point",
    "s3fs": "by fsspec",
    "scikit-learn": "by entry scripts",
}
# The extras whose packages a room may import, beside the dependencies.
EXTRAS_OF = {
    "accelerators": {"numpy", "onnx"},
    "access": {"tokens"},
    "collection": {"arrow", "collect"},
    "compat": {"pandas"},
    "deploy": {"azure", "deploy"},
    "observe": {"app-insights", "telemetry"},
    "payload": {"arrow", "numpy", "pandas"},
    "scoring": {"telemetry"},
    "server": {"debug"},
}


def names(requirements: list[str]) -> set[str]:
    """The distributions that requirements name, apart from scoredock with its extras."""
    return {Requirement(text).name for text in requirements} - {"scoredock"}


DEPENDENCIES = names(PROJECT["dependencies"])
EXTRAS = {
    extra: names(requirements)
    for extra, requirements in PROJECT["optional-dependencies"].items()
    if extra not in NOT_FOR_SERVING
}
DECLARED = DEPENDENCIES.union(*EXTRAS.values())


def distribution(module: str) -> str | None:
    """The distribution that a module comes from; None for the standard library, scoredock, and what is not ours."""
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names or top == "scoredock" or top in NOT_OURS:
        return None
    known = [name for name in DISTRIBUTIONS if f"{module}.".startswith(f"{name}.")]
    return DISTRIBUTIONS[max(known, key=len)] if known else top.replace("_", "-")


def imported() -> dict[str, set[str]]:
    """The distributions that each room imports."""
    found = defaultdict(set)
    for path in MODULES:
        found[room_of(path)] |= {distribution(module) for module in imports_of(path)} - {None}
    return found


IMPORTED = imported()


@pytest.mark.parametrize("room", sorted(IMPORTED))
def test_a_room_imports_what_is_declared_for_it(room):
    extras = EXTRAS_OF.get(room, set())
    allowed = DEPENDENCIES.union(*(EXTRAS[extra] for extra in extras))
    assert IMPORTED[room] - allowed == set(), "declare it in pyproject.toml, or name its extra in EXTRAS_OF"
    assert {extra for extra in extras if not IMPORTED[room] & EXTRAS[extra] - DEPENDENCIES} == set(), "not used here"


def test_what_is_declared_is_imported():
    everywhere = set().union(*IMPORTED.values())
    assert DECLARED - everywhere == LOADED_BY_NAME.keys()


def test_each_has_its_reason_in_the_architecture_page():
    page = (ROOT / "docs" / "architecture.md").read_text()
    section = page.partition("\n## Dependencies, each with its reason\n")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| ")][1:]
    assert {name.split("[")[0] for cell in cells for name in re.findall(r"`([^`]+)`", cell)} == DECLARED


@pytest.mark.parametrize("extra", [None, *sorted(PROJECT["optional-dependencies"])])
def test_every_requirement_has_a_lower_bound(extra):
    requirements = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    for requirement in map(Requirement, requirements):
        operators = {one.operator for one in requirement.specifier}
        assert ">=" in operators or requirement.name == "scoredock", f"{requirement}: make test-oldest tests the bound"
