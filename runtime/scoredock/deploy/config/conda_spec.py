"""Conda's package specifications: ``numpy=1.26``, ``numpy>=1.26,<2``, ``conda-forge::numpy``."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SPEC = re.compile(
    r"(?:(?P<channel>[\w.\-/]+)::)?(?P<name>[A-Za-z0-9_][\w.\-]*)[ \t]*"
    r"(?P<rest>(?:[=<>!~\[]|(?<=\s)[\d*])[\w.\-*+!<>=~|,'\"\[\]: ()]*)?"
)
_PIN = re.compile(r"==?([\w.!+]+?)(\.?\*)?")


@dataclass(frozen=True)
class CondaSpec:
    """One package: lowercase ``name``, and what it may be (``version`` as written, without needless blanks)."""

    name: str
    version: str = ""
    channel: str | None = None

    @property
    def text(self) -> str:
        """The specification, normalised."""
        return f"{self.channel}::{self.name}{self.version}" if self.channel else self.name + self.version

    @property
    def pin(self) -> str | None:
        """The version that it is pinned to, ``1.26`` for ``=1.26``, ``==1.26`` and ``=1.26.*``."""
        match = _PIN.fullmatch(self.version)
        return match[1] if match else None

    def contradicts(self, other: CondaSpec) -> bool:
        """Whether two pins of the same package have no version in common."""
        if self.pin is None or other.pin is None:
            return False
        mine, theirs = self.pin.split("."), other.pin.split(".")
        return any(a != b for a, b in zip(mine, theirs, strict=False))


def parse_spec(text: str) -> CondaSpec:
    """The specification of a text. Raises ValueError saying what is wrong."""
    match = _SPEC.fullmatch(text.strip())
    if match is None:
        raise ValueError("expected a package as conda writes it, such as numpy, numpy=1.26 or numpy>=1.26,<2")
    rest = re.sub(r"\s*([=<>!~,|]+)\s*", r"\1", match["rest"] or "").strip()
    if rest[:1].isdigit() or rest[:1] == "*":
        rest = f"={rest}"  # "numpy 1.26.*", as conda's own lists have it
    return CondaSpec(match["name"].lower(), re.sub(r"\s+", " ", rest), match["channel"])
