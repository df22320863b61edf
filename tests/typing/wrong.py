"""What a type checker has to refuse: each line that ends with ``# E:`` and the error's code, and no other."""

# ruff: noqa: B018, F401, F841, I001
from __future__ import annotations

import scoredock
from scoredock import observability  # E: attr-defined
from scoredock.accelerators import onnx_providers
from scoredock.collect import Collector, collect
from scoredock.deploy import Environment, InferenceConfig, LocalWebservice, Model, Webservice, Workspace
from scoredock.deploy import Worksapce  # E: attr-defined
from scoredock.errors import Busy, ConfigError, RefusedValue
from scoredock.metrics import Counter, Gauge


def entry_script() -> None:
    scoredock.metric  # E: attr-defined
    collect({"data": 1})  # E: call-arg, arg-type
    collect("inputs", 1, "correlation")  # E: call-arg
    Collector("inputs", feature_names=3)  # E: arg-type
    onnx_providers(device_id="0")  # E: arg-type
    Counter("refused_total")  # E: call-arg
    Gauge("level", "Its level").increase()  # E: attr-defined
    correlation: int = collect("inputs", 1)  # E: assignment


def deploying(workspace: Workspace) -> None:
    Workspace(location=3)  # E: arg-type
    Workspace.get().lock("a").acquire()  # E: attr-defined
    model = Model.register(workspace, "model.onnx")  # E: call-arg
    model.version.upper()  # E: attr-defined
    Environment("prices").docker.image = "scoredock:cpu"  # E: attr-defined
    config = InferenceConfig(entry_script=3)  # E: arg-type
    local = LocalWebservice.deploy_configuration(port="5001")  # E: arg-type
    service = Model.deploy("workspace", "prices", [model], config, local)  # E: arg-type
    service.wait_for_deployment(timeout=5)  # E: call-arg
    service.state.value  # E: attr-defined
    name: str = Webservice.list(workspace)  # E: assignment


def errors(error: ConfigError | Busy) -> str:
    if isinstance(error, ConfigError):
        return error.problems[0].line  # E: return-value
    raise RefusedValue("data", "a number")  # E: call-arg
