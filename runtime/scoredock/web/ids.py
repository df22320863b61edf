"""The ids of a request: taken from its headers, made where absent, and sent back."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping

from scoredock.texts import printable
from scoredock.web.answers import Header

MAX_LENGTH = 100
ECHOED = (b"traceid", b"trace-id")
_READ = frozenset((b"x-request-id", b"x-ms-request-id", b"x-ms-client-request-id", *ECHOED))
_COUNTED = 48  # bits at the end of an id

logger = logging.getLogger("scoredock.web")


class Ids:
    """``request_id`` of this request, ``headers`` to send back, and why its ids are refused (empty: they are not).

    The id's white space, brackets, and what cannot be printed are escaped: it goes into lines of the log, which say
    ``[id]``, and wherever else requests are told from one another. The headers go back as they came.
    """

    __slots__ = ("headers", "refusal", "request_id")

    def __init__(self, request_id: str, headers: list[Header]) -> None:
        self.request_id = request_id
        self.headers = headers
        self.refusal = ""


NO_IDS = Ids("", [])


class IdReader:
    """Reads the ids of requests, and makes those that are absent; warns once about the legacy header.

    One a process: new ids are a random UUID's first half and a number that goes up.
    """

    def __init__(self) -> None:
        self._warned = False
        first = uuid.uuid4()
        self._prefix = str(first)[:24]
        self._number = first.int % (1 << _COUNTED)

    def read(self, headers: Mapping[bytes, bytes]) -> Ids:
        """The ids in ``headers`` (names in lower case).

        ``x-ms-request-id`` is the client id's legacy name: it goes back as it was sent, else as the client
        id, else as the request id.
        """
        if _READ.isdisjoint(headers):
            made = self.new()
            value = made.encode()
            return Ids(made, [(b"x-request-id", value), (b"x-ms-request-id", value)])
        request_id = headers.get(b"x-request-id", b"").strip() or self.new().encode()
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
        ids = Ids(printable(request_id.decode("latin-1"), " []"), sent)
        if len(request_id) > MAX_LENGTH or len(legacy) > MAX_LENGTH or len(client) > MAX_LENGTH:
            _refuse(ids)
        return ids

    def new(self) -> str:
        """A UUID of version 4, as text, that no other process has made."""
        self._number = (self._number + 1) % (1 << _COUNTED)
        return f"{self._prefix}{self._number:012x}"

    def _warn(self) -> None:
        if not self._warned:
            self._warned = True
            logger.warning("The header x-ms-request-id is deprecated; send x-ms-client-request-id instead.")


def _refuse(ids: Ids) -> None:
    """Say which id is too long, and do not send that one back."""
    if len(dict(ids.headers)[b"x-request-id"]) > MAX_LENGTH:
        ids.refusal = f"x-request-id must not exceed {MAX_LENGTH} characters"
        ids.request_id = ids.request_id[:MAX_LENGTH]
    else:
        ids.refusal = f"x-ms-request-id and x-ms-client-request-id must not exceed {MAX_LENGTH} characters"
    ids.headers = [(name, value) for name, value in ids.headers if name in ECHOED or len(value) <= MAX_LENGTH]
