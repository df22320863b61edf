"""The contract of run(): its parameters, and the three ways it may want its input."""

from __future__ import annotations

import asyncio
import sys
import textwrap
import types
from collections.abc import Callable

import pytest

from scoredock.entry import EntryScript
from scoredock.errors import BootError
from scoredock.signature import EMPTY, Kind

SCHEMA = """
    import numpy as np
    from inference_schema.schema_decorators import input_schema, output_schema
    from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
    from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType

    def init(): pass
"""
IMPORTS_OF_RAWHTTP = ["azureml.contrib.services.aml_request", "azureml_inference_server_http.api.aml_request"]


@pytest.mark.parametrize(
    ("parameters", "refused"),
    [
        ("*args", "*args"),
        ("data, *args", "*args"),
        ("**kwargs", "**kwargs"),
        ("data, /", "data"),
        ("data, **options", "**options"),
    ],
)
def test_parameters_that_have_no_name_of_their_own_are_refused(
    parameters: str, refused: str, boot_error: Callable[..., BootError]
) -> None:
    error = boot_error(f"def init(): pass\ndef run({parameters}): pass\n")
    assert error.phase == "contract"
    assert refused in str(error)
    assert "Name each argument" in str(error)


@pytest.mark.parametrize(("parameters", "told"), [("", "data"), ("request_headers", "beside 'request_headers'")])
def test_run_needs_a_parameter_for_the_data(parameters: str, told: str, boot_error: Callable[..., BootError]) -> None:
    error = boot_error(f"def init(): pass\ndef run({parameters}): pass\n")
    assert error.phase == "contract"
    assert "needs a parameter for the input data" in str(error)
    assert told in str(error)


@pytest.mark.parametrize(
    ("parameters", "name", "headers"),
    [
        ("data", "data", False),
        ("request_headers, raw_data", "raw_data", True),
        ("data, request_headers", "data", True),
        ("*, data", "data", False),
        ("data='x'", "data", False),
    ],
)
def test_an_undecorated_run_gets_text_by_the_name_of_its_first_parameter(
    parameters: str, name: str, headers: bool, load_script: Callable[..., EntryScript]
) -> None:
    signature = load_script(f"def init(): pass\ndef run({parameters}): return {name}\n").signature
    assert signature.kind is Kind.TEXT
    assert [argument.name for argument in signature.arguments] == [name]
    assert signature.wants_headers is headers


def test_run_may_be_any_callable(load_script: Callable[..., EntryScript]) -> None:
    signature = load_script("""
        import functools

        class Model:
            def predict(self, data, scale): return [data, scale]

        def init(): pass
        run = functools.partial(Model().predict, scale=2)
    """).signature
    assert signature.arguments[0].name == "data"
    assert signature.call(data=1) == [1, 2]


@pytest.mark.parametrize("module", IMPORTS_OF_RAWHTTP)
def test_rawhttp_marks_a_script_as_raw(module: str, load_script: Callable[..., EntryScript]) -> None:
    signature = load_script(f"""
        from {module} import rawhttp, AMLRequest
        def init(): pass
        @rawhttp
        def run(req: AMLRequest): return req
    """).signature
    assert signature.kind is Kind.RAW
    assert signature.call(req=5) == 5


def test_rawhttp_below_another_decorator_counts(load_script: Callable[..., EntryScript]) -> None:
    signature = load_script("""
        import functools
        from azureml.contrib.services.aml_request import rawhttp

        def timed(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs): return function(*args, **kwargs)
            return wrapper

        def init(): pass

        @timed
        @rawhttp
        def run(req): return req
    """).signature
    assert signature.kind is Kind.RAW


def test_the_raw_mark_belongs_to_the_function_not_to_the_process(
    load_script: Callable[..., EntryScript],
) -> None:
    signature = load_script("""
        from azureml.contrib.services.aml_request import rawhttp

        @rawhttp
        def other(request): pass

        def init(): pass
        def run(data): return data
    """).signature
    assert signature.kind is Kind.TEXT


def test_the_flag_of_a_real_package_is_honoured(
    load_script: Callable[..., EntryScript], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = types.ModuleType("azureml.contrib.services.aml_request")
    real._rawHttpRequested = True  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, real.__name__, real)
    script = load_script("def init(): pass\ndef run(data): pass\n")
    assert script.signature.kind is Kind.RAW


@pytest.mark.parametrize(
    "decorators",
    [
        "@rawhttp\n@input_schema('data', StandardPythonParameterType(1))",
        "@input_schema('data', StandardPythonParameterType(1))\n@rawhttp",
        "@rawhttp\n@output_schema(StandardPythonParameterType(1))",
    ],
)
def test_rawhttp_with_a_schema_is_refused(decorators: str, boot_error: Callable[..., BootError]) -> None:
    rawhttp = "from azureml.contrib.services.aml_request import rawhttp"
    head = textwrap.dedent(SCHEMA)
    error = boot_error("\n".join([rawhttp, head, decorators, "def run(data): pass"]))
    assert error.phase == "contract"
    assert "cannot have both @rawhttp and @input_schema" in str(error)


def test_schema_arguments_keep_types_defaults_and_order(load_script: Callable[..., EntryScript]) -> None:
    script = load_script(
        SCHEMA
        + """
    @input_schema("second", StandardPythonParameterType(1.5), optional=True)
    @input_schema("first", NumpyParameterType(np.zeros((1, 2))))
    @output_schema(StandardPythonParameterType([1.0]))
    def run(first, second=2.5, third="x", *, request_headers): return first, second, third
    """
    )
    signature = script.signature
    assert signature.kind is Kind.SCHEMA
    assert signature.wants_headers
    assert [argument.name for argument in signature.arguments] == ["first", "second", "third"]
    first, second, third = signature.arguments
    assert type(first.type).__name__ == "NumpyParameterType"
    assert (first.default, first.optional) == (EMPTY, False)
    assert (type(second.type).__name__, second.optional) == ("StandardPythonParameterType", True)
    assert (third.type, third.default) == (None, "x")


def test_an_output_schema_alone_makes_a_schema_script(load_script: Callable[..., EntryScript]) -> None:
    script = load_script(
        SCHEMA
        + """
    @output_schema(StandardPythonParameterType(1))
    def run(data): return data
    """
    )
    assert script.signature.kind is Kind.SCHEMA
    assert script.signature.arguments[0].type is None
    assert script.signature.call(data=5) == 5


def test_a_schema_for_a_parameter_that_run_does_not_have_is_refused(
    boot_error: Callable[..., BootError],
) -> None:
    error = boot_error(
        SCHEMA
        + """
    @input_schema("dat", StandardPythonParameterType(1))
    def run(data): return data
    """
    )
    assert error.phase == "contract"
    assert "@input_schema names 'dat', but run() takes 'data'" in str(error)


RAW = "from azureml.contrib.services.aml_request import rawhttp\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def init(): pass\ndef run(a, b): pass", "run() gets the request's body as text, in 'a', and nothing for 'b'"),
        (
            "def init(): pass\ndef run(a, *, b, c, d=1): pass",
            "in 'a', and nothing for 'b', 'c'. Give the rest defaults, or declare each with @input_schema",
        ),
        (RAW + "def init(): pass\n@rawhttp\ndef run(request, b): pass", "run() gets the request, in 'request', and"),
        ("def init(): pass\ndef run(data):\n    yield data", "run() has yield, so that it returns a generator"),
        ("def init(): pass\nasync def run(data):\n    yield data", "run() has yield, so that it returns a generator"),
        (RAW + "def init(): pass\n@rawhttp\ndef run(request): yield 1", "return flask.Response(GENERATOR)"),
        ("def init():\n    yield\ndef run(data): pass", "init() has yield, so that calling it does nothing"),
        ("def init(model, /, *, path): pass\ndef run(data): pass", "without arguments, and expects 'model', 'path'"),
    ],
)
def test_what_can_never_work_is_refused(text: str, told: str, boot_error: Callable[..., BootError]) -> None:
    error = boot_error(text)
    assert error.phase == "contract"
    assert told in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "def init(path='model', *rest, **more): pass\ndef run(data, b=1, *, request_headers, c=None): return data",
        textwrap.dedent(SCHEMA) + "@input_schema('a', StandardPythonParameterType(1))\ndef run(a, b): return a",
    ],
)
def test_what_has_defaults_or_a_schema_is_served(text: str, load_script: Callable[..., EntryScript]) -> None:
    script = load_script(text)
    assert script.init() is None


def test_async_functions_return_when_they_have_finished(load_script: Callable[..., EntryScript]) -> None:
    script = load_script("""
        import asyncio, functools

        def timed(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs): return function(*args, **kwargs)
            return wrapper

        started = []

        async def init():
            started.append(asyncio.get_running_loop())

        @timed
        async def run(data):
            await asyncio.sleep(0)
            return [data, started == [asyncio.get_running_loop()]]
    """)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        assert script.init() is None
        assert script.signature.call(data="x") == ["x", True]
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def test_an_async_callable_object_is_awaited(load_script: Callable[..., EntryScript]) -> None:
    script = load_script("""
        class Model:
            async def __call__(self, data): return [data]

        async def init(): pass
        run = Model()
    """)
    assert asyncio.iscoroutinefunction(script.module.run.__call__)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        assert script.signature.call(data="x") == ["x"]
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def test_a_schema_is_found_below_any_decorators(load_script: Callable[..., EntryScript]) -> None:
    """Also below one whose closure ends with something else than the function."""
    signature = load_script(
        textwrap.dedent(SCHEMA)
        + textwrap.dedent("""
        import functools

        def timed(zone):
            def decorate(function):
                @functools.wraps(function)
                def wrapper(*args, **kwargs): return [zone, function(*args, **kwargs)]
                return wrapper
            return decorate

        @timed("zone")
        @input_schema("data", NumpyParameterType(np.zeros((1, 2))))
        def run(data): return data
        """)
    ).signature
    assert signature.kind is Kind.SCHEMA
    assert type(signature.arguments[0].type).__name__ == "NumpyParameterType"
    assert signature.call(data=5.0 * __import__("numpy").ones((1, 2)))[0] == "zone"
