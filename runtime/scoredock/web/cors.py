"""Cross-origin answers for browsers: GET and POST from the origins of AML_CORS_ORIGINS."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from scoredock.web.answers import Header

_PATTERN_SIGNS = frozenset("*\\]?$^[]()")
_ORIGIN = re.compile(r"null|[a-z][a-z0-9+.-]*://[a-z0-9_.:\[\]-]+", re.IGNORECASE)  # what a browser may send
_ANY_NAME = "[A-Za-z0-9.-]+"


class Cors:
    """``origins`` are separated by commas: literal origins, regular expressions (of the whole origin), or ``*``.

    ``https://*.example.com`` means what it says, any name in front of ``.example.com``: as a regular expression it
    would allow https://xexample.com, and not one of the names that it is written for.
    """

    def __init__(self, origins: str) -> None:
        parts = [part.strip() for part in origins.split(",") if part.strip()]
        literal = sorted(part for part in parts if not _PATTERN_SIGNS & set(part))
        self._allowed = re.compile("|".join(f"(?:{_pattern(part)})" for part in parts) or r"(?!)", re.IGNORECASE)
        # Without an Origin there is nothing to check; what is sent then shows people that CORS is on.
        self._unasked = "*" if "*" in parts else literal[0] if literal else ""

    def headers(self, method: str, headers: Mapping[bytes, bytes], own: Collection[Header] = ()) -> list[Header]:
        """The headers to add to the answer of a request: only Vary when its Origin is not allowed.

        Those that the answer has of its ``own`` are the script's word, and stand: browsers refuse two.
        """
        named = {name for name, _ in own}
        return [pair for pair in self._headers(method, headers) if pair[0] not in named or pair[0] == b"vary"]

    def _headers(self, method: str, headers: Mapping[bytes, bytes]) -> list[Header]:
        vary: Header = (b"vary", b"Origin")
        origin = headers.get(b"origin", b"")
        if not origin:
            return [(b"access-control-allow-origin", self._unasked.encode()), vary] if self._unasked else [vary]
        text = origin.decode("latin-1")
        if not _ORIGIN.fullmatch(text) or not self._allowed.fullmatch(text):
            return [vary]
        added: list[Header] = [(b"access-control-allow-origin", origin), vary]
        if headers.get(b"access-control-request-private-network") == b"true":
            added.append((b"access-control-allow-private-network", b"false"))
        if method == "OPTIONS" and headers.get(b"access-control-request-method", b"").upper() in (b"GET", b"POST"):
            added.append((b"access-control-allow-methods", b"GET, POST"))
            asked = headers.get(b"access-control-request-headers")
            if asked:
                added.append((b"access-control-allow-headers", asked))
        return added


def _pattern(part: str) -> str:
    """A regular expression for one part of the setting."""
    signs = _PATTERN_SIGNS & set(part)
    if part == "*":
        return ".*"
    if not signs:
        return re.escape(part)
    if signs == {"*"} and ".*" not in part:
        return _ANY_NAME.join(map(re.escape, part.split("*")))
    return part


def is_preflight(method: str, headers: Mapping[bytes, bytes]) -> bool:
    """Whether a browser asks what it may send; it asks without the credentials of the request that follows."""
    return method == "OPTIONS" and b"origin" in headers and b"access-control-request-method" in headers
