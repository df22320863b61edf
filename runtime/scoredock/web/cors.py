"""Cross-origin answers for browsers: GET and POST from the origins of AML_CORS_ORIGINS."""

from __future__ import annotations

import re
from collections.abc import Mapping

from scoredock.web.answers import Header

_PATTERN_SIGNS = frozenset("*\\]?$^[]()")


class Cors:
    """``origins`` are separated by commas: literal origins, regular expressions, or ``*`` for all."""

    def __init__(self, origins: str) -> None:
        parts = [part.strip() for part in origins.split(",") if part.strip()]
        texts = [".*" if part == "*" else part if _PATTERN_SIGNS & set(part) else re.escape(part) for part in parts]
        self._allowed = re.compile("|".join(f"(?:{text})" for text in texts) or r"(?!)", re.IGNORECASE)

    def headers(self, method: str, headers: Mapping[bytes, bytes]) -> list[Header]:
        """The headers to add to the answer of a request: none without an Origin that is allowed."""
        origin = headers.get(b"origin")
        vary: Header = (b"vary", b"Origin")
        if origin is None or not self._allowed.fullmatch(origin.decode("latin-1")):
            return [vary]
        added: list[Header] = [(b"access-control-allow-origin", origin), vary]
        if method == "OPTIONS" and headers.get(b"access-control-request-method", b"").upper() in (b"GET", b"POST"):
            added.append((b"access-control-allow-methods", b"GET, POST"))
            asked = headers.get(b"access-control-request-headers")
            if asked:
                added.append((b"access-control-allow-headers", asked))
        return added
