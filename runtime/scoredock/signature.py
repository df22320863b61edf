"""What ``run()`` takes: the words that finding a script, reading a payload and writing swagger share."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

EMPTY = inspect.Parameter.empty
AWAITED = "scoredock.run"  # name of the task of an async run()


class Kind(Enum):
    """How run() wants its input."""

    TEXT = "the request body as text"
    SCHEMA = "named values out of a JSON object"
    RAW = "the Flask request"


@dataclass(frozen=True)
class Argument:
    """One parameter of run(), beside ``request_headers``.

    ``type`` is its inference-schema parameter type, or None where no decorator names it (then the JSON
    value is passed as it is). ``default`` is ``EMPTY`` for a required parameter.
    """

    name: str
    default: Any = EMPTY
    type: Any = None
    optional: bool = False


@dataclass(frozen=True)
class Signature:
    """run() and how to call it: always with keywords, with ``request_headers`` when it asks for them.

    ``decorated`` is run() as the script has it, with its decorators; ``call`` is what is called with
    values that are already of the schema's types.
    """

    kind: Kind
    arguments: tuple[Argument, ...]
    wants_headers: bool
    decorated: Callable[..., Any]
    call: Callable[..., Any]
