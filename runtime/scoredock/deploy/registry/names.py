"""Names of models, environments and services, and references such as ``sentiment:3``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from scoredock.errors import Refused

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,254}")
_NAMED_IN_ERRORS = 8


def check_name(name: str, what: str = "name") -> str:
    """Return a name that can be used; ``what`` says in the error whose it is. Raises Refused."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        shown = repr(name) if len(str(name)) <= 80 else f"{str(name)[:80]!r}… ({len(str(name))} characters)"
        raise Refused(
            f"{what}: expected letters, digits, '-', '_' and '.', at most 255, the first a letter, a digit or '_'; "
            f"got {shown}."
        )
    return name


def parse_reference(reference: str, what: str = "model") -> tuple[str, int | None]:
    """``NAME`` or ``NAME:VERSION`` as name and version; None means the newest. Raises Refused."""
    name, colon, version = reference.partition(":")
    check_name(name, f"{what} name")
    if not colon or version in ("latest", ""):
        return name, None
    return name, check_version(version, reference)


def check_version(version: int | str, reference: str) -> int:
    """A version as a number; ``reference`` is what the error quotes. Raises Refused."""
    text = str(version)
    if not (text.isascii() and text.isdigit() and len(text) <= 15 and int(text) > 0):
        raise Refused(f"{reference}: expected a version of 1 or more, as in NAME:3; got {text!r}.")
    return int(text)


def nearest(name: str, there: Iterable[str]) -> str:
    """A sentence that names what there is near ``name``, or all there is; for errors."""
    names = sorted(there)
    if not names:
        return "There is none yet."
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    more = f", … ({len(names)} in all)" if len(names) > _NAMED_IN_ERRORS else ""
    return f"There is: {', '.join(names[:_NAMED_IN_ERRORS])}{more}."
