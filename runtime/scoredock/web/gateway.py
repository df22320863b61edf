"""The ASGI application: ids, limits, routes; scoring goes through the engine, everything else is answered here.

Nothing here waits for scoring but the scoring requests themselves.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from scoredock import __version__
from scoredock.engine import Engine
from scoredock.errors import Abandoned, RequestProblem, ScoredockError
from scoredock.observe.request_log import Entry, RequestLog
from scoredock.schema import Documents
from scoredock.schema.swagger import DEFAULT_VERSION
from scoredock.settings import Settings
from scoredock.signature import Kind
from scoredock.web.answers import (
    HTML_HEADER,
    SERVER_FAILED,
    SUCCEEDED,
    Answer,
    Header,
    json_answer,
    message_answer,
    problem_answer,
    status_answer,
)
from scoredock.web.cors import Cors
from scoredock.web.ids import IdReader, Ids
from scoredock.web.incoming import Incoming
from scoredock.web.streaming import StreamAborted, StreamedBody

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

PAGES = ("/", "/swagger.json", "/livez", "/readyz")
ROUTES = ("/score", *PAGES)
LOGGED = ("/score", "/swagger.json")
MIB = 1024 * 1024

logger = logging.getLogger("scoredock.web")


class Gateway:
    """Answers requests once ``open`` was called with the script's kind and documents.

    ``not_ready`` says why the service cannot score now; None when it can.
    """

    def __init__(
        self, engine: Engine[Incoming, Answer], settings: Settings, not_ready: Callable[[], str | None]
    ) -> None:
        self._engine = engine
        self._not_ready = not_ready
        self._max_body = settings.max_body_mb * MIB
        self._ids = IdReader()
        self._log = RequestLog()
        self._cors = Cors(settings.cors_origins) if settings.cors_origins else None
        self._common: list[Header] = []
        if settings.server_version_header:
            self._common.append((b"x-ms-server-version", f"scoredock/{__version__}".encode()))
        self._kind: Kind | None = None
        self._documents = Documents({})

    def open(self, kind: Kind, documents: Documents) -> None:
        """The script is ready: this is its kind, these are its swagger documents."""
        self._kind = kind
        self._documents = documents

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry point, for scopes of type http."""
        started = time.perf_counter()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if len(headers) != len(scope["headers"]):
            headers = _joined(scope["headers"])
        ids = self._ids.read(headers)
        path: str = scope["path"]
        if path.startswith("//"):  # a base URL that ends in a slash, and /score
            path = "/" + path.lstrip("/")
        try:
            if ids.refusal:
                raise RequestProblem(431, ids.refusal)
            if path == "/score":
                answer = await self._score(scope, headers, receive, ids)
            else:
                answer = self._page(scope["method"], path, scope["query_string"])
        except Abandoned:
            self._note(scope, ids, 499, started, "-")
            return
        except ScoredockError as error:
            answer = problem_answer(error)
        except Exception:
            logger.exception("the server failed while it answered %s %s", scope["method"], path)
            answer = message_answer(500, SERVER_FAILED)
        length = await self._send(scope["method"], headers, answer, ids, receive, send)
        if path in LOGGED:
            self._note(scope, ids, answer.status, started, length)

    def _note(self, scope: Scope, ids: Ids, status: int, started: float, length: str) -> None:
        query = scope["query_string"]
        target = f"{scope['path']}?{query.decode('latin-1')}" if query else scope["path"]
        elapsed_ms = (time.perf_counter() - started) * 1000
        self._log.add(Entry(time.time(), ids.request_id, scope["method"], target, status, elapsed_ms, length))

    async def _score(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, ids: Ids) -> Answer:
        method: str = scope["method"]
        if method not in ("GET", "POST", "OPTIONS", "HEAD"):
            return _method_refused(b"GET, HEAD, OPTIONS, POST" if self._kind is Kind.RAW else b"GET, OPTIONS, POST")
        if self._kind is not Kind.RAW:
            if method == "OPTIONS":
                return Answer(200, [HTML_HEADER, SUCCEEDED])
            if method == "HEAD":
                return _method_refused(b"GET, OPTIONS, POST")
        body = await self._read_body(headers, receive)
        job = self._engine.submit(Incoming(scope, headers, body, ids.request_id))
        watch: asyncio.Task[None] | None = None

        def watch_client() -> None:
            nonlocal watch
            watch = asyncio.ensure_future(_until_left(receive, lambda: self._engine.abandon(job)))

        job.on_wait = watch_client
        try:
            return await job.future
        except asyncio.CancelledError:
            self._engine.abandon(job)
            raise
        finally:
            job.on_wait = None  # it refers to the job: a circle would keep body and answer until a collection
            if watch is not None:
                watch.cancel()

    async def _read_body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        """The whole body. Raises RequestProblem (413) as soon as it is known to be too large."""
        declared = headers.get(b"content-length")
        if declared is not None and declared.isdigit() and int(declared) > self._max_body:
            raise self._too_large(f"{int(declared)} bytes")
        message = await receive()
        body: bytes = message.get("body", b"")
        if message.get("more_body"):
            pieces, size = [body], len(body)
            while message.get("more_body"):
                message = await receive()
                piece = message.get("body", b"")
                size += len(piece)
                if size > self._max_body:
                    raise self._too_large(f"more than {self._max_body} bytes")
                pieces.append(piece)
            body = b"".join(pieces)
        if message["type"] == "http.disconnect":
            raise Abandoned("the client left while it sent the body")
        if len(body) > self._max_body:
            raise self._too_large(f"{len(body)} bytes")
        return body

    def _too_large(self, got: str) -> RequestProblem:
        return RequestProblem(
            413,
            f"The body has {got}; at most {self._max_body // MIB} MiB are accepted. The setting is "
            "SCOREDOCK_MAX_BODY_MB.",
        )

    def _page(self, method: str, path: str, query: bytes) -> Answer:
        if path not in PAGES:
            return message_answer(404, f"There is no {path} here. Routes: {', '.join(ROUTES)}")
        if method == "OPTIONS":
            return Answer(200, [HTML_HEADER, (b"allow", b"GET, HEAD, OPTIONS")])
        if method not in ("GET", "HEAD"):
            return _method_refused(b"GET, HEAD, OPTIONS")
        if path == "/":
            return Answer(200, [HTML_HEADER], b"Healthy")
        if path == "/livez":
            return status_answer(200, {"status": "alive"})
        if path == "/readyz":
            reason = self._not_ready()
            if reason is None:
                return status_answer(200, {"status": "ready", "phase": "ready"})
            return status_answer(503, {"message": f"Not ready: {reason}", "phase": reason})
        version = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("version", [DEFAULT_VERSION])[0]
        document = self._documents.find(version)
        if document is None:
            return message_answer(404, self._documents.missing(version))
        return json_answer(document)

    async def _send(
        self,
        method: str,
        request_headers: dict[bytes, bytes],
        answer: Answer,
        ids: Ids,
        receive: Receive,
        send: Send,
    ) -> str:
        """Send an answer; returns its length for the log."""
        headers = [*answer.headers, *self._common, *ids.headers]
        if self._cors is not None:
            headers += self._cors.headers(method, request_headers)
        stream = answer.follow_up
        if isinstance(stream, StreamedBody):
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            return await _send_stream(stream, receive, send)
        if answer.status not in (204, 304) and not (method == "HEAD" and _has_length(headers)):
            headers.append((b"content-length", b"%d" % len(answer.body)))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})
        return str(len(answer.body))


async def _send_stream(stream: StreamedBody, receive: Receive, send: Send) -> str:
    watch = asyncio.ensure_future(_until_left(receive, stream.close))
    try:
        async for chunk in stream.read():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    except StreamAborted:
        pass  # ending without the last message makes the HTTP server close the connection
    finally:
        watch.cancel()
        stream.close()
    return "N/A"


async def _until_left(receive: Receive, then: Callable[[], None]) -> None:
    """Wait until the client has left, and call ``then``."""
    while (await receive())["type"] != "http.disconnect":
        pass
    then()


def _joined(pairs: list[Header]) -> dict[bytes, bytes]:
    """Headers by name, repeated ones joined by commas."""
    joined: dict[bytes, bytes] = {}
    for name, value in pairs:
        joined[name] = joined[name] + b"," + value if name in joined else value
    return joined


def _has_length(headers: list[Header]) -> bool:
    return any(name == b"content-length" for name, _ in headers)


def _method_refused(allow: bytes) -> Answer:
    return message_answer(405, "Method not allowed", (b"allow", allow))
