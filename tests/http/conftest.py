"""Builders of the HTTP tests: scripts of each kind, the log's lines, exchanges byte by byte."""

from __future__ import annotations

import http.client
import io
import logging
import socket
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest
from blockbuster import BlockBuster

from scoredock.observe.logs import LineFormatter
from servers import InProcess, wait_until

SCHEMA_HEAD = """
import numpy as np
from inference_schema.schema_decorators import input_schema, output_schema
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
"""
RAW_HEAD = """
import flask
from azureml.contrib.services.aml_request import rawhttp
from azureml.contrib.services.aml_response import AMLResponse
"""

Start = Callable[..., InProcess]


@pytest.fixture(autouse=True)
def _nothing_blocks_the_event_loop() -> Iterator[None]:
    """Code of ours that waits on the event loop, for a file, a lock, a socket or the clock, raises BlockingError."""
    guard = BlockBuster("scoredock")
    for call in ("io.BufferedReader.read", "os.stat"):  # the page's own small files, at its first visit
        guard.functions[call].can_block_in("web/docs.py", "_file")
    guard.functions["threading.Lock.acquire"].can_block_in("coverage/collector.py", "lock_data")  # make coverage
    guard.activate()
    try:
        yield
    finally:
        guard.deactivate()


@pytest.fixture
def text_script(in_process: Start) -> Start:
    """Start an undecorated script: the body of ``run(data)``."""
    return lambda body="return data", head="", **options: in_process(_script(head, "data", body), **options)


@pytest.fixture
def schema_script(in_process: Start) -> Start:
    """Start a script with decorators; ``data`` is an array of two columns unless said otherwise."""

    def start(
        body: str = "return data.sum(axis=1)",
        parameters: str = "data",
        decorators: str = "@input_schema('data', NumpyParameterType(np.zeros((1, 2))))",
        **options: Any,
    ) -> InProcess:
        return in_process(_script(SCHEMA_HEAD, parameters, body, decorators), **options)

    return start


@pytest.fixture
def raw_script(in_process: Start) -> Start:
    """Start a raw script: the body of ``run(request)``."""
    return lambda body, head="", **options: in_process(_script(RAW_HEAD + head, "request", body, "@rawhttp"), **options)


def _script(head: str, parameters: str, body: str, decorators: str = "") -> str:
    lines = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    return f"{textwrap.dedent(head)}\ndef init(): pass\n{decorators}\ndef run({parameters}):\n{lines}\n"


@pytest.fixture
def log_lines() -> Iterator[Callable[[], list[str]]]:
    """What is logged, as lines; call it for those so far."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lambda: stream.getvalue().splitlines()
    root.removeHandler(handler)


@dataclass
class Reply:
    """What came back. ``complete`` says whether all of the body came that was announced."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    complete: bool = False

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value.decode("latin-1") for key, value in self.headers if key == name.encode()]


@pytest.fixture(scope="session")
def exchange() -> Callable[..., Reply]:
    """One exchange in HTTP's own words, for what no HTTP client would send.

    The body comes in ``chunks``: of a declared length, or with ``chunked`` in a chunk each, as when no
    Content-Length is among ``headers`` and there are several. With ``leaves`` the client is gone after it.
    ``arrived`` collects the pieces of the answer as they come.
    """

    def send_and_collect(
        service: InProcess,
        method: str = "POST",
        path: str = "/score",
        headers: Sequence[tuple[bytes, bytes]] = (),
        chunks: Sequence[bytes] = (b"",),
        query: bytes = b"",
        leaves: bool = False,
        arrived: list[bytes] | None = None,
    ) -> Reply:
        target = quote(path, safe="/*").encode() + (b"?" + query if query else b"")
        lines = [method.encode() + b" " + target + b" HTTP/1.1", *(b": ".join(header) for header in headers)]
        if b"host" not in dict(headers):
            lines.insert(1, b"host: a")
        if b"content-length" not in dict(headers):
            if len(chunks) > 1:
                lines.append(b"transfer-encoding: chunked")
                chunks = [*(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks if chunk), b"0\r\n\r\n"]
            else:
                declared = len(chunks[0]) if chunks else 10
                lines.append(b"content-length: %d" % declared)
        before = len(service.connections)
        with socket.create_connection(("127.0.0.1", service.port), timeout=30) as client:
            client.sendall(b"\r\n".join([*lines, b"", b""]))
            for chunk in chunks:
                client.sendall(chunk)
            if not leaves:
                return _read(client, method, arrived)
            wait_until(lambda: len(service.connections) > before)
        wait_until(lambda: len(service.connections) == before)
        return Reply()

    return send_and_collect


def _read(client: socket.socket, method: str, arrived: list[bytes] | None) -> Reply:
    response = http.client.HTTPResponse(client, method=method)
    response.begin()
    reply = Reply(response.status, [(key.encode(), value.encode("latin-1")) for key, value in response.getheaders()])
    try:
        while piece := response.read1():
            reply.body += piece
            if arrived is not None:
                arrived.append(piece)
        reply.complete = True
    except (http.client.IncompleteRead, ConnectionError):
        pass
    return reply


class Wire:
    """A client's end of a connection, byte by byte."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._file = self.socket.makefile("rb")

    def send(self, *lines: str, body: bytes = b"") -> None:
        """A request's lines, with a Host where HTTP/1.1 wants one, the empty one after them, and a body."""
        if lines[0].endswith(" HTTP/1.1") and not any(line.lower().startswith("host:") for line in lines):
            lines = (lines[0], "Host: a", *lines[1:])
        self.socket.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1") + body)

    def post(self, body: bytes, *headers: str) -> None:
        """A POST to /score."""
        self.send("POST /score HTTP/1.1", f"Content-Length: {len(body)}", *headers, body=body)

    def head(self) -> tuple[str, dict[str, str]]:
        """The next answer's status line, without the protocol's name, and headers."""
        line = self._file.readline().decode()
        headers = http.client.parse_headers(self._file)
        return line.partition(" ")[2].strip(), {name.lower(): value for name, value in headers.items()}

    def answer(self) -> tuple[str, bytes]:
        """The next answer's status line and body, of a declared length."""
        status, headers = self.head()
        return status, self._file.read(int(headers.get("content-length", "0")))

    def rest(self) -> bytes:
        """All that comes until the server closes."""
        return self._file.read()

    def is_closed(self) -> bool:
        """Whether the server has closed, without anything before."""
        return self.rest() == b""


@pytest.fixture
def wire() -> Iterator[Callable[[InProcess], Wire]]:
    """Connect to a service."""
    made: list[Wire] = []

    def connect(service: InProcess) -> Wire:
        made.append(Wire(service.port))
        return made[-1]

    yield connect
    for one in made:
        one._file.close()
        one.socket.close()
