"""The ids of a request: taken from its headers, made where absent, and sent back."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping

from scoredock.errors import RequestProblem
from scoredock.web.answers import Header

MAX_LENGTH = 100
ECHOED = (b"traceid", b"trace-id")

logger = logging.getLogger("scoredock.web")


class Ids:
    """``request_id`` of this request, and ``headers`` to send back with its answer."""

    __slots__ = ("headers", "request_id")

    def __init__(self, request_id: str, headers: list[Header]) -> None:
        self.request_id = request_id
        self.headers = headers


class IdReader:
    """Reads the ids of requests; warns once about the legacy header."""

    def __init__(self) -> None:
        self._warned = False

    def read(self, headers: Mapping[bytes, bytes]) -> Ids:
        """The ids in ``headers`` (names in lower case).

        ``x-ms-request-id`` is the client id's legacy name: it goes back as it was sent, else as the client
        id, else as the request id.
        """
        request_id = headers.get(b"x-request-id", b"").strip() or new_request_id()
        legacy = headers.get(b"x-ms-request-id", b"").strip()
        client = headers.get(b"x-ms-client-request-id", b"").strip()
        if legacy:
            self._warn()
            client = client or legacy
        sent = [(b"x-request-id", request_id), (b"x-ms-request-id", legacy or client or request_id)]
        if client:
            sent.append((b"x-ms-client-request-id", client))
        for name in ECHOED:
            if name in headers:
                sent.append((name, headers[name]))
        return Ids(request_id.decode("latin-1"), sent)

    def _warn(self) -> None:
        if not self._warned:
            self._warned = True
            logger.warning("The header x-ms-request-id is deprecated; send x-ms-client-request-id instead.")


def check_lengths(ids: Ids) -> None:
    """Raise RequestProblem (431) for an id of over 100 characters, and do not send that one back."""
    if all(len(value) <= MAX_LENGTH for name, value in ids.headers if name not in ECHOED):
        return
    too_long = ids.headers[0][1]
    if len(too_long) > MAX_LENGTH:
        message = f"x-request-id must not exceed {MAX_LENGTH} characters"
        ids.request_id = ids.request_id[:MAX_LENGTH]
    else:
        message = f"x-ms-request-id and x-ms-client-request-id must not exceed {MAX_LENGTH} characters"
    ids.headers = [(name, value) for name, value in ids.headers if len(value) <= MAX_LENGTH]
    raise RequestProblem(431, message)


def new_request_id() -> bytes:
    """A random UUID of version 4, as text."""
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}".encode("ascii")
