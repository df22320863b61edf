"""An entry script with types, as its user writes it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType  # type: ignore[import-untyped]
from inference_schema.parameter_types.standard_py_parameter_type import (  # type: ignore[import-untyped]
    StandardPythonParameterType,
)
from inference_schema.schema_decorators import input_schema, output_schema  # type: ignore[import-untyped]

import scoredock
from scoredock.accelerators import onnx_providers
from scoredock.collect import Collector, collect
from scoredock.metrics import Counter, Gauge, Histogram, Summary

Rows = npt.NDArray[np.float64]

scored = scoredock.metrics.Counter("requests_scored_total", "Requests that were scored", ["version"])
refused = Counter("rows_refused_total", "Rows that were refused", ["reason"])
waiting = Gauge("rows_waiting", "Rows that wait", multiprocess_mode="livesum")
sizes = Histogram("rows", "Rows of a request", buckets=(1, 10, 100))
sums = Summary("sums", "Sums of requests")
outputs = Collector("outputs", ["sum"])
providers: list[tuple[str, dict[str, object]]] = []


def init() -> None:
    providers[:] = onnx_providers()


@input_schema("data", NumpyParameterType(np.array([[1.0, 2.0]])))  # type: ignore[untyped-decorator]
@input_schema("factor", StandardPythonParameterType(1.5))  # type: ignore[untyped-decorator]
@output_schema(StandardPythonParameterType({"sums": [4.5]}))  # type: ignore[untyped-decorator]
def run(data: Rows, factor: float) -> dict[str, list[float]]:
    correlation: str = collect("inputs", data)
    waiting.inc()
    found: list[float] = (factor * data.sum(axis=1)).tolist()
    outputs.collect(found, correlation=correlation)
    sizes.observe(len(data))
    sums.observe(sum(found))
    refused.labels("negative").inc(sum(one < 0 for one in found))
    scored.labels(scoredock.__version__).inc()
    return {"sums": found}
