"""Everything that is answered but /score: health, swagger documents, metrics, and the page at /docs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from scoredock.observe.metrics.exposition import CONTENT_TYPE
from scoredock.schema import Documents
from scoredock.schema.swagger import DEFAULT_VERSION
from scoredock.settings import Settings
from scoredock.web.answers import HTML_HEADER, Answer, json_answer, message_answer, method_refused, status_answer
from scoredock.web.incoming import Incoming
from scoredock.web.written_page import WrittenPage

if TYPE_CHECKING:
    from scoredock.web.docs import Docs

PAGES = ("/", "/swagger.json", "/livez", "/readyz")
ROUTES = ("/score", *PAGES)


class Pages:
    """Answers requests for pages; those that are written when somebody asks go to ``answer`` when they are.

    ``not_ready`` says why the service cannot score now; None when it can. ``device`` is what it computes on, for
    /readyz. ``metrics_page`` writes /metrics, where there is one, and ``docs_data`` what the page at /docs fetches, by
    its path. ``documents`` are the script's, once there are any. ``open`` are the paths that show nothing of it.
    """

    def __init__(
        self,
        settings: Settings,
        not_ready: Callable[[], str | None],
        device: str,
        answer: Callable[[Incoming, Answer], None],
        metrics_page: Callable[[], bytes] | None,
        docs_data: Mapping[str, Callable[[], bytes]],
    ) -> None:
        self._not_ready = not_ready
        self._device = device
        self._metrics: WrittenPage | None = None
        if metrics_page is not None:
            self._metrics = WrittenPage(metrics_page, [(b"content-type", CONTENT_TYPE.encode())], answer)
        self._docs = _docs(docs_data, answer) if settings.docs else None
        self.open = self._docs.open if self._docs is not None else frozenset()
        self.documents = Documents({})

    def ask(self, incoming: Incoming) -> Answer | None:
        """The answer to a request for anything but /score; None when it will come."""
        method, path = incoming.method, incoming.path
        is_metrics = path == "/metrics" and self._metrics is not None
        is_docs = self._docs is not None and self._docs.has(path)
        if path not in PAGES and not is_metrics and not is_docs:
            routes = [*ROUTES, *["/metrics"] * (self._metrics is not None), *["/docs"] * (self._docs is not None)]
            return message_answer(404, f"There is no {path} here. Routes: {', '.join(routes)}")
        if method == "OPTIONS":
            return Answer(200, [HTML_HEADER, (b"allow", b"GET, HEAD, OPTIONS")])
        if method not in ("GET", "HEAD"):
            return method_refused(b"GET, HEAD, OPTIONS")
        if is_docs and self._docs is not None:
            return self._docs.ask(incoming)
        if is_metrics and self._metrics is not None:
            self._metrics.ask(incoming)
            return None
        if path == "/":
            return Answer(200, [HTML_HEADER], b"Healthy")
        if path == "/livez":
            return status_answer(200, {"status": "alive"})
        return self._readiness() if path == "/readyz" else self._document(incoming.query)

    def _readiness(self) -> Answer:
        reason = self._not_ready()
        if reason is None:
            return status_answer(200, {"status": "ready", "phase": "ready", "device": self._device})
        return status_answer(503, {"message": f"Not ready: {reason}", "phase": reason})

    def _document(self, query: bytes) -> Answer:
        version = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("version", [DEFAULT_VERSION])[0]
        document = self.documents.find(version)
        if document is None:
            return message_answer(404, self.documents.missing(version))
        return json_answer(document)


def _docs(data: Mapping[str, Callable[[], bytes]], answer: Callable[[Incoming, Answer], None]) -> Docs:
    from scoredock.web.docs import Docs

    return Docs(data, answer)
