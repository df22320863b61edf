"""The Flask request that a raw run() gets, inside a Flask request context."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from a2wsgi.wsgi import build_environ
from flask import Flask, Request

from scoredock.web.incoming import Incoming


class RawRequests:
    """Turns requests into Flask's."""

    def __init__(self) -> None:
        self._app = Flask("scoredock", static_folder=None)

    @contextmanager
    def enter(self, incoming: Incoming) -> Iterator[Request]:
        """The Flask request of ``incoming``; its context lasts as long as the with block."""
        scope: Any = {**incoming.scope, "headers": incoming.headers}
        body: Any = io.BytesIO(incoming.body)
        environ: dict[str, Any] = dict(build_environ(scope, body))
        environ["CONTENT_LENGTH"] = str(len(incoming.body))
        environ["wsgi.input_terminated"] = True
        with self._app.request_context(environ) as context:
            yield context.request
