"""A request's target: the host that it names, its path, its query (RFC 9112, section 3.2)."""

from __future__ import annotations

import re
from urllib.parse import unquote

_ABSOLUTE = re.compile(rb"https?://([^/?#]+)([^#]*)", re.IGNORECASE)
_SLASH = re.compile("%2f", re.IGNORECASE)


def host_in(target: bytes) -> bytes | None:
    """The host and port that an absolute target names, which stand above the Host header (section 3.2.2)."""
    found = _ABSOLUTE.fullmatch(target)
    return found[1].removesuffix(b":") if found else None  # an empty port is none (RFC 3986, section 3.2.3)


def path_and_query(target: bytes) -> tuple[bytes, bytes]:
    """What is asked for there, of a target that ``head_rules`` lets through. Both as they came."""
    if not target.startswith((b"/", b"*")):
        found = _ABSOLUTE.fullmatch(target)
        target = found[2] if found else target
    path, _, query = target.partition(b"?")
    return path or b"/", query


def decoded(path: str) -> str:
    """A path with its signs written out, but for %2F: that is no slash (RFC 3986, section 2.2).

    A proxy that lets only some paths through sees another one there than one that has a slash.
    """
    return unquote(_SLASH.sub("%252F", path))
