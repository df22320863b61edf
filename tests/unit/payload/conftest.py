"""Builders of the payload tests: parameter types, and what converting a value to one of them brings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType

from scoredock.errors import RefusedValue
from scoredock.payload import schema_arguments
from scoredock.signature import Argument


@pytest.fixture(scope="session")
def array() -> Callable[..., NumpyParameterType]:
    """A NumPy type: ``array((2, 10))`` for a shape of zeros, ``array(["x"])`` for a sample."""

    def build(sample: Any, dtype: Any = None, **options: Any) -> NumpyParameterType:
        values = np.zeros(sample, dtype) if isinstance(sample, tuple) else np.array(sample, dtype)
        return NumpyParameterType(values, **options)

    return build


@pytest.fixture(scope="session")
def frame() -> Callable[..., PandasParameterType]:
    """A pandas type: ``frame({"a": [1]}, orient="split")``."""

    def build(columns: dict[str, Any], **options: Any) -> PandasParameterType:
        return PandasParameterType(pd.DataFrame(columns), **options)

    return build


@pytest.fixture(scope="session")
def standard() -> type[StandardPythonParameterType]:
    """The type of standard Python values."""
    return StandardPythonParameterType


@pytest.fixture(scope="session")
def accepted() -> Callable[..., Any]:
    """What a type makes of a value that it accepts."""

    def convert(type_: Any, value: Any, name: str = "data") -> Any:
        return schema_arguments({name: value}, (Argument(name, type=type_),))[name]

    return convert


@pytest.fixture(scope="session")
def refused(accepted: Callable[..., Any]) -> Callable[..., str]:
    """The message for a value that a type refuses."""

    def convert_and_catch(type_: Any, value: Any, name: str = "data") -> str:
        with pytest.raises(RefusedValue) as caught:
            accepted(type_, value, name)
        assert caught.value.status == 400
        return str(caught.value)

    return convert_and_catch
