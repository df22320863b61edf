"""Read what inference-schema's decorators know of run().

inference-schema 1.8 keeps a decorator's parameter type only in the closure of its wrapper, so that is where
it is read. Knowing the types beforehand is what lets a refused value be told from a fault inside run(), and
what swagger, checks and fast paths build on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_DECORATORS_MODULE = "inference_schema.schema_decorators"


@dataclass(frozen=True)
class Declared:
    """What one ``@input_schema`` declares: the parameter type, and whether an absent value is allowed."""

    type: Any
    optional: bool


def layers(function: Any) -> Iterator[Any]:
    """A function, and what its decorators have wrapped, from the outside in; as functools.wraps and wrapt tell it."""
    while function is not None:
        yield function
        function = getattr(function, "__wrapped__", None)


def schema_decorated(run: Callable[..., Any]) -> Any:
    """The outermost of run()'s layers that is ``@input_schema`` or ``@output_schema``; None where none is."""
    return next((layer for layer in layers(run) if _is_schema(layer)), None)


def unwrap(run: Callable[..., Any]) -> tuple[Callable[..., Any], dict[str, Declared]]:
    """Take the schema decorators off the outside of run(), and read all that it has.

    Returns the function below the outer ones, to be called with values that are already converted, and what each
    ``@input_schema`` declares. A decorator of another kind stays, and so do schema decorators below it: they let
    values pass that are converted.
    """
    declared: dict[str, Declared] = {}
    call: Any = run
    for layer in layers(run):
        if not _is_schema(layer):
            continue
        if layer is call:
            call = layer.__wrapped__
        known = _closure(layer._self_wrapper)
        if "param_type" in known:
            convert = known.get("convert_to_provided_type", True)
            declared[known["param_name"]] = Declared(
                type=known["param_type"] if convert else None, optional=bool(known.get("optional", False))
            )
    return call, declared


def _is_schema(layer: Any) -> bool:
    wrapper = getattr(layer, "_self_wrapper", None)
    return getattr(wrapper, "__module__", None) == _DECORATORS_MODULE


def _closure(function: Any) -> dict[str, Any]:
    cells = function.__closure__ or ()
    return dict(zip(function.__code__.co_freevars, (cell.cell_contents for cell in cells), strict=True))
