"""JSON in. msgspec reads it (fast, integers of any size exact); what it refuses the standard library judges.

The standard library's reading is the contract: it takes NaN and Infinity, lone surrogates, UTF-16 and a byte
order mark, and its messages are those that clients of azureml-inference-server-http know.
"""

from __future__ import annotations

import codecs
import json
from typing import Any

import msgspec

from scoredock.errors import RequestProblem
from scoredock.payload.json_pieces import TOO_MANY_DIGITS, NotJson, Sinks, parse_pieces
from scoredock.payload.words import shown

LARGE = 1024 * 1024  # bytes; from here on, bodies are parsed in pieces
NEWLINE = b"\n"
NO_SINKS: Sinks = {}

_INSIDE = bytes(range(0x80, 0xC0))  # bytes of UTF-8 that go on with a character
_SHOWN = 100  # characters of a client's header
_fast = msgspec.json.Decoder().decode


def parse(body: bytes) -> Any:
    """The JSON value of ``body``. Raises RequestProblem (400) that says where the text stops being JSON."""
    if len(body) >= LARGE:
        return parse_large(body)
    try:
        return _fast(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return json.loads(body)
    except RecursionError:
        reason = "it is nested too deeply."
    except UnicodeDecodeError as error:
        reason = not_decoded(error)
    except json.JSONDecodeError as error:
        reason = str(error)
    except ValueError:  # Python reads integers of so many digits only
        reason = TOO_MANY_DIGITS
    raise _no_json(reason)


def parse_large(body: bytes, sinks: Sinks = NO_SINKS) -> Any:
    """The same for a large body, in pieces; ``sinks`` are as in ``parse_pieces``, and raise what they like."""
    try:
        text = in_utf_8(body)
    except UnicodeDecodeError as error:
        raise _no_json(not_decoded(error)) from None
    try:
        return parse_pieces(text, sinks)
    except RecursionError:
        reason = "it is nested too deeply."
    except NotJson as error:
        reason = f"{error.reason}{'' if error.reason == TOO_MANY_DIGITS else _place(text, error.at)}"
    raise _no_json(reason)


def in_utf_8(body: bytes) -> bytes:
    """A JSON text without a byte order mark, and in UTF-8 also where it came in UTF-16 or UTF-32."""
    encoding = json.detect_encoding(body)
    if encoding == "utf-8":
        return body
    if encoding == "utf-8-sig":
        return body[len(codecs.BOM_UTF8) :]
    return str(body, encoding, "surrogatepass").encode("utf-8", "surrogatepass")


def not_decoded(error: UnicodeDecodeError) -> str:
    """What is wrong with a text's encoding, and where."""
    name = error.encoding.upper().removesuffix("-SIG")
    return f"it is not {name}: byte {error.object[error.start]:#04x} at position {error.start}"


def _place(text: bytes, at: int) -> str:
    """Where byte ``at`` of a text in UTF-8 is, in the standard library's words."""
    line = text.rfind(b"\n", 0, at) + 1
    column = _characters(text, line, at) + 1
    return f": line {text.count(NEWLINE, 0, at) + 1} column {column} (char {_characters(text, 0, at)})"


def _characters(text: bytes, start: int, end: int) -> int:
    """How many characters of a text in UTF-8 begin in a part of it."""
    steps = range(start, end, LARGE)
    return sum(len(text[step : min(step + LARGE, end)].translate(None, _INSIDE)) for step in steps)


def _no_json(reason: str) -> RequestProblem:
    return RequestProblem(400, f"POST body could not be decoded as JSON: {reason}")


def object_of(body: bytes, content_type: str) -> dict[str, Any]:
    """The JSON object of a request body.

    Raises RequestProblem: 415 when ``content_type`` is not JSON, 400 when the body is empty, not JSON, or not
    an object.
    """
    if not is_json(content_type):
        got = repr(content_type[:_SHOWN]) if content_type else "none"
        raise RequestProblem(415, f"Expects Content-Type to be application/json, got {got}")
    if not body:
        raise RequestProblem(400, "POST body is empty. Expecting a JSON dictionary.")
    value = parse(body)
    if not isinstance(value, dict):
        twice = ": was it encoded twice?" if isinstance(value, str) and value[:1] in ("{", "[") else "."
        raise RequestProblem(400, f"POST body should be a JSON dictionary. Got {shown(value)}{twice}")
    return value


def is_json(content_type: str) -> bool:
    """Whether a Content-Type says JSON: ``application/json`` or ``application/…+json``."""
    if content_type == "application/json":
        return True
    mimetype = content_type.partition(";")[0].strip().lower()
    return mimetype == "application/json" or (mimetype.startswith("application/") and mimetype.endswith("+json"))
