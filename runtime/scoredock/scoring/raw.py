"""The Flask request that a raw run() gets, inside a Flask request context."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from a2wsgi.wsgi import build_environ
from flask import Flask
from flask import Request as FlaskRequest
from flask.globals import request_ctx
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.wrappers import Response

from scoredock.errors import NotReady, RequestProblem
from scoredock.payload import encode
from scoredock.payload.json_body import LARGE, parse
from scoredock.payload.json_weight import weight
from scoredock.payload.room import Room
from scoredock.settings.proxies import Network, address_in, networks
from scoredock.web.incoming import Incoming

MAX_FIELD = 500_000  # bytes that are read of the fields of a multipart form
MAX_FIELDS = 100_000  # of a form that is not multipart; Werkzeug has limits for those that are, and none for these

_TLS_HEADERS = {b"x-forwarded-proto": b"https", b"x-forwarded-protocol": b"ssl", b"x-forwarded-ssl": b"on"}
_LOOPBACK = networks("127.0.0.1, ::1")  # whom gunicorn trusts where FORWARDED_ALLOW_IPS is not set


class _FormParser(FormDataParser):
    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> Any:
        """Parse a form. Raises RequestEntityTooLarge (413) for one whose fields would take many times its memory."""
        if mimetype == "application/x-www-form-urlencoded":
            text = stream.read()
            if text.count(b"&") >= MAX_FIELDS:
                raise RequestEntityTooLarge(f"The form has more than {MAX_FIELDS} fields.")
            stream = io.BytesIO(text)
        return super().parse(stream, mimetype, content_length, options)


class _NoRoom(HTTPException):
    code = 503


class Request(FlaskRequest):  # scripts may look at its name
    """A request whose large JSON body is parsed in pieces, and takes its part of the room for values."""

    room: Room
    incoming: Incoming
    max_form_memory_size = MAX_FIELD  # Werkzeug's own since 3.1; before, a field could be of any size

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """As Flask's. Raises 413 for what takes too much memory, 503 where others have the room."""
        if len(self.incoming.body) < self.room.small or self.incoming.taken is not None:
            return super().get_json(force, silent, cache)
        try:
            self.incoming.taken = self.room.take(weight(self.incoming.body))
        except RequestProblem as problem:
            raise RequestEntityTooLarge(str(problem)) from None
        except NotReady as problem:
            raise _NoRoom(str(problem)) from None
        return super().get_json(force, silent, cache)

    def on_json_loading_failed(self, e: ValueError | None) -> Any:
        """Refuse a body that is no JSON; without ``e`` it is of another type, and Flask has the words."""
        if e is None:
            return super().on_json_loading_failed(e)
        raise BadRequest(str(_told(self.incoming.body)))


class _Json(DefaultJSONProvider):
    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """The value of a JSON text, in pieces where it is large. Raises ValueError."""
        if len(s) < LARGE or not isinstance(s, bytes) or kwargs:
            return super().loads(s, **kwargs)
        try:
            return parse(s)
        except RequestProblem as problem:
            raise ValueError(str(problem)) from None


def _told(body: bytes) -> RequestProblem:
    """What is wrong with a body that is no JSON, and where."""
    try:
        parse(body)
    except RequestProblem as problem:
        return problem
    return RequestProblem(400, "POST body could not be decoded as JSON.")


class RawRequests:
    """Turns requests into Flask's; ``room`` is for the values of JSON bodies.

    ``proxies`` are trusted to say whether a client came over TLS; where there are none, loopback addresses are.
    """

    def __init__(self, room: Room, proxies: Sequence[Network] = ()) -> None:
        self._app = Flask("scoredock", static_folder=None)
        self._app.json = _Json(self._app)
        self._app.request_class = Request
        self._room = room
        self._trusted = proxies or _LOOPBACK
        self._app.add_url_rule("/score", "main.handle_score", methods=["GET", "POST", "OPTIONS"])

    @contextmanager
    def enter(self, incoming: Incoming) -> Iterator[Request]:
        """The Flask request of ``incoming``; its context lasts as long as the with block."""
        scope: Any = _scope(incoming)
        body: Any = io.BytesIO(incoming.body)
        environ: dict[str, Any] = dict(build_environ(scope, body))
        environ["QUERY_STRING"] = incoming.query.decode("latin-1")
        if self._came_over_tls(incoming):
            environ["wsgi.url_scheme"] = "https"
        environ["wsgi.input_terminated"] = True  # the body has an end, also without a Content-Length
        with self._app.request_context(environ) as context:
            request: Any = context.request
            request.form_data_parser_class = _FormParser
            request.room, request.incoming = self._room, incoming
            yield request

    def _came_over_tls(self, incoming: Incoming) -> bool:
        """Whether a trusted proxy says so; the headers are those of gunicorn."""
        if not any(incoming.by_name.get(name, b"").strip() == value for name, value in _TLS_HEADERS.items()):
            return False
        peer = incoming.client.address if incoming.client is not None else None
        proxy = address_in(peer[0]) if peer is not None else None
        return proxy is not None and any(proxy in network for network in self._trusted)

    def is_plain(self, result: Any) -> bool:
        """Whether Flask has no part in the answer: a result as JSON, and nothing that was registered for the end."""
        if isinstance(result, Response):
            return False
        context: Any = request_ctx._get_current_object()  # type: ignore[attr-defined]
        after_this = getattr(context, "_after_request_functions", True)
        session = getattr(context, "_session", None) or context.session
        return not (after_this or self._app.after_request_funcs) and self._app.session_interface.is_null_session(
            session
        )

    def finish(self, result: Any) -> Response:
        """run()'s result as a response, after the functions that it registered with after_this_request.

        Raises EncodingError for a result that is no response and cannot be written as JSON.
        """
        if not isinstance(result, Response):
            headers = {"x-ms-run-function-failed": "False"}
            result = self._app.response_class(encode(result), headers=headers, mimetype="application/json")
        return self._app.process_response(result) if isinstance(result, self._app.response_class) else result


def _scope(incoming: Incoming) -> dict[str, Any]:
    """The ASGI scope that a2wsgi turns into a WSGI environment."""
    client = incoming.client
    return {
        "type": "http",
        "http_version": incoming.http_version,
        "method": incoming.method,
        "scheme": client.scheme if client is not None else "http",
        "path": incoming.path,
        "raw_path": incoming.raw_path,
        "root_path": "",
        "query_string": b"",
        "headers": incoming.headers,
        "client": client.address if client is not None else None,
        "server": client.server if client is not None else None,
    }
