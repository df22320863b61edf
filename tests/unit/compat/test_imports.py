"""Imports of azureml modules: stand-ins where nothing is installed, the real ones where they are."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scoredock import compat
from scoredock.compat.finder import STAND_INS, StandInFinder

PROMISED = [
    ("azureml.contrib.services.aml_request", "AMLRequest"),
    ("azureml.contrib.services.aml_request", "rawhttp"),
    ("azureml.contrib.services.aml_response", "AMLResponse"),
    ("azureml_inference_server_http.api.aml_request", "AMLRequest"),
    ("azureml_inference_server_http.api.aml_request", "rawhttp"),
    ("azureml_inference_server_http.api.aml_response", "AMLResponse"),
    ("azureml.core.model", "Model"),
    ("azureml.core", "Model"),
    ("azureml.monitoring", "ModelDataCollector"),
    ("azureml.ai.monitoring", "Collector"),
    ("azureml.ai.monitoring.context", "BasicCorrelationContext"),
]
EXTENDED = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
# The three ways in which the real azureml distributions share their top-level package.
LAYOUTS = {
    "a regular package": {"azureml/__init__.py": ""},
    "a namespace": {},
    "a package with extend_path": {"azureml/__init__.py": EXTENDED},
}
layouts = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)


def is_stand_in(module: Any) -> bool:
    """Whether a module is scoredock's."""
    return Path(module.__file__).parent == Path(compat.__file__).parent


def names(*modules: str) -> list[Any]:
    """Import modules by name."""
    return [importlib.import_module(module) for module in modules]


@pytest.mark.parametrize(("module", "name"), PROMISED)
def test_a_promised_import_works_with_nothing_installed(module: str, name: str) -> None:
    namespace: dict[str, Any] = {}
    exec(f"from {module} import {name}", namespace)
    assert callable(namespace[name])
    assert is_stand_in(sys.modules[module])


@pytest.mark.parametrize("module", STAND_INS)
def test_every_stand_in_imports_by_itself(module: str) -> None:
    assert importlib.import_module(module).__name__ == module


def test_attributes_of_the_package_lead_to_its_modules() -> None:
    import azureml.contrib.services.aml_request
    import azureml.core.model

    assert azureml.core.Model is azureml.core.model.Model
    assert azureml.contrib.services.aml_request.rawhttp


@pytest.mark.parametrize(
    "module",
    ["azureml.nothing", "azureml.core.run", "azureml_other", "azureml.contrib.x", "azureml.finder", "azureml.model"],
)
def test_what_has_no_stand_in_is_not_found(module: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=module):
        importlib.import_module(module)


def test_a_missing_name_of_azureml_core_says_what_to_do() -> None:
    with pytest.raises(ImportError, match="Workspace"):
        from azureml.core import Workspace  # noqa: F401
    (core,) = names("azureml.core")
    with pytest.raises(AttributeError, match="Install azureml-core"):
        _ = core.Workspace
    assert not hasattr(core, "__wrapped__")


def test_installing_twice_adds_one_finder_and_it_is_the_last() -> None:
    compat.install()
    finders = [finder for finder in sys.meta_path if isinstance(finder, StandInFinder)]
    assert finders == [sys.meta_path[-1]]


class TestRealPackages:
    """A real package always wins; stand-ins fill only the gaps between real ones."""

    @layouts
    def test_only_azureml_core_is_real(self, layout: dict[str, str], site: Callable[..., Path]) -> None:
        site({**layout, "azureml/core/__init__.py": "REAL = 1", "azureml/core/model.py": "class Model: REAL = 1"})
        core, model, monitoring, request = names(
            "azureml.core", "azureml.core.model", "azureml.monitoring", "azureml.contrib.services.aml_request"
        )
        assert core.REAL
        assert model.Model.REAL
        assert is_stand_in(monitoring)
        assert is_stand_in(request)

    @layouts
    def test_only_the_contrib_services_are_real(self, layout: dict[str, str], site: Callable[..., Path]) -> None:
        files = {f"azureml/contrib/services/{name}.py": "REAL = 1" for name in ("aml_request", "aml_response")}
        inner = {name.replace("azureml/", "azureml/contrib/"): text for name, text in layout.items()}
        site({**layout, **inner, "azureml/contrib/services/__init__.py": "", **files})
        request, response, core = names(
            "azureml.contrib.services.aml_request", "azureml.contrib.services.aml_response", "azureml.core"
        )
        assert request.REAL
        assert response.REAL
        assert is_stand_in(core)

    @pytest.mark.parametrize("layout", ["a namespace", "a package with extend_path"])
    def test_two_distributions_may_share_the_package(self, layout: str, site: Callable[..., Path]) -> None:
        shared = LAYOUTS[layout]
        site({**shared, "azureml/core/__init__.py": "REAL = 1"}, "one")
        site({**shared, "azureml/monitoring/__init__.py": "REAL = 2"}, "two")
        core, monitoring, services = names("azureml.core", "azureml.monitoring", "azureml.contrib.services")
        assert (core.REAL, monitoring.REAL) == (1, 2)
        assert is_stand_in(services)

    def test_the_real_second_generation_of_monitoring_wins(self, site: Callable[..., Path]) -> None:
        site({"azureml/ai/monitoring/__init__.py": "REAL = 1", "azureml/ai/monitoring/context.py": "REAL = 2"})
        monitoring, context, first = names(
            "azureml.ai.monitoring", "azureml.ai.monitoring.context", "azureml.monitoring"
        )
        assert (monitoring.REAL, context.REAL) == (1, 2)
        assert is_stand_in(first)

    def test_a_real_package_is_not_filled_up_with_stand_ins(self, site: Callable[..., Path]) -> None:
        site({"azureml/core/__init__.py": "REAL = 1", "azureml_inference_server_http/__init__.py": ""})
        for module in ("azureml.core.model", "azureml_inference_server_http.api"):
            with pytest.raises(ModuleNotFoundError):
                importlib.import_module(module)

    def test_a_real_module_that_fails_is_not_hidden_by_a_stand_in(self, site: Callable[..., Path]) -> None:
        site({"azureml/core/__init__.py": "import no_such_package_of_ours"})
        with pytest.raises(ModuleNotFoundError, match="no_such_package_of_ours"):
            importlib.import_module("azureml.core")

    def test_a_module_of_the_users_own_wins(self, site: Callable[..., Path]) -> None:
        site({"azureml/monitoring.py": "MINE = 1"})
        (monitoring,) = names("azureml.monitoring")
        assert monitoring.MINE
