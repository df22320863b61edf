"""Imports of azureml modules: stand-ins where nothing is installed, the real ones where they are."""

from __future__ import annotations

import importlib
import logging
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
    ["azureml.nothing", "azureml_other", "azureml.contrib.x", "azureml.finder", "azureml.model", "sklearn.externals.x"],
)
def test_what_has_no_stand_in_is_not_found(module: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=module):
        importlib.import_module(module)


def test_what_scoring_does_without_imports_and_fails_when_it_is_used() -> None:
    from azureml.automl.runtime.featurizer import DataTransformer
    from azureml.core import Dataset, Workspace
    from azureml.core.authentication import ServicePrincipalAuthentication
    from azureml.train.automl.run import AutoMLRun
    from azureml_user.parallel_run import EntryScript

    uses = {
        "azureml.core.Workspace.from_config": lambda: Workspace.from_config(),
        "azureml.core.Dataset.Tabular": lambda: Dataset.Tabular,
        "azureml.core.authentication.ServicePrincipalAuthentication": lambda: ServicePrincipalAuthentication("a"),
        "azureml.automl.runtime.featurizer.DataTransformer": lambda: DataTransformer(),
        "azureml.train.automl.run.AutoMLRun": lambda: AutoMLRun(),
        "azureml_user.parallel_run.EntryScript": lambda: EntryScript(),
    }
    for name, use in uses.items():
        with pytest.raises(ImportError, match=rf"^{name} is not part of scoredock, .* install Microsoft's package"):
            use()

    def annotated(workspace: Workspace) -> Dataset:
        """Names are all that an annotation needs."""

    (core,) = names("azureml.core")
    assert not hasattr(core, "__wrapped__")


def test_exceptions_that_are_not_here_can_be_caught() -> None:
    from azureml.core.exceptions import ProjectSystemException
    from azureml.exceptions import WebserviceException

    with pytest.raises(WebserviceException):
        raise WebserviceException("x")
    assert issubclass(ProjectSystemException, Exception)


def test_a_run_outside_of_azure_takes_what_is_logged() -> None:
    from azureml.core import Run

    run = Run.get_context()
    run.log("accuracy", 0.9)
    run.log_list("losses", [1, 2])
    for use in (lambda: run.experiment, Run):
        with pytest.raises(ImportError, match=r"azureml\.core\.Run"):
            use()


def test_scripts_that_automl_generated_report_to_nobody(caplog: pytest.LogCaptureFixture) -> None:
    from azureml.automl.core.shared import log_server, logging_utilities
    from azureml.telemetry import INSTRUMENTATION_KEY

    log_server.enable_telemetry(INSTRUMENTATION_KEY)
    log_server.set_verbosity("INFO")
    log_server.update_custom_dimensions({"model_name": "m"})
    logging_utilities.log_traceback(ValueError("no model"), logging.getLogger("azureml.automl.core.scoring_script"))
    assert "ValueError: no model" in caplog.text


def test_the_joblib_that_scikit_learn_had_is_joblib(caplog: pytest.LogCaptureFixture) -> None:
    import joblib
    from sklearn.externals import joblib as former

    assert former is joblib
    assert "Write: import joblib" in caplog.text


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
