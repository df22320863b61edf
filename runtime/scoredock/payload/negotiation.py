"""The formats of an answer, and which one a client wants: its ``Accept`` header (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scoredock.errors import RequestProblem, Unwritable
from scoredock.payload.arrow import write_arrow
from scoredock.payload.arrow_stream import ARROW
from scoredock.payload.json_results import encode
from scoredock.payload.npy import NPY, write_npy

JSON = "application/json"
WRITERS: dict[str, Callable[[Any], bytes]] = {
    JSON: encode,
    NPY: write_npy,
    ARROW: write_arrow,
}


def asks_for_binary(accept: bytes) -> bool:
    """Whether an Accept header names another format than JSON at all. Cheap: most do not."""
    return b"x-npy" in accept or b"arrow.stream" in accept


def write(result: Any, accept: str) -> tuple[str, bytes]:
    """A result's media type and bytes, in the format that the client likes best of those that can carry it.

    Raises RequestProblem (406) when none can, EncodingError like ``encode``.
    """
    reasons = []
    for media_type in _wanted(accept):
        try:
            return media_type, WRITERS[media_type](result)
        except Unwritable as reason:
            reasons.append(f"{media_type}: {reason}")
    raise RequestProblem(406, f"The result cannot be sent as {'; '.join(reasons)}. Accept application/json.")


def _wanted(accept: str) -> list[str]:
    """Our media types that a header allows, the most wanted first; of equals, those that it names.

    JSON where it allows none: the client has ruled out what it would not read, and gets what it gets without a header.
    """
    found: dict[str, tuple[float, int]] = {}
    for text in accept.split(","):
        name, *parameters = (part.strip().lower() for part in text.split(";"))
        quality = _quality(parameters)
        for media_type in WRITERS:
            specific = 2 if name == media_type else 1 if name == "application/*" else 0 if name == "*/*" else -1
            if specific > found.get(media_type, (0.0, -1))[1]:
                found[media_type] = (quality, specific)
    allowed = [media_type for media_type, (quality, _) in found.items() if quality > 0]
    return sorted(allowed, key=lambda media_type: found[media_type], reverse=True) or [JSON]


def _quality(parameters: list[str]) -> float:
    text = next((part[2:] for part in parameters if part.startswith("q=")), "1")
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 1.0
