"""Cross-origin answers for browsers: GET and POST from the origins of AML_CORS_ORIGINS."""

from __future__ import annotations

import re
from collections.abc import Mapping

from scoredock.web.answers import Header

_PATTERN_SIGNS = frozenset("*\\]?$^[]()")


class Cors:
    """``origins`` are separated by commas: literal origins, regular expressions (of the whole origin), or ``*``."""

    def __init__(self, origins: str) -> None:
        parts = [part.strip() for part in origins.split(",") if part.strip()]
        literal = sorted(part for part in parts if not _PATTERN_SIGNS & set(part))
        texts = [".*" if part == "*" else re.escape(part) if part in literal else part for part in parts]
        self._allowed = re.compile("|".join(f"(?:{text})" for text in texts) or r"(?!)", re.IGNORECASE)
        # Without an Origin there is nothing to check; what is sent then shows people that CORS is on.
        self._unasked = "*" if "*" in parts else literal[0] if literal else ""

    def headers(self, method: str, headers: Mapping[bytes, bytes]) -> list[Header]:
        """The headers to add to the answer of a request: only Vary when its Origin is not allowed."""
        vary: Header = (b"vary", b"Origin")
        origin = headers.get(b"origin", b"")
        if not origin:
            return [(b"access-control-allow-origin", self._unasked.encode()), vary] if self._unasked else [vary]
        if not self._allowed.fullmatch(origin.decode("latin-1")):
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


def is_preflight(method: str, headers: Mapping[bytes, bytes]) -> bool:
    """Whether a browser asks what it may send; it asks without the credentials of the request that follows."""
    return method == "OPTIONS" and b"origin" in headers and b"access-control-request-method" in headers
