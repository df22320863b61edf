"""What is replayed against both servers: scripts, and per script requests; and what came back."""

from __future__ import annotations

import http.client
import json
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .differences import Difference

JSON = "application/json"
HOST = "scoring.example"  # sent by every request, so that scripts see the same headers on both servers
TIMEOUT_S = 30


@dataclass(frozen=True)
class Exchange:
    """One request, sent as it stands here, and the differences between its answers that are wanted.

    A body that is a tuple goes out in chunks, without a Content-Length.
    """

    name: str
    method: str = "POST"
    path: str = "/score"
    body: bytes | tuple[bytes, ...] | None = None
    headers: tuple[tuple[str, str], ...] = ()
    wanted: tuple[Difference, ...] = ()
    version: str = "HTTP/1.1"


@dataclass(frozen=True)
class Reply:
    """An answer. Header names are in lower case, in the order in which they came."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True)
class Script:
    """An entry script with what lies around it.

    ``files`` are further files below the folder in which the server is started, ``environment`` and
    ``arguments`` go to the server as they are. ``entry`` names the entry script's file.
    """

    name: str
    text: str
    exchanges: tuple[Exchange, ...]
    entry: str = "score.py"
    files: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] | None = None

    def write(self, folder: Path) -> None:
        """Put the script and its files into ``folder``."""
        for name, text in {self.entry: self.text, **self.files}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))


def post(
    name: str,
    body: Any = b"",
    *wanted: Difference,
    type_: str | None = JSON,
    path: str = "/score",
    headers: Iterable[tuple[str, str]] = (),
) -> Exchange:
    """A POST. A body that is neither bytes nor str nor a tuple of chunks is sent as JSON."""
    if isinstance(body, str):
        body = body.encode()
    elif not isinstance(body, (bytes, tuple)):
        body = json.dumps(body).encode()
    typed = (("Content-Type", type_),) if type_ is not None else ()
    return Exchange(name, "POST", path, body, (*typed, *headers), wanted)


def get(name: str, path: str, *wanted: Difference, headers: Iterable[tuple[str, str]] = ()) -> Exchange:
    """A GET."""
    return Exchange(name, "GET", path, None, tuple(headers), wanted)


def ask(name: str, method: str, path: str, *wanted: Difference, headers: Iterable[tuple[str, str]] = ()) -> Exchange:
    """A request of any method, without a body."""
    return Exchange(name, method, path, None, tuple(headers), wanted)


def documents(*wanted: Difference) -> tuple[Exchange, ...]:
    """Ask for the swagger document of every version."""
    return tuple(
        get(
            f"swagger_{version or 'default'}",
            f"/swagger.json?version={version}" if version else "/swagger.json",
            *wanted,
        )
        for version in ("", "2", "3", "3.1")
    )


class _Connection(http.client.HTTPConnection):
    """A connection that sends paths as they are, whatever is in them."""

    def _encode_request(self, request: str) -> bytes:
        return request.encode("latin-1")

    def _validate_path(self, url: str) -> None:
        pass


def send(port: int, exchange: Exchange) -> Reply:
    """Send a request to a server on this machine, on a connection of its own."""
    connection = _Connection("127.0.0.1", port, timeout=TIMEOUT_S)
    connection._http_vsn_str = exchange.version  # type: ignore[attr-defined]
    try:
        connection.putrequest(exchange.method, exchange.path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", HOST)
        for name, value in exchange.headers:
            connection.putheader(name, value)
        _send_body(connection, exchange.body)
        response = connection.getresponse()
        headers = tuple((name.lower(), value) for name, value in response.getheaders())
        return Reply(response.status, headers, response.read())
    finally:
        connection.close()


def _send_body(connection: http.client.HTTPConnection, body: bytes | tuple[bytes, ...] | None) -> None:
    if isinstance(body, tuple):
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders(iter(body), encode_chunked=True)
        return
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body or None)
