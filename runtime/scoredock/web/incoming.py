"""A request as its connection hands it to the gateway, and the gateway to the scoring thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from scoredock.engine import Job
from scoredock.errors import ScoredockError
from scoredock.web.answers import Header
from scoredock.web.ids import NO_IDS, Ids
from scoredock.web.streaming import StreamedBody

if TYPE_CHECKING:
    from scoredock.observe.tracing.request_trace import RequestTrace
    from scoredock.payload.room import Taken


class Client(Protocol):
    """The other end of a connection. Addresses are host and port; None where there are none (a Unix socket).

    ``certified``: it has shown a certificate of an authority of SCOREDOCK_TLS_CLIENT_CA; ``certificate`` is that one's
    name. ``who`` says which address it has, as in an Entry of the request log.
    """

    scheme: str
    certified: bool
    certificate: str
    who: str
    address: tuple[str, int] | None
    server: tuple[str, int] | None

    def send(self, incoming: Incoming, status: int, headers: list[Header], body: bytes) -> None:
        """Send the whole answer to a request."""

    def stream(self, incoming: Incoming, status: int, headers: list[Header], body: StreamedBody) -> None:
        """Send an answer whose body is being produced; the gateway is told by ``streamed`` when it has ended."""


class Incoming:
    """One request, whole.

    ``path`` is decoded, ``raw_path`` and ``query`` are as they came; ``pairs`` are the headers in order, names in
    lower case, and ``by_name`` the same with repeated ones joined by commas. ``started`` is the time of
    ``time.perf_counter()`` when the headers were complete. ``client`` gets the answer; it is None once it has
    left, or where there never was one. ``job`` is the request's place in the engine while it has one.
    ``refused`` says why its body was not taken; None when it was. ``arguments`` are run()'s, once they have been read,
    and ``taken`` is what they take of the room for values, if they are large.
    ``queue_ms`` is how long it waited for scoring, ``run_ms`` how long run() took; -1 while that is unknown.
    ``held`` is what the worker's account counts for it, in bytes. ``batch`` is as in an Entry of the request log.
    ``trace`` is its trace, where traces are on. ``admitted`` says whether its client may call; of others nothing is
    stored. ``who`` says who that is, as in an Entry of the request log.
    """

    __slots__ = (
        *(
            "admitted",
            "arguments",
            "batch",
            "body",
            "by_name",
            "client",
            "held",
            "http_version",
            "ids",
            "job",
            "keep_alive",
            "method",
        ),
        *("pairs", "path", "query", "queue_ms", "raw_path", "refused", "run_ms", "started", "taken", "trace", "who"),
    )

    def __init__(
        self,
        method: str,
        path: str,
        query: bytes,
        pairs: list[Header],
        by_name: dict[bytes, bytes],
        body: bytes,
        raw_path: bytes = b"",
        http_version: str = "1.1",
        keep_alive: bool = True,
        started: float = 0.0,
        client: Client | None = None,
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.pairs = pairs
        self.by_name = by_name
        self.body = body
        self.raw_path = raw_path
        self.http_version = http_version
        self.keep_alive = keep_alive
        self.started = started
        self.client = client
        self.who = "" if client is None else client.who
        self.refused: ScoredockError | None = None
        self.queue_ms = self.run_ms = -1.0
        self.batch = self.held = 0
        self.admitted = True
        self.arguments: dict[str, Any] | None = None
        self.taken: Taken | None = None
        self.ids: Ids = NO_IDS
        self.trace: RequestTrace | None = None
        self.job: Job[Incoming, Any] | None = None

    def decompressed(self, body: bytes) -> None:
        """Its body is this one; nothing that the script sees tells that it came compressed."""
        self.body = body
        if self.trace is not None and self.trace.payload:
            self.trace.payload = body
        if b"content-length" in self.by_name:
            self.by_name[b"content-length"] = b"%d" % len(body)
        self.by_name.pop(b"content-encoding", None)
        length = (b"content-length", b"%d" % len(body))
        pairs = (length if pair[0] == b"content-length" else pair for pair in self.pairs)
        self.pairs = [pair for pair in pairs if pair[0] != b"content-encoding"]

    @property
    def content_type(self) -> str:
        """The Content-Type header; empty when absent."""
        return self.by_name.get(b"content-type", b"").decode("latin-1").strip()

    @property
    def headers(self) -> list[Header]:
        """The headers in order, for the script: values without the white space around them.

        Names with an underscore are left out: a WSGI environment cannot tell them from names with a dash, so
        that they could pass for a header that a proxy has checked.
        """
        return [(name, value.strip()) for name, value in self.pairs if b"_" not in name]

    def header_dict(self) -> dict[str, str]:
        """The headers as a script gets them: names in Title-Case, repeated ones joined by commas."""
        result: dict[str, str] = {}
        for raw_name, raw_value in self.headers:
            name, value = raw_name.decode("latin-1").title(), raw_value.decode("latin-1")
            result[name] = f"{result[name]},{value}" if name in result else value
        return result
