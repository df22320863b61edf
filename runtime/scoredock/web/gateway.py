"""The gateway: ids, limits, routes; scoring goes through the engine, everything else is a page.

Nothing here waits for scoring but the scoring requests themselves.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from scoredock import __version__
from scoredock.access import Access
from scoredock.engine import Engine
from scoredock.errors import Abandoned, DeadlineExceeded, QueueFull, RequestProblem, ScoredockError
from scoredock.observe.context import of_request
from scoredock.observe.request_log import BROKEN, LEFT, STREAMED, Entry, RequestLog
from scoredock.schema import Documents
from scoredock.settings import Settings
from scoredock.signature import Kind
from scoredock.texts import printable
from scoredock.web.answers import (
    HTML_HEADER,
    JSON_HEADER,
    NO_BODY,
    SCRIPT_FAILED,
    SERVER_FAILED,
    SUCCEEDED,
    Answer,
    Header,
    message_answer,
    method_refused,
    problem_answer,
)
from scoredock.web.cors import Cors
from scoredock.web.decompression import AT_ONCE, CODINGS, NO_CODINGS, Decompression, Decompressor
from scoredock.web.door import Door
from scoredock.web.forwarded import Forwarded
from scoredock.web.ids import IdReader
from scoredock.web.incoming import Incoming
from scoredock.web.intake import Intake
from scoredock.web.pages import Pages
from scoredock.web.spare import SpareConnections
from scoredock.web.streaming import StreamedBody

if TYPE_CHECKING:
    from scoredock.observe.tracing.request_trace import RequestTrace

LOGGED = ("/score", "/swagger.json")
_NO_DATA: Mapping[str, Callable[[], bytes]] = {}

logger = logging.getLogger("scoredock.web")


class Gateway:
    """Answers requests once ``open`` was called with the script's kind and documents.

    ``not_ready``, ``device``, ``metrics_page`` and ``docs_data`` are as in ``Pages``, ``access`` and ``count_admitted``
    as in ``Door``. ``intake`` is what connections
    may take; those that are too many belong to ``spare``. ``may_call`` says whether a request's headers, and its
    client's certificate, let it in; None where everybody may call. ``collect``, where it is set, is told of each
    admitted request that was answered: status, headers and body (None if streamed). ``begin_trace``, where it is set,
    makes the trace of a request for scoring. All methods are called on the event loop.
    """

    def __init__(
        self,
        engine: Engine[Incoming, Answer],
        settings: Settings,
        not_ready: Callable[[], str | None],
        device: str,
        sinks: Sequence[Callable[[Sequence[Entry]], None]] = (),
        metrics_page: Callable[[], bytes] | None = None,
        docs_data: Mapping[str, Callable[[], bytes]] = _NO_DATA,
        access: Access | None = None,
        count_admitted: Callable[[str], None] = lambda by: None,
    ) -> None:
        self._engine = engine
        self._pages = Pages(settings, not_ready, device, self._answer, metrics_page, docs_data)
        self.intake = Intake.of(settings)
        self._ids = IdReader()
        self.spare = SpareConnections(self, self._ids)
        self._decompressor = Decompressor()
        self._max_queue = settings.max_queue
        self._timeout_ms = settings.scoring_timeout_ms
        self._decompressing: dict[Incoming, Decompression] = {}
        self._log = RequestLog(sinks, settings.request_log)
        self._forwarded = Forwarded(settings.trusted_proxies) if settings.trusted_proxies else None
        self._cors = Cors(settings.cors_origins) if settings.cors_origins else None
        self._door = Door.of(settings, self._pages.open, access, count_admitted)
        self.may_call = self._door.may_call if self._door is not None else None
        self._common: list[Header] = []
        if settings.server_version_header:
            self._common.append((b"x-ms-server-version", f"scoredock/{__version__}".encode()))
        self.collect: Callable[[Incoming, int, list[Header], bytes | None], None] | None = None
        self._kind: Kind | None = None
        self.begin_trace: Callable[[Incoming], RequestTrace] | None = None

    def open(self, kind: Kind, documents: Documents) -> None:
        """The script is ready: this is its kind, these are its swagger documents."""
        self._kind = kind
        self._pages.documents = documents

    def handle(self, incoming: Incoming) -> None:
        """Answer a request, now or when it is scored."""
        incoming.ids = ids = self._ids.read(incoming.by_name)
        if self._forwarded is not None and incoming.client is not None:
            incoming.who = self._forwarded.who(incoming.client.address, incoming.by_name)
        if incoming.path.startswith("//"):  # a base URL that ends in a slash, and /score
            incoming.path = "/" + incoming.path.lstrip("/")
        if self.begin_trace is not None and incoming.path == "/score":
            incoming.trace = self.begin_trace(incoming)
        answer: Answer | None = None
        try:
            if self._door is not None:
                answer = self._door.admit(incoming)
            if ids.refusal:
                raise RequestProblem(431, ids.refusal)
            if answer is not None:
                pass
            elif incoming.path == "/score":
                answer = self._score(incoming)
            else:
                answer = self._pages.ask(incoming)
        except ScoredockError as error:
            if incoming.trace is not None:
                incoming.trace.failed(error)
            answer = problem_answer(error)
        except Exception:
            with of_request(ids.request_id):
                logger.exception(
                    "the server failed while it answered %s %s", incoming.method, printable(incoming.path, " ")
                )
            answer = message_answer(500, SERVER_FAILED)
        if answer is not None:
            self._answer(incoming, answer)

    def refuse(self, incoming: Incoming, status: int, message: str) -> None:
        """Answer what is no request, or did not come in time. It has a line in the log, unless nothing was asked."""
        incoming.ids = self._ids.read(incoming.by_name)
        body = message_answer(status, message).body
        if incoming.client is not None:
            headers = [JSON_HEADER, *incoming.ids.headers, (b"content-length", b"%d" % len(body))]
            incoming.client.send(incoming, status, headers, body)
        if incoming.path:
            incoming.path = printable(incoming.path, " ")
            self._note(incoming, status, len(body))

    @property
    def decompressing(self) -> int:
        """Requests whose bodies are being decompressed, or wait for that."""
        return len(self._decompressing)

    def left(self, incoming: Incoming) -> None:
        """The client has left before its answer was complete."""
        if incoming.job is not None:
            self._engine.abandon(incoming.job)
        elif (work := self._decompressing.pop(incoming, None)) is not None:
            work.give_up()
            self._note(incoming, 499, LEFT)
            incoming.body, incoming.trace = b"", None  # the thread's queue keeps it for a while

    def streamed(self, incoming: Incoming, status: int, whole: bool) -> None:
        """A streamed answer has ended; ``whole`` unless it broke on this side."""
        if self.collect is not None:
            self.collect(incoming, status, [], None)
        self._note(incoming, status, STREAMED if whole else BROKEN)

    def stream_failed(self, incoming: Incoming, late: bool) -> None:
        """Answer a request whose streamed answer failed before anything was sent; ``late``: by its deadline."""
        if late:
            self._answer(incoming, problem_answer(DeadlineExceeded(self._timeout_ms)))
        else:
            self._answer(incoming, message_answer(500, SCRIPT_FAILED, failed=True))

    def _score(self, incoming: Incoming) -> Answer | None:
        """The answer to a request for scoring; None when it will come."""
        method = incoming.method
        if method not in ("GET", "POST", "OPTIONS", "HEAD"):
            return method_refused(b"GET, HEAD, OPTIONS, POST" if self._kind is Kind.RAW else b"GET, OPTIONS, POST")
        if self._kind is not Kind.RAW:
            if method == "OPTIONS":
                return Answer(200, [HTML_HEADER, SUCCEEDED])
            if method == "HEAD":
                return method_refused(b"GET, OPTIONS, POST")
        if incoming.refused is not None:
            raise incoming.refused
        if b"content-encoding" in incoming.by_name and incoming.body:
            return self._decompress(incoming)
        incoming.job = self._engine.submit(incoming, self._scored)
        return None

    def _decompress(self, incoming: Incoming) -> Answer | None:
        """Have the body decompressed, and the request scored; its answer when there is one already."""
        coding = incoming.by_name[b"content-encoding"].strip().lower()
        if coding in CODINGS:
            work = Decompression(incoming.body, self.intake)
            if len(incoming.body) > AT_ONCE or not work.advance(8 * AT_ONCE):
                if len(self._decompressing) > self._max_queue:  # one of them does not wait
                    raise QueueFull(
                        f"The queue is full: {self._max_queue} requests wait to be decompressed (SCOREDOCK_MAX_QUEUE)."
                    )
                self._decompressing[incoming] = work
                self._decompressor.start(work, lambda error: self._decompressed(incoming, work, error))
                return None
            self._take(incoming, work)
        elif coding not in NO_CODINGS and self._kind is not Kind.RAW:  # a raw script reads what it likes
            expected = "Content-Encoding: expected gzip, identity, or none"
            return message_answer(415, f"{expected}, got {coding.decode('latin-1')}", (b"accept-encoding", b"gzip"))
        incoming.job = self._engine.submit(incoming, self._scored)
        return None

    def _decompressed(self, incoming: Incoming, work: Decompression, error: BaseException | None) -> None:
        if self._decompressing.pop(incoming, None) is None:  # its client has left
            return
        try:
            if error is not None:
                raise error
            self._take(incoming, work)
            incoming.job = self._engine.submit(incoming, self._scored)
        except BaseException as problem:
            self._scored(incoming, None, problem)

    def _take(self, incoming: Incoming, work: Decompression) -> None:
        """Put what was made into the request's place. Raises QueueFull."""
        body = work.body
        grown = len(body) - len(incoming.body)
        if self.intake.is_full(len(body), grown):
            raise self.intake.no_room()
        self.intake.held += grown
        incoming.held += grown
        incoming.decompressed(body)

    def _scored(self, incoming: Incoming, answer: Answer | None, error: BaseException | None) -> None:
        job, incoming.job = incoming.job, None
        if job is not None and job.started_at is not None:
            incoming.queue_ms = (job.started_at - job.queued_at) * 1000
        if answer is None:
            if incoming.trace is not None and error is not None:
                incoming.trace.failed(error)
            if isinstance(error, Abandoned):
                self._note(incoming, 499, LEFT)
                return
            if isinstance(error, ScoredockError):
                answer = problem_answer(error)
            else:
                with of_request(incoming.ids.request_id):
                    logger.error("the server failed while it scored", exc_info=error)
                answer = message_answer(500, SERVER_FAILED)
        self._answer(incoming, answer)

    def _answer(self, incoming: Incoming, answer: Answer) -> None:
        headers = [*answer.headers, *self._common, *incoming.ids.headers]
        if self._cors is not None:
            headers += self._cors.headers(incoming.method, incoming.by_name, answer.headers)
        client, stream = incoming.client, answer.follow_up
        if isinstance(stream, StreamedBody):
            if client is not None:
                client.stream(incoming, answer.status, headers, stream)
            else:
                stream.close()
                self._note(incoming, 499, LEFT)
            return
        if answer.status not in NO_BODY and not (incoming.method == "HEAD" and _has_length(headers)):
            headers.append((b"content-length", b"%d" % len(answer.body)))
        if client is not None:
            client.send(incoming, answer.status, headers, answer.body)
        if self.collect is not None and incoming.admitted:
            self.collect(incoming, answer.status, headers, answer.body)
        if incoming.path in LOGGED:
            self._note(incoming, answer.status, len(answer.body))

    def _note(self, incoming: Incoming, status: int, sent: int) -> None:
        query, path = incoming.query, incoming.path
        target = printable(f"{path}?{query.decode('latin-1')}", " ") if query else path
        elapsed_ms = (time.perf_counter() - incoming.started) * 1000
        trace = incoming.trace
        if trace is not None and not incoming.admitted:
            trace.payload = b""
        trace_id = "" if trace is None else trace.end(status, sent)
        fields = (
            incoming.ids.request_id,
            incoming.method,
            target,
            status,
            elapsed_ms,
            incoming.queue_ms,
            incoming.run_ms,
            len(incoming.body),
            sent,
            incoming.batch,
            trace_id,
            incoming.who,
        )
        self._log.add(tuple.__new__(Entry, fields))  # Entry(…) would be a call of Python code


def _has_length(headers: list[Header]) -> bool:
    return any(name == b"content-length" for name, _ in headers)
