"""An import finder that knows the stand-ins, and stands behind every other finder.

Because it is asked last, a real package always wins. A stand-in of a submodule is offered only inside a
package that is a stand-in too, or a namespace that several distributions share.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

_HERE = Path(__file__).parent

# Import name -> the file that answers for it; None for a package that only holds others.
STAND_INS: dict[str, str | None] = {
    "azureml": None,
    "azureml.contrib": None,
    "azureml.contrib.services": None,
    "azureml.contrib.services.aml_request": "aml_request.py",
    "azureml.contrib.services.aml_response": "aml_response.py",
    "azureml.core": "azureml_core.py",
    "azureml.core.model": "model.py",
    "azureml.core.run": "run.py",
    "azureml.automl": None,
    "azureml.automl.core": None,
    "azureml.automl.core.shared": None,
    "azureml.automl.core.shared.log_server": "log_server.py",
    "azureml.automl.core.shared.logging_utilities": "logging_utilities.py",
    "azureml.telemetry": "telemetry.py",
    "azureml.monitoring": "monitoring.py",
    "azureml.ai": None,
    "azureml.ai.monitoring": "ai_monitoring.py",
    "azureml.ai.monitoring.context": "ai_monitoring_context.py",
    "azureml_inference_server_http": None,
    "azureml_inference_server_http.log_config": "log_config.py",
    "azureml_inference_server_http.api": None,
    "azureml_inference_server_http.api.aml_request": "aml_request.py",
    "azureml_inference_server_http.api.aml_response": "aml_response.py",
}
# Names below which everything imports, and fails when it is used: see ``absent``.
ABSENT = (
    "azureml.automl",
    "azureml.core",
    "azureml.data",
    "azureml.exceptions",
    "azureml.telemetry",
    "azureml.train",
    "azureml_user",
)
_REAL_PARENTS = {"sklearn.externals.joblib": "sklearn_joblib.py"}  # of scikit-learn's own package, where it is gone
_SHARED_NAMESPACES = {"azureml", "azureml.contrib", "azureml.ai", "azureml.automl", "azureml.train"}
_PACKAGES = {name.rpartition(".")[0] for name in STAND_INS} | {name for name, file in STAND_INS.items() if file is None}


class StandInFinder(MetaPathFinder):
    """Finds the modules of STAND_INS."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a stand-in, or None for a name that has none or whose package is a real one."""
        if fullname in _REAL_PARENTS:
            return importlib.util.spec_from_file_location(fullname, _HERE / _REAL_PARENTS[fullname])
        is_absent = fullname not in STAND_INS and _is_below(fullname)
        if fullname not in STAND_INS and not is_absent:
            return None
        parent = fullname.rpartition(".")[0]
        if parent and parent not in _SHARED_NAMESPACES and not _is_stand_in(sys.modules.get(parent)):
            return None
        file = "absent.py" if is_absent else STAND_INS[fullname] or ("absent.py" if _is_below(fullname) else "empty.py")
        spec = importlib.util.spec_from_file_location(fullname, _HERE / file)
        if spec is not None and (is_absent or fullname in _PACKAGES):
            spec.submodule_search_locations = []  # a package without a folder: its submodules come from here alone
        return spec


def install() -> None:
    """Put the finder behind all others, once."""
    if not any(isinstance(finder, StandInFinder) for finder in sys.meta_path):
        sys.meta_path.append(StandInFinder())


def _is_below(name: str) -> bool:
    return any(name == top or name.startswith(f"{top}.") for top in ABSENT)


def _is_stand_in(module: ModuleType | None) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).parent == _HERE
