"""/docs: a page to look at the service and try it. Its files tell nothing of the service; what they fetch does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from scoredock.web.answers import JSON_HEADER, Answer, Header
from scoredock.web.incoming import Incoming
from scoredock.web.written_page import WrittenPage

FOLDER = Path(__file__).with_name("docs_page")
ROUTE, BELOW, INDEX = "/docs", "/docs/", "index.html"
CONTENT_TYPES = {
    ".html": b"text/html; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
}
# Everything comes from here, and nothing is sent elsewhere; no script and no style stands in the page itself.
POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
NOSNIFF: Header = (b"x-content-type-options", b"nosniff")
FILE_HEADERS: list[Header] = [
    (b"cache-control", b"no-cache"),
    (b"content-security-policy", POLICY),
    NOSNIFF,
    (b"referrer-policy", b"no-referrer"),
]
DATA_HEADERS: list[Header] = [JSON_HEADER, (b"cache-control", b"no-store"), NOSNIFF]


class Docs:
    """Answers what is asked for at /docs and below.

    ``data`` writes the documents below /docs that the page fetches, by their paths. ``open`` are the paths of the
    page's own files, which are the same for every service.
    """

    def __init__(
        self, data: Mapping[str, Callable[[], bytes]], answer: Callable[[Incoming, Answer], None], folder: Path = FOLDER
    ) -> None:
        self._folder = folder
        self._files = {BELOW + one.name: one.name for one in folder.iterdir() if one.suffix in CONTENT_TYPES}
        self._files[ROUTE] = INDEX
        self._read: dict[str, tuple[bytes, bytes]] = {}
        self._data = {path: WrittenPage(write, DATA_HEADERS, answer) for path, write in data.items()}
        self.open = frozenset({*self._files, BELOW})

    def has(self, path: str) -> bool:
        """Whether there is anything at a path."""
        return path in self._files or path in self._data or path == BELOW

    def ask(self, incoming: Incoming) -> Answer | None:
        """The answer to GET and HEAD of a path that there is; None when it will come."""
        path = incoming.path
        if path in self._data:
            self._data[path].ask(incoming)
            return None
        if path == BELOW:  # the page's addresses are relative to /docs, behind whatever prefix a proxy has put
            return Answer(308, [(b"location", b"../docs")])
        return self._file(self._files[path], incoming.by_name.get(b"if-none-match", b""))

    def _file(self, name: str, known: bytes) -> Answer:
        """A file, or 304 where the client's copy, one of the tags ``known``, is that file."""
        if name not in self._read:
            content = (self._folder / name).read_bytes()
            self._read[name] = content, b'"%b"' % hashlib.sha256(content).hexdigest()[:32].encode()
        content, tag = self._read[name]
        headers = [*FILE_HEADERS, (b"etag", tag)]
        tags = [one.strip().removeprefix(b"W/") for one in known.split(b",")]
        if tag in tags or b"*" in tags:
            return Answer(304, headers)
        return Answer(200, [(b"content-type", CONTENT_TYPES[Path(name).suffix]), *headers], content)
