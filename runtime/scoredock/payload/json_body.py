"""JSON in. msgspec reads it (fast, integers of any size exact); what it refuses the standard library judges.

The standard library's reading is the contract: it takes NaN and Infinity, lone surrogates, UTF-16 and a byte
order mark, and its messages are those that clients of azureml-inference-server-http know.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from scoredock.errors import RequestProblem

_fast = msgspec.json.Decoder().decode


def parse(body: bytes) -> Any:
    """The JSON value of ``body``. Raises RequestProblem (400) that says where the text stops being JSON."""
    try:
        return _fast(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return json.loads(body)
    except RecursionError:
        message = "POST body could not be decoded as JSON: it is nested too deeply."
    except UnicodeDecodeError as error:
        message = f"POST body could not be decoded as JSON: it is not {error.encoding.upper()}: {error}"
    except ValueError as error:
        message = f"POST body could not be decoded as JSON: {error}"
    raise RequestProblem(400, message)


def object_of(body: bytes, content_type: str) -> dict[str, Any]:
    """The JSON object of a request body.

    Raises RequestProblem: 415 when ``content_type`` is not JSON, 400 when the body is empty, not JSON, or not
    an object.
    """
    if not is_json(content_type):
        raise RequestProblem(415, "Expects Content-Type to be application/json")
    if not body:
        raise RequestProblem(400, "POST body is empty. Expecting a JSON dictionary.")
    value = parse(body)
    if not isinstance(value, dict):
        raise RequestProblem(400, "POST body should be a JSON dictionary.")
    return value


def is_json(content_type: str) -> bool:
    """Whether a Content-Type says JSON: ``application/json`` or ``application/…+json``."""
    if content_type == "application/json":
        return True
    mimetype = content_type.partition(";")[0].strip().lower()
    return mimetype == "application/json" or (mimetype.startswith("application/") and mimetype.endswith("+json"))
