"""The contract of init() and run(): which of the three ways run() wants its input, and with which arguments."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from scoredock.entry.coroutines import awaited
from scoredock.entry.decorators import Declared, layers, schema_decorated, unwrap
from scoredock.errors import BootError
from scoredock.signature import EMPTY, Argument, Kind, Signature

RAW_MARK = "__scoredock_rawhttp__"
HEADERS = "request_headers"

# Real packages mark raw scripts with one flag for the whole process, in these modules.
_REAL_RAW_MODULES = ("azureml_inference_server_http.api.aml_request", "azureml.contrib.services.aml_request")


def checked_init(init: Callable[..., Any], where: Path) -> Callable[[], Any]:
    """What is called for init(). Raises BootError when it cannot be called without arguments, or would do nothing."""
    if _is_generator(init):
        raise BootError("contract", f"{where}: init() has yield, so that calling it does nothing. Take the yield out.")
    required = [parameter.name for parameter in _parameters(init, "init", where) if _is_required(parameter)]
    if required:
        raise BootError(
            "contract", f"{where}: init() is called without arguments, and expects {_names(required)}. Give defaults."
        )
    return awaited(init)


def signature_of(run: Callable[..., Any], where: Path) -> Signature:
    """Classify ``run``. Raises BootError when it breaks the contract, with what to change."""
    parameters = _parameters(run, "run", where)
    allowed = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    refused = [str(parameter) for parameter in parameters if parameter.kind not in allowed]
    if refused:
        raise BootError(
            "contract",
            f"{where}: run() cannot take positional-only parameters, *args or **kwargs, and has "
            f"{', '.join(refused)}. Name each argument; where a decorator of yours hides them, give that "
            "@functools.wraps.",
        )
    data = [parameter for parameter in parameters if parameter.name != HEADERS]
    if not data:
        beside = f" beside {HEADERS!r}" if len(parameters) > len(data) else ""
        raise BootError("contract", f"{where}: run() needs a parameter for the input data{beside}.")

    raw = _is_raw(run)
    decorated = schema_decorated(run)
    if raw and decorated is not None:
        raise BootError(
            "contract", f"{where}: run() cannot have both @rawhttp and @input_schema/@output_schema. Keep one."
        )
    call, types = unwrap(run)
    if _is_generator(call):
        raise BootError(
            "contract",
            f"{where}: run() has yield, so that it returns a generator, which cannot be sent. Return a list, or, to "
            "stream, give run() @rawhttp and return flask.Response(GENERATOR).",
        )
    names = {parameter.name for parameter in data}
    unknown = sorted(name for name, schema in types.items() if name not in names and not schema.optional)
    if unknown:
        raise BootError(
            "contract", f"{where}: @input_schema names {_names(unknown)}, but run() takes {_names(_names_of(data))}."
        )
    without = [] if decorated is not None else _names_of(filter(_is_required, data[1:]))
    if without:
        given = "the request" if raw else "the request's body as text"
        raise BootError(
            "contract",
            f"{where}: run() gets {given}, in {data[0].name!r}, and nothing for {_names(without)}. Give the rest "
            "defaults, or declare each with @input_schema: then run() gets named values of a JSON object.",
        )
    arguments = tuple(_argument(parameter, types.get(parameter.name)) for parameter in data)
    return Signature(
        kind=Kind.RAW if raw else Kind.SCHEMA if decorated is not None else Kind.TEXT,
        arguments=arguments if decorated is not None else arguments[:1],
        wants_headers=len(parameters) > len(data),
        decorated=run if decorated is None else decorated,
        call=awaited(call),
    )


def _names_of(parameters: Iterable[inspect.Parameter]) -> list[str]:
    return [parameter.name for parameter in parameters]


def _names(names: list[str]) -> str:
    return ", ".join(map(repr, names))


def _parameters(function: Callable[..., Any], name: str, where: Path) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError) as error:
        raise BootError("contract", f"{where}: the parameters of {name}() cannot be read: {error}") from None


def _is_required(parameter: inspect.Parameter) -> bool:
    return parameter.default is EMPTY and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)


def _is_generator(function: Callable[..., Any]) -> bool:
    return inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)


def _argument(parameter: inspect.Parameter, schema: Declared | None) -> Argument:
    if schema is None:
        return Argument(parameter.name, parameter.default)
    return Argument(parameter.name, parameter.default, schema.type, schema.optional)


def _is_raw(run: Callable[..., Any]) -> bool:
    if any(getattr(sys.modules.get(name), "_rawHttpRequested", False) for name in _REAL_RAW_MODULES):
        return True
    return any(getattr(layer, RAW_MARK, False) for layer in layers(run))
