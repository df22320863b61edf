"""How a service is: its state, and the cause in a sentence where it is not Healthy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

_LOG_PREFIX = re.compile(r"^[\d-]{10} [\d:,]{12} [A-Z] \[\d+\] \S+ - ")
_EXIT_CODES = {
    1: "the server could not listen",
    3: "the script, its packages or a setting is at fault",
    4: "its workers kept dying",
    125: "the engine could not start it",
    126: "the image's start command cannot be run",
    127: "the image's start command is not there",
    137: "it was killed",
}
_SAYS_WHY = (1, 3, 4)  # the server ended by itself, and its last line is the cause


class State(str, Enum):
    """The states of a service. Failed and Healthy are final, until somebody does something."""

    TRANSITIONING = "Transitioning"
    HEALTHY = "Healthy"
    UNHEALTHY = "Unhealthy"
    UNSCHEDULABLE = "Unschedulable"
    FAILED = "Failed"


@dataclass(frozen=True)
class Condition:
    """A state and, where it is not Healthy, its cause in a sentence."""

    state: State
    cause: str = ""


def how_it_ended(state: Mapping[str, Any], log: str) -> str:
    """Why a container has ended, by the engine's ``state`` of it and the last lines that it wrote."""
    lines = log.strip().splitlines()
    code = state["ExitCode"]
    why = "out of memory" if state.get("OOMKilled") else _EXIT_CODES.get(code, "")
    says = ":" if code in _SAYS_WHY else "; its last line:"
    last = f"{says} {_LOG_PREFIX.sub('', lines[-1])}" if lines else "; it wrote nothing"
    return f"the container ended with exit code {code}{f' ({why})' if why else ''}{last}"
