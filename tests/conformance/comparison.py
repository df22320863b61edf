"""Two answers to one request, facet by facet: the status, each header, the body."""

from __future__ import annotations

import json
import re
from typing import Any

from .exchange import Exchange, Reply

# Headers that belong to the connection or to the moment, not to the answer.
IGNORED = {"connection", "keep-alive", "transfer-encoding", "server", "date"}

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_MILLISECONDS = re.compile(r"\d+\.\d{3}")
_SERVER_VERSION = re.compile(r"[a-z]+/\d+\.\d+\.\d+")

Facets = dict[str, Any]


def facets(reply: Reply, exchange: Exchange) -> Facets:
    """What is compared of an answer. A value that no two requests share is replaced by its shape."""
    found: Facets = {"status": reply.status}
    headers: dict[str, Any] = {}
    for name, value in reply.headers:
        headers.setdefault(name, []).append(value)
    sent = {value for _, value in exchange.headers}
    request_id = headers.get("x-request-id", [None])[0]
    is_json = headers.get("content-type") == ["application/json"]
    for name, values in headers.items():
        if name in IGNORED or (name == "content-length" and is_json):
            continue
        shown = [_shape(name, value, value in sent, value == request_id) for value in values]
        found[name] = shown[0] if len(shown) == 1 else shown
    found["body"] = _json(reply.body) if is_json and exchange.method != "HEAD" else reply.body
    return found


def differing(reference: Facets, scoredock: Facets) -> dict[str, tuple[Any, Any]]:
    """The facets that differ, each with both values; None stands for a header that is not there."""
    names = [*reference, *(name for name in scoredock if name not in reference)]
    pairs = {name: (reference.get(name), scoredock.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if not _same(*pair)}


def narrowed(theirs: Any, ours: Any) -> str:
    """Two values in words; of two objects only what differs."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        pairs = {key: (theirs.get(key), ours.get(key)) for key in theirs | ours}
        return "; ".join(f"{key}: {narrowed(*pair)}" for key, pair in pairs.items() if not _same(*pair))
    return f"reference {theirs!r}, scoredock {ours!r}"


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and repr(one) == repr(other)  # tells 1 from 1.0 and NaN from null


def _shape(name: str, value: str, sent: bool, is_request_id: bool) -> str:
    if name in ("x-request-id", "x-ms-request-id") and not sent and _UUID.fullmatch(value):
        return "<a new UUID>" if name == "x-request-id" or not is_request_id else "<the request id>"
    if name == "x-ms-run-fn-exec-ms" and _MILLISECONDS.fullmatch(value):
        return "<milliseconds>"
    if name == "x-ms-server-version" and _SERVER_VERSION.fullmatch(value):
        return "<server>/<version>"
    if name == "allow":
        return ", ".join(sorted(value.split(", ")))  # Flask writes a set
    return value


def _json(body: bytes) -> Any:
    """The JSON of a body with every key, twice where it comes twice; the bytes where it is no JSON."""
    try:
        return json.loads(body, object_pairs_hook=lambda pairs: dict(pairs) if _unique(pairs) else pairs)
    except ValueError:
        return body


def _unique(pairs: list[tuple[str, Any]]) -> bool:
    return len({key for key, _ in pairs}) == len(pairs)
