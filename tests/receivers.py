"""What telemetry is sent to in tests: real HTTP servers that decode what comes, or that never answer."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from servers import wait_until


class Receiver:
    """Takes POST requests; ``bodies`` are path, headers and unpacked body of each. ``status`` is what it answers."""

    def __init__(self, answer: bytes = b"", content_type: str = "application/x-protobuf") -> None:
        self.bodies: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                receiver.bodies.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(receiver.status)
                self.send_header("content-type", content_type)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class OtlpReceiver(Receiver):
    """An OTLP receiver for traces."""

    @property
    def spans(self) -> list[Any]:
        """All spans so far, as protobuf messages."""
        return [span for _, scope in self._scopes() for span in scope.spans]

    @property
    def resource(self) -> dict[str, Any]:
        """The attributes of the resource."""
        return attributes(next(self._scopes())[0])

    def trace_of(self, request_id: str) -> dict[str, Any]:
        """The spans of one request by name, once its server span is there; the names must be different."""

        def find() -> Any:
            spans = self.spans
            return [one for one in spans if attributes(one).get("scoredock.request_id") == request_id]

        (server,) = wait_until(find, what=f"the span of {request_id}")
        trace = [one for one in self.spans if one.trace_id == server.trace_id]
        names = [one.name for one in trace]
        assert len(set(names)) == len(names), names
        return {one.name: one for one in trace}

    def _scopes(self) -> Iterator[Any]:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        for path, _, body in self.bodies:
            assert path == "/v1/traces"
            for resource_spans in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource_spans.scope_spans:
                    yield resource_spans.resource, scope


class IngestionReceiver(Receiver):
    """Speaks Application Insights' ingestion protocol: telemetry items as JSON, one list or one a line."""

    KEY = "11111111-2222-4333-8444-555555555555"

    def __init__(self) -> None:
        super().__init__(
            json.dumps({"itemsReceived": 1, "itemsAccepted": 1, "errors": []}).encode(), "application/json"
        )

    @property
    def connection_string(self) -> str:
        return f"InstrumentationKey={self.KEY};IngestionEndpoint={self.url}/"

    def items(self, kind: str = "") -> list[dict[str, Any]]:
        """All items so far of one kind (``RequestData``, ``MessageData``, ``ExceptionData``), or all."""
        found: list[dict[str, Any]] = []
        for path, _, body in self.bodies:
            assert path.startswith("/v2"), path
            text = body.decode()
            found += json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
        return [one for one in found if not kind or one["data"]["baseType"] == kind]


def attributes(thing: Any) -> dict[str, Any]:
    """The attributes of a protobuf message, as Python's values."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in thing.attributes}


def milliseconds(span: Any) -> float:
    """How long a span took."""
    return (span.end_time_unix_nano - span.start_time_unix_nano) / 1e6


@contextmanager
def black_hole() -> Iterator[str]:
    """The URL of a server that accepts connections, reads nothing and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
