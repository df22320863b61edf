"""Read what inference-schema's decorators know of run().

inference-schema 1.8 keeps a decorator's parameter type only in the closure of its wrapper, so that is where
it is read. Knowing the types beforehand is what lets a refused value be told from a fault inside run(), and
what swagger, checks and fast paths build on.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_DECORATORS_MODULE = "inference_schema.schema_decorators"


@dataclass(frozen=True)
class Declared:
    """What one ``@input_schema`` declares: the parameter type, and whether an absent value is allowed."""

    type: Any
    optional: bool


def is_schema_decorated(run: Callable[..., Any]) -> bool:
    """Whether run() has ``@input_schema`` or ``@output_schema``."""
    util = sys.modules.get("inference_schema.schema_util")
    return util is not None and bool(util.is_schema_decorated(run))


def unwrap(run: Callable[..., Any]) -> tuple[Callable[..., Any], dict[str, Declared]]:
    """Take the schema decorators off the outside of run().

    Returns the function below them, to be called with values that are already converted, and what each
    ``@input_schema`` among them declares. A decorator of another kind ends the search: it and what is below
    it stay as they are.
    """
    declared: dict[str, Declared] = {}
    function: Any = run
    while True:
        wrapper = getattr(function, "_self_wrapper", None)
        if getattr(wrapper, "__module__", None) != _DECORATORS_MODULE:
            return function, declared
        known = _closure(wrapper)
        if "param_type" in known:
            convert = known.get("convert_to_provided_type", True)
            declared[known["param_name"]] = Declared(
                type=known["param_type"] if convert else None, optional=bool(known.get("optional", False))
            )
        function = function.__wrapped__


def _closure(function: Any) -> dict[str, Any]:
    cells = function.__closure__ or ()
    return dict(zip(function.__code__.co_freevars, (cell.cell_contents for cell in cells), strict=True))
