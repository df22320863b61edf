"""Builders of the HTTP tests: scripts of each kind, the log's lines, exchanges in ASGI's own messages."""

from __future__ import annotations

import asyncio
import io
import logging
import textwrap
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from scoredock.observe.logs import LineFormatter
from servers import InProcess

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


@pytest.fixture
def background() -> Iterator[Callable[..., Future[Any]]]:
    """Call something in another thread: ``background(service.post, content="x")``."""
    with ThreadPoolExecutor(8) as pool:
        yield pool.submit


@dataclass
class Reply:
    """What an ASGI application sent."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    complete: bool = False

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value.decode("latin-1") for key, value in self.headers if key == name.encode()]


@pytest.fixture(scope="session")
def exchange() -> Callable[..., Reply]:
    """One exchange in ASGI's messages, for what no HTTP client would send.

    The body comes in ``chunks``; with ``leaves`` the client is gone after it. ``arrived`` collects the pieces of
    the answer as they come.
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
        reply = Reply()
        messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": chunk, "more_body": index + 1 < len(chunks)}
            for index, chunk in enumerate(chunks)
        ]
        if leaves:
            messages.append({"type": "http.disconnect"})
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode("utf-8", "surrogateescape"),
            "root_path": "",
            "query_string": query,
            "headers": list(headers),
            "client": ("127.0.0.1", 40000),
            "server": ("127.0.0.1", 5001),
        }

        async def receive() -> dict[str, Any]:
            if messages:
                return messages.pop(0)
            return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                reply.status, reply.headers = message["status"], message["headers"]
            else:
                piece = message.get("body", b"")
                reply.body += piece
                if arrived is not None:
                    arrived.append(piece)
                reply.complete = not message.get("more_body")

        service._call(service.service.gateway(scope, receive, send))
        return reply

    return send_and_collect
