"""What is read out of inference-schema's decorators, and that they can still be read."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema

from scoredock.entry.decorators import schema_decorated, unwrap

ARRAY = NumpyParameterType(np.zeros((1, 2)))
NUMBER = StandardPythonParameterType(1.5)


def other(function: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator of another kind, which marks its results."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return ["other", function(*args, **kwargs)]

    return wrapper


def plain(data: Any, factor: Any = 1) -> Any:
    """An undecorated run()."""
    return [data, factor]


def test_an_undecorated_function_declares_nothing() -> None:
    assert schema_decorated(plain) is None
    assert unwrap(plain) == (plain, {})


def test_every_decorator_is_taken_off_and_read() -> None:
    decorated = input_schema("data", ARRAY)(output_schema(NUMBER)(input_schema("factor", NUMBER, optional=True)(plain)))
    assert schema_decorated(decorated) is decorated
    call, declared = unwrap(decorated)
    assert call is plain
    assert declared["data"].type is ARRAY
    assert declared["data"].optional is False
    assert declared["factor"].type is NUMBER
    assert declared["factor"].optional is True


def test_a_type_that_is_not_to_convert_is_left_out() -> None:
    _, declared = unwrap(input_schema("data", ARRAY, convert_to_provided_type=False)(plain))
    assert declared["data"].type is None


@pytest.mark.parametrize(
    "decorated",
    [
        input_schema("factor", NUMBER)(other(input_schema("data", ARRAY)(plain))),
        other(input_schema("factor", NUMBER)(input_schema("data", ARRAY)(plain))),
    ],
    ids=["in between", "outside"],
)
def test_a_decorator_of_another_kind_stays_and_hides_nothing(decorated: Callable[..., Any]) -> None:
    call, declared = unwrap(decorated)
    assert list(declared) == ["factor", "data"]
    assert schema_decorated(decorated) is not None
    rows = np.zeros((1, 2))
    marked, (data, factor) = call(data=rows, factor=2.0)
    assert (marked, factor) == ("other", 2.0)
    assert data is rows


@pytest.mark.parametrize(
    ("decorator", "names"),
    [
        (input_schema("data", ARRAY), {"param_name", "param_type", "convert_to_provided_type", "optional"}),
        (output_schema(NUMBER), set()),
    ],
)
def test_the_closures_of_inference_schema_hold_what_is_read_from_them(
    decorator: Callable[..., Any], names: set[str]
) -> None:
    """Fails when a release of inference-schema keeps its types elsewhere: then ``unwrap`` has to follow."""
    decorated: Any = decorator(plain)
    wrapper = decorated._self_wrapper
    assert wrapper.__module__ == "inference_schema.schema_decorators"
    assert names <= set(wrapper.__code__.co_freevars)
    assert decorated.__wrapped__ is plain
