"""How a setting is declared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Declaration:
    """What the table says of one setting; ``kind`` is one of str, int, bool, path, true_only, bool_or_off.

    ``bool_or_off``: what is neither true nor false is false, with a warning.

    ``auto`` gives the number that the word ``auto`` stands for, where a number may be that word.
    What ``guards`` the service may not be empty: that would not mean that the setting is not given, but that nobody
    guards it.
    """

    name: str
    variable: str
    kind: str
    default: Any
    group: str
    meaning: str
    flag: str | None = None
    aliases: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()
    auto: Callable[[], int] | None = None
    secret: bool = False
    guards: bool = False


def setting(kind: str, variable: str, default: Any, group: str, meaning: str, **more: Any) -> Any:
    return field(
        default=default,
        repr=not more.get("secret", False),
        metadata={"kind": kind, "variable": variable, "group": group, "meaning": meaning, **more},
    )
