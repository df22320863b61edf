"""A request's trace in HTTP's words: attributes by OpenTelemetry's semantic conventions for HTTP servers."""

from __future__ import annotations

import time

from scoredock.observe.tracing.request_trace import RequestTrace, Tracing, Value
from scoredock.web.ids import MAX_LENGTH
from scoredock.web.incoming import Incoming

ROUTE = "/score"
_METHODS = ("GET", "POST", "OPTIONS", "HEAD", "PUT", "DELETE", "PATCH", "CONNECT", "TRACE")


def begin(tracing: Tracing, incoming: Incoming) -> RequestTrace:
    """The trace of a request for scoring whose ids are known; it began when its headers were complete."""
    started_ns = time.time_ns() - int((time.perf_counter() - incoming.started) * 1e9) if incoming.started else 0
    method = incoming.method if incoming.method in _METHODS else "_OTHER"
    name = f"{method} {ROUTE}" if method != "_OTHER" else f"HTTP {ROUTE}"
    trace = tracing.request(name, incoming.by_name, started_ns)
    trace.request_id = incoming.ids.request_id
    client_id = incoming.by_name.get(b"x-ms-client-request-id") or incoming.by_name.get(b"x-ms-request-id")
    if client_id:
        trace.client_id = client_id[:MAX_LENGTH].decode("latin-1").strip()
    if not trace.is_recording:
        return trace
    if tracing.wants_payloads:
        trace.payload = incoming.query if incoming.method == "GET" else incoming.body
    trace.span.set_attributes(_attributes(incoming, method, trace.client_id))
    return trace


def _attributes(incoming: Incoming, method: str, client_id: str) -> dict[str, Value]:
    found: dict[str, Value] = {
        "http.request.method": method,
        "http.route": ROUTE,
        "url.path": incoming.path,
        "network.protocol.version": incoming.http_version,
        "http.request.body.size": len(incoming.body),
        "scoredock.request_id": incoming.ids.request_id,
    }
    if client_id:
        found["scoredock.client_request_id"] = client_id
    client = incoming.client
    if client is not None:
        found["url.scheme"] = client.scheme
        if client.address is not None:
            found["client.address"] = client.address[0]
    host = incoming.by_name.get(b"host", b"").decode("latin-1")
    address, port = _split(host) if host else ((client and client.server) or ("", 0))
    if address:
        found["server.address"] = address
    if port:
        found["server.port"] = port
    agent = incoming.by_name.get(b"user-agent")
    if agent is not None:
        found["user_agent.original"] = agent.decode("latin-1")[:256]
    return found


def _split(host: str) -> tuple[str, int]:
    """Name and port of a Host header; port 0 where it has none."""
    name, colon, port = host.rpartition(":")
    return (name, int(port)) if colon and port.isascii() and port.isdecimal() and len(port) < 6 else (host, 0)
