"""Bodies and queries as text: what run() gets without a schema; and a query's values, for one with it."""

from __future__ import annotations

import codecs
import json
from typing import Any
from urllib.parse import parse_qsl

from scoredock.errors import RequestProblem

_OTHER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)


def text_of(body: bytes) -> str:
    """The body as text, without a byte order mark. Raises RequestProblem (400) when it is not UTF-8."""
    try:
        return str(body, "utf-8") if body[:3] != codecs.BOM_UTF8 else str(body[3:], "utf-8")
    except UnicodeDecodeError as error:
        hint = ". It begins with the byte order mark of UTF-16 or UTF-32." if body.startswith(_OTHER_MARKS) else ""
        raise RequestProblem(400, f"Input cannot be decoded as UTF-8: {error}{hint}") from None


def query_values(query: bytes) -> dict[str, Any]:
    """The values of a query string: each parsed as JSON where it can be; a repeated key becomes a list.

    ``a=1&b=[1,2]&c=x&c=y`` is ``{"a": 1, "b": [1, 2], "c": ["x", "y"]}``.
    """
    values: dict[str, list[Any]] = {}
    for key, text in parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="surrogateescape"):
        values.setdefault(_quoted_again(key), []).append(_json_or_text(_quoted_again(text)))
    return {key: found[0] if len(found) == 1 else found for key, found in values.items()}


def query_text(query: bytes) -> str:
    """The values of a query string as the JSON text of an object."""
    return json.dumps(query_values(query))


def _quoted_again(text: str) -> str:
    """Bytes that are not UTF-8 stay percent-encoded, as Werkzeug leaves them."""
    if text.isascii():
        return text
    return "".join(f"%{ord(sign) - 0xDC00:02X}" if 0xDC80 <= ord(sign) <= 0xDCFF else sign for sign in text)


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
