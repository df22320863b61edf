"""Builders of the swagger tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scoredock.entry import load
from scoredock.schema import Documents, build_documents
from scoredock.settings import Settings

HEAD = """
import datetime
import numpy as np
import pandas as pd
from inference_schema.schema_decorators import input_schema, output_schema
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
def init(): pass
"""


@pytest.fixture
def documents(write_script: Callable[..., Any], settings_of: Callable[..., Settings]) -> Callable[..., Documents]:
    """The documents of a script: of ``run``, or of one whose parameter has the types that are given as text."""

    def build(run: str | None = None, *, types: dict[str, str] | None = None, **given: Any) -> Documents:
        if types is not None:
            decorators = [f"@input_schema({name!r}, {type_})" for name, type_ in types.items()]
            run = "\n".join([*decorators, f"def run({', '.join(types)}): pass"])
        path = write_script(f"{HEAD}\n{run or 'def run(data): pass'}\n")
        settings = settings_of(entry_script=str(path), **given)
        return build_documents(load(settings).signature, settings)

    return build
