"""The contract of run(): which of the three ways it wants its input, and with which arguments."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scoredock.entry.decorators import Declared, is_schema_decorated, unwrap
from scoredock.errors import BootError
from scoredock.signature import Argument, Kind, Signature

RAW_MARK = "__scoredock_rawhttp__"
HEADERS = "request_headers"

# Real packages mark raw scripts with one flag for the whole process, in these modules.
_REAL_RAW_MODULES = ("azureml_inference_server_http.api.aml_request", "azureml.contrib.services.aml_request")


def signature_of(run: Callable[..., Any], where: Path) -> Signature:
    """Classify ``run``. Raises BootError when it breaks the contract, with what to change."""
    try:
        parameters = list(inspect.signature(run).parameters.values())
    except (TypeError, ValueError) as error:
        raise BootError("contract", f"{where}: the parameters of run() cannot be read: {error}") from None
    allowed = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    refused = [str(parameter) for parameter in parameters if parameter.kind not in allowed]
    if refused:
        raise BootError(
            "contract",
            f"{where}: run() cannot take positional-only parameters, *args or **kwargs, and has "
            f"{', '.join(refused)}. Name each argument.",
        )
    data = [parameter for parameter in parameters if parameter.name != HEADERS]
    if not data:
        beside = f" beside {HEADERS!r}" if len(parameters) > len(data) else ""
        raise BootError("contract", f"{where}: run() needs a parameter for the input data{beside}.")

    raw = _is_raw(run)
    decorated = is_schema_decorated(run)
    if raw and decorated:
        raise BootError(
            "contract", f"{where}: run() cannot have both @rawhttp and @input_schema/@output_schema. Keep one."
        )
    call, types = unwrap(run) if decorated else (run, {})
    names = {parameter.name for parameter in data}
    unknown = sorted(name for name, schema in types.items() if name not in names and not schema.optional)
    if unknown:
        raise BootError(
            "contract",
            f"{where}: @input_schema names {', '.join(map(repr, unknown))}, but run() takes "
            f"{', '.join(repr(parameter.name) for parameter in data)}.",
        )
    arguments = tuple(_argument(parameter, types.get(parameter.name)) for parameter in data)
    return Signature(
        kind=Kind.RAW if raw else Kind.SCHEMA if decorated else Kind.TEXT,
        arguments=arguments if decorated else arguments[:1],
        wants_headers=len(parameters) > len(data),
        decorated=run,
        call=call,
    )


def _argument(parameter: inspect.Parameter, schema: Declared | None) -> Argument:
    if schema is None:
        return Argument(parameter.name, parameter.default)
    return Argument(parameter.name, parameter.default, schema.type, schema.optional)


def _is_raw(run: Callable[..., Any]) -> bool:
    if any(getattr(sys.modules.get(name), "_rawHttpRequested", False) for name in _REAL_RAW_MODULES):
        return True
    function: Any = run
    while function is not None:
        if getattr(function, RAW_MARK, False):
            return True
        function = getattr(function, "__wrapped__", None)
    return False
