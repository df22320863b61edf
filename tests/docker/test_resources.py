"""A container's limits: its CPUs decide threads and workers, its memory limit kills a worker, not the service."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from servers import wait_until

THREADS = """
    import os

    import numpy

    def init():
        pass

    def run(data):
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "WORKER_COUNT")
        return {name: os.environ.get(name) for name in names}
"""

HUNGRY = """
    import os

    def init():
        pass

    def run(data):
        if data == "eat":
            kept = [bytearray(os.urandom(1 << 20) * 16) for _ in range(200)]
        return os.getpid()
"""


def test_threads_and_workers_follow_the_cpu_limit(run):
    container = run(script=THREADS, nano_cpus=1_000_000_000, WORKER_COUNT="auto")
    told = container.post(content=b"x").json()
    assert "cpus       1 for 1 worker of 1 scoring thread" in container.logs
    assert told["WORKER_COUNT"] == "1"
    if os.sysconf("SC_NPROCESSORS_ONLN") > 1:  # on one CPU there is nothing to share, and libraries choose
        assert told["OMP_NUM_THREADS"] == told["OPENBLAS_NUM_THREADS"] == "1"


def test_without_a_limit_there_is_a_worker_for_each_cpu(run):
    container = run(script=THREADS, WORKER_COUNT="auto")
    assert container.post(content=b"x").json()["WORKER_COUNT"] == str(len(os.sched_getaffinity(0)))


def test_a_worker_that_the_memory_limit_kills_is_named_and_replaced(run):
    container = run(script=HUNGRY, mem_limit="256m", memswap_limit="256m")
    before = container.post(content=b"x").json()
    with pytest.raises(httpx.TransportError):  # the worker dies with the request
        container.post(content=b"eat")
    wait_until(lambda: "A new worker starts" in container.logs, what="a replacement")
    container.wait_until_ready()
    assert container.post(content=b"x").json() != before
    assert f"Worker {before} died while it served: the kernel killed it for want of memory" in container.logs
    assert "the container's limit is 256 MiB" in container.logs
    container.raw.reload()
    assert container.raw.status == "running"


def test_the_kernel_would_kill_a_worker_before_the_supervisor(run):
    container = run(script=HUNGRY)
    worker = container.post(content=b"x").json()
    scores = container.sh(f"cat /proc/1/oom_score_adj /proc/{worker}/oom_score_adj").split()
    assert int(scores[1]) > int(scores[0])


NUMBERS = """
    import numpy as np
    from inference_schema.schema_decorators import input_schema
    from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType

    def init():
        pass

    @input_schema("data", NumpyParameterType(np.zeros((1, 4))))
    def run(data):
        return len(data)
"""


def test_large_bodies_end_no_worker_in_half_a_gigabyte(run):
    """Two workers and default settings: what is too large is refused, and says which setting it is."""
    container = run(script=NUMBERS, mem_limit="512m", memswap_limit="512m", WORKER_COUNT="2")
    assert "Bodies of up to 21 MiB are taken, not 100" in container.logs
    row = b"[0.1234567890123,1.5,3.14159265358979,-7.25e-3]"
    headers = {"content-type": "application/json"}
    for size_mb, statuses in ((4, {200}), (20, {413}), (30, {413})):
        body = b'{"data": [' + b",".join([row] * (size_mb * 1024 * 1024 // len(row))) + b"]}"
        with ThreadPoolExecutor(20) as clients:  # five in a row, and as many at once as come
            answers = [container.post(content=body, headers=headers) for _ in range(5)]
            assert {answer.status_code for answer in answers} == statuses
            answers += clients.map(lambda _: container.post(content=body, headers=headers), range(60))  # noqa: B023
        for answer in answers:
            assert answer.status_code in statuses | {429, 503}
            assert answer.status_code == 200 or "SCOREDOCK_MAX_" in answer.json()["message"]
    assert "died" not in container.logs
