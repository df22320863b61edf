"""Requests made from a service's own swagger documents, fitting and unfitting: documented answers, no fault."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from samples import make_sample
from servers import InProcess

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis

HEAD = """
import datetime
import numpy as np
import pandas as pd
from inference_schema.schema_decorators import input_schema, output_schema
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
def init(): pass
FRAME = pd.DataFrame({"number": [1, 2], "size": [1.5, 2.5], "name": ["a", "b"], "good": [True, False]})
"""
FRAME = "@input_schema('data', PandasParameterType(FRAME{}))\n@output_schema(PandasParameterType(FRAME{}))"
SCRIPTS: dict[str, tuple[str, str, str]] = {  # decorators, parameters, result
    "array": ("@input_schema('data', NumpyParameterType(np.array([[1.5, 2.5]])))", "data", "data.sum(axis=1)"),
    "array of any shape": (
        "@input_schema('data', NumpyParameterType(np.array([[1, 2]]), enforce_shape=False))",
        "data",
        "data",
    ),
    "array of any type": (
        "@input_schema('data', NumpyParameterType(np.array([['a']]), enforce_column_type=False))",
        "data",
        "data",
    ),
    "integers": ("@input_schema('data', NumpyParameterType(np.array([1, 2], dtype='int8')))", "data", "data"),
    "dates": (
        "@input_schema('data', NumpyParameterType(np.array(['2020-01-01'], dtype='datetime64[D]')))",
        "data",
        "data",
    ),
    **{
        f"frame, {orient}": (FRAME.format(*[f", orient={orient!r}"] * 2), "data", "data")
        for orient in ("records", "split", "index", "columns", "values", "table")
    },
    "frame of any types": (FRAME.format(", enforce_column_type=False, enforce_shape=False", ""), "data", "data"),
    "series of dates": (
        "@input_schema('data', PandasParameterType(pd.DataFrame({'day': pd.to_datetime(['2020-01-01'])})))",
        "data",
        "data",
    ),
    "plain values": (
        "@input_schema('number', StandardPythonParameterType(1))\n"
        "@input_schema('size', StandardPythonParameterType(1.5))\n"
        "@input_schema('name', StandardPythonParameterType('a'))\n"
        "@input_schema('good', StandardPythonParameterType(True))\n"
        "@input_schema('many', StandardPythonParameterType([1, 2]))\n"
        "@input_schema('day', StandardPythonParameterType(datetime.date(2020, 1, 2)))\n"
        "@input_schema('time', StandardPythonParameterType(datetime.datetime(2020, 1, 2)))",
        "number, size, name, good, many, day, time",
        "[number, size, name, good, many, day, time]",
    ),
    "nested": (
        "@input_schema('data', StandardPythonParameterType({'a': NumpyParameterType(np.array([[1, 2]])),"
        " 'b': StandardPythonParameterType({'c': PandasParameterType(FRAME), 'd': StandardPythonParameterType(1)}),"
        " 'e': StandardPythonParameterType([StandardPythonParameterType('f')])}))",
        "data",
        "data",
    ),
    "as Power BI asks": (
        "@input_schema('Inputs', StandardPythonParameterType({'data': PandasParameterType(FRAME)}))\n"
        "@input_schema('GlobalParameters', StandardPythonParameterType({'factor': 1.5}))\n"
        "@output_schema(StandardPythonParameterType({'Results': StandardPythonParameterType([1.5])}))",
        "Inputs, GlobalParameters={'factor': 1.0}",
        "{'Results': Inputs['data']['size'] * GlobalParameters['factor']}",
    ),
}
# Scripts that get what is not checked: text that need be no JSON; nested values, of which any may be absent, as
# inference-schema has it, whatever its document says.
TAKES_WHAT_IT_IS_GIVEN = {"echo", "as Power BI asks", "pandas-frame"}
SLOW_TO_MAKE = ["onnx-digits"] if "FUZZ_S" in os.environ else []  # importing what converts takes half a minute
VERSIONS = ["2", "3", "3.1"]
SHORT = settings(
    max_examples=int(1.5 * float(os.environ.get("FUZZ_S", "4"))),
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.target],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.filterwarnings("ignore")
def test_a_schemas_documents_are_true(name: str, in_process: Callable[..., InProcess]) -> None:
    decorators, parameters, result = SCRIPTS[name]
    service = in_process(f"{HEAD}\n{decorators}\ndef run({parameters}): return {result}\n")
    check(service, name)


@pytest.mark.parametrize("name", ["echo", "pandas-frame", "sklearn-diabetes", *SLOW_TO_MAKE])
@pytest.mark.filterwarnings("ignore")
def test_a_samples_documents_are_true(
    name: str, in_process: Callable[..., InProcess], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_sample(name, tmp_path)
    monkeypatch.setenv("AZUREML_MODEL_DIR", str(folder / "model"))
    check(in_process((folder / "score.py").read_text()), name)


def check(service: InProcess, name: str) -> None:
    """Requests of both kinds by every document, and the document's own example."""
    for version in VERSIONS:
        answer = service.get(f"/swagger.json?version={version}")
        if answer.status_code == 404:  # the types cannot be told in this version
            assert "not supported for the scoring script" in answer.json()["message"]
            continue
        document = answer.json()
        schemas = document["definitions"] if version == "2" else document["components"]["schemas"]
        example = schemas["ServiceInput"]["example"]
        assert service.post(json=example).status_code == 200, (version, example, service.post(json=example).text)
        ask(service, version, document, name in TAKES_WHAT_IT_IS_GIVEN)


def ask(service: InProcess, version: str, document: dict[str, Any], script_may_fail: bool) -> None:
    schema = schemathesis.openapi.from_dict(document)
    base_url = f"http://127.0.0.1:{service.port}"
    documented = {
        (path, method.upper()): rules for path, item in document["paths"].items() for method, rules in item.items()
    }
    kinds = list(schemathesis.GenerationMode)
    operations = [result.ok() for result in schema.get_all_operations()]

    @SHORT
    @given(st.data())
    def asked(data: st.DataObject) -> None:
        operation = data.draw(st.sampled_from(operations))
        kind = data.draw(st.sampled_from(kinds))
        case = data.draw(operation.as_strategy(kind))
        answer = case.call(base_url=base_url, timeout=20)
        told = documented[operation.path, operation.method.upper()]["responses"]
        where = (version, kind, case.as_curl_command(), answer.text[:300])
        if answer.headers.get("x-ms-run-function-failed") == ["True"] and script_may_fail:  # lists, in schemathesis
            return
        assert answer.status_code < 500, where
        assert str(answer.status_code) in told or "default" in told, where
        if answer.headers.get("content-type") == ["application/json"]:
            body = json.loads(answer.content)
            assert answer.status_code == 200 or body["message"], where

    asked()
