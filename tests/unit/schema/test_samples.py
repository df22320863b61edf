"""The example of every type in the swagger documents, sent back, is scored as the sample."""

from __future__ import annotations

import datetime
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema

from scoredock.payload import SchemaReader
from scoredock.schema import as_json, schemas_of
from scoredock.signature import Argument, Kind, Signature

DAYS = ["2024-05-01", "2024-05-02"]
ARRAYS: dict[str, list[Any]] = {
    **{dtype: [0, 1] for dtype in ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]},
    **{dtype: [0.5, float("nan")] for dtype in ("float16", "float32", "float64")},
    "U3": ["ab", "c"],
    "S3": [b"ab", b"c"],
    "O": ["a", 1],
    **{f"datetime64[{unit}]": DAYS for unit in ("D", "s", "ms", "us")},
    **{f"timedelta64[{unit}]": [1, 2] for unit in ("D", "h", "s", "ns")},
}
FIELDS = [("b", "?"), ("i", "i4"), ("s", "U3"), ("f", "f4"), ("d", "M8[s]"), ("m", "m8[s]"), ("y", "S3")]
STRUCTURED = {
    "fields": np.array([(True, 1, "x", 2.5, DAYS[0], 3, b"ab")], FIELDS),
    "arrays in fields": np.array([(True, [1.5, 2.5], [True, False])], [("b", "?"), ("v", "f8", 2), ("w", "?", 2)]),
    "fields in fields": np.array([((True, 2), 1)], [("n", [("a", "?"), ("b", "i4")]), ("c", "i4")]),
}
MOMENTS = pd.to_datetime(["2024-05-01T08:00:00", "2024-05-02T00:00:00"])
COLUMNS: dict[str, Any] = {
    "bool": [True, False],
    "int64": [1, 2**62 + 1],
    "int8": np.array([1, 2], "int8"),
    "float64": [0.5, None],
    "float32": np.array([0.5, 2], "float32"),
    "text": ["x", "5"],
    "dates": MOMENTS,
    "missing dates": pd.to_datetime(["2024-05-01", None]),
    "microseconds": pd.to_datetime(["2024-05-01T08:00:00.123456", None]),
    "UTC": MOMENTS.tz_localize("UTC"),
    "Berlin": MOMENTS.tz_localize("Europe/Berlin"),
    "durations": pd.to_timedelta(["1h", "2 days"]),
    "Int64": pd.array([2**53 + 1, None], dtype="Int64"),
    "boolean": pd.array([True, None], dtype="boolean"),
    "Float64": pd.array([1.5, None], dtype="Float64"),
    "string": pd.array(["a", None], dtype="string"),
    "category": pd.Categorical(["u", "v"]),
    "numbered category": pd.Categorical([1, 2]),
}
STANDARD = {
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "text": "x",
    "bytes": b"x\xff",
    "bytearray": bytearray(b"x"),
    "date": datetime.date(2024, 5, 1),
    "list": [1, "a"],
    "object": {"a": 1},
}


def sent_back(type_: Any) -> Any:
    """What run() gets for the example in the document."""

    def run(data: Any) -> None:
        """Not called."""

    run.__name__ = f"run_{id(type_)}"  # inference-schema keeps schemas by it
    decorated = input_schema("data", type_)(run)
    signature = Signature(Kind.SCHEMA, (Argument("data", type=type_),), False, decorated, run)
    example = json.loads(as_json(schemas_of(signature)[0]))["example"]
    return SchemaReader(signature.arguments, 10**6).read(json.dumps(example).encode(), "application/json")["data"]


def assert_same_array(made: Any, sample: Any) -> None:
    """Equal, of the same dtype."""
    assert made.dtype == sample.dtype
    np.testing.assert_array_equal(made, sample)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("dtype", ARRAYS)
def test_arrays(dtype: str, dimensions: int) -> None:
    line = np.array(ARRAYS[dtype], dtype)
    sample = line if dimensions == 1 else np.stack([line] * 2) if dimensions == 2 else np.stack([np.stack([line] * 2)])
    assert_same_array(sent_back(NumpyParameterType(sample)), sample)


@pytest.mark.parametrize("name", STRUCTURED)
def test_structured_arrays(name: str) -> None:
    assert_same_array(sent_back(NumpyParameterType(STRUCTURED[name])), STRUCTURED[name])


@pytest.mark.parametrize(
    ("name", "orient"),
    [
        (name, orient)
        for name in COLUMNS
        for orient in ("records", "split", "index", "columns", "table")
        if (name, orient) != ("durations", "table")  # which pandas does not read as it writes them
    ],
)
def test_frames(name: str, orient: str) -> None:
    sample = pd.DataFrame({"a": COLUMNS[name], "b": ["x", "y"]})
    pd.testing.assert_frame_equal(sent_back(PandasParameterType(sample, orient=orient)), sample, check_names=False)


def test_a_frame_without_names() -> None:
    sample = pd.DataFrame({"a": [True, False], "b": [1, 2]})
    assert sent_back(PandasParameterType(sample, orient="values")).to_numpy().tolist() == [[True, 1], [False, 2]]


@pytest.mark.parametrize("name", STANDARD)
def test_standard_types(name: str) -> None:
    made = sent_back(StandardPythonParameterType(STANDARD[name]))
    assert (type(made), made) == (type(STANDARD[name]), STANDARD[name])


def test_moments_and_times_of_day_come_back_as_utc() -> None:
    moment = datetime.datetime(2024, 5, 1, 8, 30)
    assert sent_back(StandardPythonParameterType(moment)) == moment.replace(tzinfo=datetime.timezone.utc)
    time_of_day = sent_back(StandardPythonParameterType(moment.time()))
    assert time_of_day.replace(tzinfo=None) == moment.time()


def test_nested_types() -> None:
    inner = {"flags": NumpyParameterType(np.array([True])), "plain": [True, "False"]}
    made = sent_back(StandardPythonParameterType({**inner, "list": StandardPythonParameterType([inner["flags"]])}))
    assert made["flags"].tolist() == [True]
    assert made["plain"] == [True, "False"]
    assert made["list"][0].tolist() == [True]


def test_the_example_of_a_result_has_booleans_too() -> None:
    @output_schema(NumpyParameterType(np.array([True, False])))
    def flags(data: Any) -> None:
        """Not called."""

    signature = Signature(Kind.SCHEMA, (Argument("data"),), False, flags, flags)
    assert schemas_of(signature)[1]["example"] == [True, False]
    assert schemas_of(signature)[1]["example"] == [True, False]  # nothing of inference-schema's was changed
