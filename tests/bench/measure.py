"""One measurement each: load from wrk, a checked answer, seconds of a request, the model's own time."""

from __future__ import annotations

import http.client
import json
import math
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cases import Work, same
from peers import Peer, Request
from processes import ServerFailed

REQUEST_TIMEOUT_S = 60
SLOW_REQUESTS = 20  # a measurement lasts as long as so many requests one after another, if that is longer ...
LONGEST_S = 6  # ... but not longer than this
MODEL_S = 0.1
ERRORS = ("connect", "read", "write", "status", "timeout")

# A request without a Lua function for it is made once, so that wrk itself costs little.
WRK_SCRIPT = """
local file = io.open({body}, "rb")
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = {content_type}
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.connect, e.read, e.write, e.status, e.timeout))
end
"""


@dataclass(frozen=True)
class Load:
    """One run of wrk. ``errors`` counts requests by what became of them, where it was no answer below 400."""

    requests_per_s: float
    p50_ms: float
    p99_ms: float
    requests: int
    errors: dict[str, int]


def load(port: int, request: Request, connections: int, seconds: int, cores: Iterable[int]) -> Load:
    """Send ``request`` again and again over kept-alive connections, with wrk on ``cores``."""
    with tempfile.TemporaryDirectory() as folder:
        body, script = Path(folder, "body"), Path(folder, "load.lua")
        body.write_bytes(request.body)
        script.write_text(WRK_SCRIPT.format(body=json.dumps(str(body)), content_type=json.dumps(request.content_type)))
        command = ["taskset", "--cpu-list", ",".join(map(str, cores))]
        command += ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s"]
        command += ["--timeout", f"{REQUEST_TIMEOUT_S}s", "--script", str(script)]
        command += [f"http://127.0.0.1:{port}{request.path}"]
        done = subprocess.run(command, capture_output=True, text=True)
    result = next((line.split()[1:] for line in done.stdout.splitlines() if line.startswith("RESULT")), None)
    if result is None:
        raise ServerFailed(f"wrk: {(done.stderr or done.stdout).strip()}")
    requests, duration_us, p50_us, p99_us, *errors = map(int, result)
    counted = {name: count for name, count in zip(ERRORS, errors, strict=True) if count}
    if not requests:
        counted["no answer"] = connections
    return Load(requests * 1e6 / duration_us, p50_us / 1000, p99_us / 1000, requests, counted)


def check(port: int, peer: Peer, request: Request, work: Work) -> None:
    """Raises ServerFailed unless a request is answered with what the work expects."""
    status, body = _post(_connection(port), request)
    shown = body[:200].decode(errors="replace")
    if status != 200:
        raise ServerFailed(f"answered {status} to {request.content_type}: {shown}")
    try:
        answer: Any = peer.result(json.loads(body))
    except (ValueError, LookupError, TypeError):
        raise ServerFailed(f"gave another answer than JSON of its protocol: {shown}") from None
    if not same(answer, work.expected):
        raise ServerFailed(f"gave a wrong answer: {shown}")


def duration(seconds: int, request_s: float) -> int:
    """How long to measure: ``seconds``, and longer when one request takes long."""
    return max(seconds, min(LONGEST_S, math.ceil(SLOW_REQUESTS * request_s)))


def seconds_of_a_request(port: int, request: Request, seconds: float, at_least: int = 3) -> float:
    """The median of requests one after another over one connection, for ``seconds`` but ``at_least`` so many."""
    connection = _connection(port)
    times: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(times) < at_least:
        started = time.perf_counter()
        status, _ = _post(connection, request)
        times.append(time.perf_counter() - started)
        if status != 200:
            raise ServerFailed(f"answered {status}")
    connection.close()
    return statistics.median(times)


def seconds_of_the_model(model: Callable[[], Any] | None, core: int) -> float:
    """The median time of one call of the model by itself, on ``core`` and with one thread."""
    if model is None:
        return 0.0
    from threadpoolctl import threadpool_limits

    before = os.sched_getaffinity(0)
    times: list[float] = []
    try:
        os.sched_setaffinity(0, {core})
        with threadpool_limits(1):
            until = time.perf_counter() + MODEL_S
            while time.perf_counter() < until or not times:
                started = time.perf_counter()
                model()
                times.append(time.perf_counter() - started)
    finally:
        os.sched_setaffinity(0, before)
    return statistics.median(times)


def _connection(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=REQUEST_TIMEOUT_S)


def _post(connection: http.client.HTTPConnection, request: Request) -> tuple[int, bytes]:
    try:
        connection.request("POST", request.path, request.body, {"Content-Type": request.content_type})
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException) as error:
        raise ServerFailed(f"{type(error).__name__}: {error}") from None
