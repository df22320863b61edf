"""Prometheus' text format, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/).

Our own families are few and fixed, and written here: importing prometheus-client costs 0.07 s, which a worker pays
only when its script has metrics of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from scoredock.observe.metrics import board, script_metrics
from scoredock.observe.metrics.board import Board, Histogram

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Exposition:
    """Writes the page. ``info`` are the labels of ``scoredock_info``; ``folder`` holds the scripts' own metrics."""

    def __init__(self, shared: Board, info: Mapping[str, str], folder: str | None) -> None:
        self._board = shared
        self._info = info
        self._folder = folder

    def page(self) -> bytes:
        """All metrics of all workers. Takes a few milliseconds; any thread of any process of the server may call it."""
        return self._board.read(self._page)

    def _page(self) -> bytes:
        lines = "".join(line + "\n" for line in self._lines()).encode()
        return lines + script_metrics.page(self._folder)

    def _lines(self) -> Iterator[str]:
        totals = self._board.totals()
        workers = list(self._board.workers())
        yield from _family("scoredock_info", "gauge", "What is served, and by what.")
        yield f"scoredock_info{_labels(self._info)} 1"
        yield from _family("scoredock_requests_total", "counter", "Answered scoring requests by HTTP status.")
        for status in range(board.FIRST_STATUS, board.LAST_STATUS + 1):
            count = totals[board.STATUSES + status - board.FIRST_STATUS]
            if count:
                yield f'scoredock_requests_total{{status="{status}"}} {_number(count)}'
        admitted = "Requests that were admitted, on all paths but health, by credential."
        yield from _family("scoredock_admitted_requests_total", "counter", admitted)
        for place, credential in enumerate(board.CREDENTIALS):
            count = totals[board.ADMITTED + place]
            yield f'scoredock_admitted_requests_total{{by="{credential}"}} {_number(count)}'
        yield from _counter("requests_abandoned", "Scoring requests whose client left.", totals[board.ABANDONED])
        yield from _counter("streams_broken", "Streamed answers that were not sent to their end.", totals[board.BROKEN])
        yield from _counter("request_bytes", "Bytes of scoring requests' bodies.", totals[board.RECEIVED])
        yield from _counter("response_bytes", "Bytes of answers, streamed ones not counted.", totals[board.SENT])
        times = {
            "request_duration": (board.DURATION, "Seconds from a scoring request's headers to its answer."),
            "queue_wait": (board.QUEUE, "Seconds that a request waited for scoring."),
            "run_duration": (board.RUN, "Seconds that run() took, where it returned."),
        }
        for name, (histogram, meaning) in times.items():
            yield from _histogram(f"scoredock_{name}_seconds", meaning, histogram, totals, 1000)
        yield from _histogram("scoredock_batch_size", "Requests scored by one call of run().", board.BATCH, totals, 1)
        restarts = "Workers that died, and that were replaced for a reason of their own."
        yield from _family("scoredock_worker_restarts_total", "counter", restarts)
        for reason, place in (("died", board.DIED), ("replaced", board.REPLACED)):
            yield f'scoredock_worker_restarts_total{{reason="{reason}"}} {_number(totals[place])}'
        own = self._board.supervisor
        yield from _family("scoredock_start_time_seconds", "gauge", "When the server started, in seconds since 1970.")
        yield f"scoredock_start_time_seconds {_number(own[board.START])}"
        name = "scoredock_certificate_expiry_time_seconds"
        yield from _family(name, "gauge", "When the certificate of the serving port ends, in seconds since 1970.")
        if own[board.CERTIFICATE_END]:
            yield f"{name} {_number(own[board.CERTIFICATE_END])}"
        ready = sum(cells[board.READY] for _, cells in workers)
        yield from _family("scoredock_workers_ready", "gauge", "Workers that take requests.")
        yield f"scoredock_workers_ready {_number(ready)}"
        for name, place, meaning in _MEASURED:
            yield from _family(name, "gauge", meaning)
            for number, cells in workers:
                yield f'{name}{{worker="{number}"}} {_number(cells[place])}'


_MEASURED = (
    ("scoredock_queue_depth", board.WAITING, "Requests that wait for scoring, as of the last second."),
    ("scoredock_requests_in_flight", board.IN_FLIGHT, "Requests that wait or are scored, as of the last second."),
    ("scoredock_connections", board.CONNECTIONS, "Open connections of clients, as of the last second."),
    ("scoredock_init_seconds", board.INIT_S, "Seconds that import, init() and warm-up took."),
    ("scoredock_worker_memory_bytes", board.MEMORY, "Resident memory, with what workers share."),
)


def _family(name: str, kind: str, meaning: str) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"


def _counter(name: str, meaning: str, value: float) -> Iterator[str]:
    yield from _family(f"scoredock_{name}_total", "counter", meaning)
    yield f"scoredock_{name}_total {_number(value)}"


def _histogram(name: str, meaning: str, place: Histogram, totals: Sequence[float], scale: int) -> Iterator[str]:
    """A histogram whose cells hold the values times ``scale``."""
    yield from _family(name, "histogram", meaning)
    count = 0.0
    for offset, le in enumerate([*(_number(bound / scale) for bound in place.bounds), "+Inf"]):
        count += totals[place.start + offset]
        yield f'{name}_bucket{{le="{le}"}} {_number(count)}'
    yield f"{name}_sum {_number(totals[place.sum] / scale)}"
    yield f"{name}_count {_number(count)}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _labels(labels: Mapping[str, str]) -> str:
    escaped = {
        name: value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for name, value in labels.items()
    }
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped.items()) + "}"
