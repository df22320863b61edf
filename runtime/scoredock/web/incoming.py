"""A scoring request as the gateway hands it to the scoring thread."""

from __future__ import annotations

from typing import Any

from scoredock.web.answers import Header


class Incoming:
    """One request: ASGI scope, method, raw query string, headers by name, whole body, request id."""

    __slots__ = ("body", "by_name", "method", "query", "request_id", "scope")

    def __init__(self, scope: dict[str, Any], by_name: dict[bytes, bytes], body: bytes, request_id: str) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.query: bytes = scope["query_string"]
        self.by_name = by_name
        self.body = body
        self.request_id = request_id

    @property
    def content_type(self) -> str:
        """The Content-Type header; empty when absent."""
        return self.by_name.get(b"content-type", b"").decode("latin-1").strip()

    @property
    def headers(self) -> list[Header]:
        """The headers in order, for the script: values without the white space around them.

        Names with an underscore are left out: a WSGI environment cannot tell them from names with a dash, so
        that they could pass for a header that a proxy has checked.
        """
        return [(name, value.strip()) for name, value in self.scope["headers"] if b"_" not in name]

    def header_dict(self) -> dict[str, str]:
        """The headers as a script gets them: names in Title-Case, repeated ones joined by commas."""
        result: dict[str, str] = {}
        for raw_name, raw_value in self.headers:
            name, value = raw_name.decode("latin-1").title(), raw_value.decode("latin-1")
            result[name] = f"{result[name]},{value}" if name in result else value
        return result
