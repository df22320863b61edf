"""The spans of one scoring request: the server's, and below it queue, decode, run, encode and stream.

Their names and attributes follow OpenTelemetry's semantic conventions for HTTP servers where these say something.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import propagate
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import Getter
from opentelemetry.trace import Link, Span, SpanKind, StatusCode, Tracer, format_span_id, format_trace_id
from opentelemetry.trace.propagation import set_span_in_context

from scoredock.errors import RequestProblem
from scoredock.observe import context

Value = str | int | float | bool


class _Headers(Getter[Mapping[bytes, bytes]]):
    """Reads headers (names in lower case) for propagators."""

    def get(self, carrier: Mapping[bytes, bytes], key: str) -> list[str] | None:
        value = carrier.get(key.lower().encode("latin-1", "replace"))
        return None if value is None else [value.decode("latin-1")]

    def keys(self, carrier: Mapping[bytes, bytes]) -> list[str]:
        return [name.decode("latin-1") for name in carrier]


_HEADERS = _Headers()


class Tracing:
    """Makes the traces of requests with ``tracer``.

    ``on_end`` gets each recorded server span once it has ended, with its RequestTrace; ``close`` sends what waits, for
    at most so many seconds. ``identify`` gives what an exception's event carries besides the exception. ``boot_failed``
    is to be called with what the script's start raised.
    """

    def __init__(
        self,
        tracer: Tracer,
        close: Callable[[float], None],
        on_end: Callable[[Span, RequestTrace], None] | None = None,
        identify: Callable[[RequestTrace], Mapping[str, str]] | None = None,
        boot_failed: Callable[[BaseException], None] = lambda error: None,
    ) -> None:
        self.tracer = tracer
        self.close = close
        self.on_end = on_end
        self.identify = identify
        self.boot_failed = boot_failed
        self._propagator = propagate.get_global_textmap()
        self._fields = frozenset(name.lower().encode() for name in self._propagator.fields)

    @property
    def wants_payloads(self) -> bool:
        """Whether anybody looks at ``RequestTrace.payload`` and ``prediction``."""
        return self.on_end is not None

    def request(self, name: str, headers: Mapping[bytes, bytes], started_ns: int) -> RequestTrace:
        """The trace of a request that came at ``started_ns``; it goes on with the client's where there is one."""
        parent = Context()
        if not self._fields.isdisjoint(headers):
            parent = self._propagator.extract(headers, parent, _HEADERS)
        span = self.tracer.start_span(name, parent, SpanKind.SERVER, start_time=started_ns)
        return RequestTrace(self, span, set_span_in_context(span, parent))


class RequestTrace:
    """One request's trace. ``ids`` are the server span's: trace and span, in hexadecimal.

    ``request_id`` and ``client_id`` are the request's, ``payload`` and ``prediction`` the bodies of the request and of
    a scored answer, for whoever wants them. Where the request is not sampled, there are no spans below it, but the
    context is handed on all the same.
    """

    __slots__ = (
        *("_error", "_open", "_queued_ns", "client_id", "context", "ids", "is_recording", "payload"),
        *("prediction", "request_id", "span", "tracing"),
    )

    def __init__(self, tracing: Tracing, span: Span, context: Context) -> None:
        self.tracing = tracing
        self.span = span
        self.context = context
        self.is_recording = span.is_recording()
        self.ids = _ids(span)
        self.request_id = self.client_id = ""
        self.payload = self.prediction = b""
        self._queued_ns = time.time_ns()
        self._open: list[Span] = []
        self._error = ""

    def dequeued(self) -> None:
        """It waits no more: a scoring thread has it. Only the first call counts."""
        queued_ns, self._queued_ns = self._queued_ns, 0
        if queued_ns and self.is_recording:
            self.tracing.tracer.start_span("queue", self.context, start_time=queued_ns).end()

    def stage(self, name: str, attributes: Mapping[str, Value] | None = None, links: Sequence[Link] = ()) -> Stage:
        """A with block that is a span of its own, OpenTelemetry's current one, and the one that log lines name."""
        return Stage(self, name, attributes, links)

    def beside(self, name: str, attributes: Mapping[str, Value] | None, links: Sequence[Link]) -> _Beside:
        """A with block that is a span of this request, while another request's is the current one."""
        return _Beside(Stage(self, name, attributes, links))

    def follow(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The chunks of a streamed body; each is made inside the span ``stream``."""
        stage = Stage(self, "stream", None, ())
        iterator = iter(chunks)
        stage.start()
        try:
            while True:
                stage.attach()
                try:
                    chunk = next(iterator)
                except StopIteration:
                    break
                finally:
                    stage.detach()
                yield chunk
        except GeneratorExit:
            stage.end(None)
            raise
        except BaseException as error:
            stage.end(error)
            raise
        else:
            stage.end(None)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()

    def failed(self, error: BaseException) -> None:
        """Say why the request was not scored. A RequestProblem is the client's fault: no error of the span."""
        self._error = type(error).__name__
        if self.is_recording and not isinstance(error, RequestProblem):
            self.span.set_status(StatusCode.ERROR, str(error))

    def end(self, status: int, sent: int) -> str:
        """The request has ended with an HTTP status, after ``sent`` bytes of a body (negative: not known).

        A span that is still open is late: its thread did not come back. Returns the trace id.
        """
        while self._open:
            try:
                late = self._open.pop()
            except IndexError:  # its thread has come back just now
                break
            late.set_status(StatusCode.ERROR, "it was given up")
            late.end()
        if self.is_recording:
            self.span.set_attribute("http.response.status_code", status)
            if sent >= 0:
                self.span.set_attribute("http.response.body.size", sent)
            if status >= 500:
                self.span.set_status(StatusCode.ERROR)
            if self._error or status >= 500:
                self.span.set_attribute("error.type", self._error or str(status))
        self.span.end()
        if self.is_recording and self.tracing.on_end is not None:
            self.tracing.on_end(self.span, self)
        return self.ids[0]

    def raised(self, span: Span, error: BaseException) -> None:
        """Note an exception of the script in one of the request's spans."""
        identify = self.tracing.identify
        span.record_exception(error, dict(identify(self)) if identify is not None else None)
        span.set_status(StatusCode.ERROR, type(error).__name__)
        span.set_attribute("error.type", type(error).__name__)
        self._error = type(error).__name__

    def opened(self, span: Span) -> None:
        """A span below the server's has begun."""
        self._open.append(span)

    def closed(self, span: Span) -> bool:
        """It has ended; False where ``end`` was there first."""
        try:
            self._open.remove(span)
        except ValueError:
            return False
        return True


class Stage:
    """A part of a request. ``span`` is None where nothing is recorded."""

    __slots__ = ("_attributes", "_context", "_ids", "_links", "_log_token", "_name", "_token", "_trace", "span")

    def __init__(
        self, trace: RequestTrace, name: str, attributes: Mapping[str, Value] | None, links: Sequence[Link]
    ) -> None:
        self._trace = trace
        self._name = name
        self._attributes = attributes
        self._links = links
        self.span: Span | None = None

    def start(self) -> None:
        """Begin the span; ``attach`` makes it the current one."""
        trace = self._trace
        self._context, self._ids = trace.context, trace.ids
        if trace.is_recording:
            self.span = span = trace.tracing.tracer.start_span(
                self._name, trace.context, attributes=self._attributes, links=self._links
            )
            trace.opened(span)
            self._context, self._ids = set_span_in_context(span, trace.context), _ids(span)

    def attach(self) -> None:
        """Make it the current span of this thread."""
        self._token: Any = otel_context.attach(self._context)
        self._log_token = context.trace.set(self._ids)

    def detach(self) -> None:
        """Give the thread back the span that it had."""
        context.trace.reset(self._log_token)
        otel_context.detach(self._token)

    def end(self, error: BaseException | None) -> None:
        """End the span, with the exception that it ended with."""
        span = self.span
        if span is None or not self._trace.closed(span):
            return
        if isinstance(error, RequestProblem):
            span.set_attribute("error.type", type(error).__name__)  # the client's fault, not the server's
        elif error is not None:
            self._trace.raised(span, error)
        span.end()

    def __enter__(self) -> Stage:
        self.start()
        self.attach()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.detach()
        self.end(error)


class _Beside:
    """A stage that is not made the current span."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def __enter__(self) -> None:
        self._stage.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stage.end(error)


def _ids(span: Span) -> tuple[str, str]:
    context = span.get_span_context()
    return format_trace_id(context.trace_id), format_span_id(context.span_id)
