"""Bodies of requests and responses, as lines of the collections ``request`` and ``response``.

A body of JSON stands in its line as it came, text as text, anything else as base64 (CloudEvents' ``data_base64``). What
is larger than POINTER_BYTES is a file of its own beside, and the line names it.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from scoredock.collection.files import Item
from scoredock.collection.formats import Piece, json_line
from scoredock.collection.names import instance
from scoredock.collection.streams import EventStream

POINTER_BYTES = 4 * 1024 * 1024


class Payload(NamedTuple):
    """A body with what belongs to it. ``status`` is None for a request; ``body`` is None where it was streamed."""

    method: str
    path: str
    status: int | None
    headers: dict[str, str]
    content_type: str
    body: bytes | None


@dataclass(frozen=True)
class PayloadStream(EventStream):
    """Items hold a Payload."""

    def piece(self, item: Item) -> Piece:
        payload: Payload = item.data
        body = payload.body if payload.body is not None else b""
        event = self.event(item, None, payload.content_type, len(body))
        event |= {"path": payload.path, "method": payload.method}
        if payload.status is not None:
            event["statuscode"] = payload.status
        if payload.headers:
            event["headers"] = payload.headers
        beside = None
        if payload.body is None:
            event["streamed"] = "true"
        elif len(body) > POINTER_BYTES:
            name = f"{instance()}-{event['id']}.bin"
            place = self.place(item.when)
            event |= {"data": f"{place.target.url}/{place.folder}/{name}", "datainblob": "true"}
            beside = name, body
        else:
            _embed(event, body, payload.content_type)
        line = json_line(event)
        return Piece(None, line, len(line) + (len(body) if beside else 0), beside)


def _embed(event: dict[str, Any], body: bytes, content_type: str) -> None:
    """Put a body into its line."""
    if "json" in content_type and body:
        try:
            orjson.loads(body)
        except ValueError:
            pass
        else:  # line ends in JSON are white space: inside of strings they would be escaped
            event["data"] = orjson.Fragment(body.replace(b"\r", b" ").replace(b"\n", b" "))
            return
    try:
        event["data"] = body.decode()
    except UnicodeDecodeError:
        del event["data"]
        event["data_base64"] = base64.b64encode(body).decode()
