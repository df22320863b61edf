"""Mutated requests over real sockets: whole answers, no more than there were requests, no fault, no hang."""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable

import pytest

from servers import InProcess, wait_until

from . import SECONDS, SEEDS, mutations, reading
from .answers import SERVERS_FAULT, all_answers
from .sockets import converse

SCRIPT = """
import numpy as np
from inference_schema.schema_decorators import input_schema
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
def init(): pass
@input_schema('data', NumpyParameterType(np.zeros((1, 2))))
def run(data): return data
"""
AT_ONCE = 100


@pytest.fixture
def service(in_process: Callable[..., InProcess]) -> InProcess:
    """A service that does not wait long for the rest of a request."""
    return in_process(SCRIPT, SCOREDOCK_MAX_BODY_MB="1", idle_s=0.3)


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_comes_is_answered_once_or_refused(
    seed: int, service: InProcess, caplog: pytest.LogCaptureFixture
) -> None:
    chance, until = random.Random(seed), time.monotonic() + SECONDS
    statuses: set[int] = set()
    while time.monotonic() < until:
        # a HEAD's answer cannot be told from a GET's without knowing which is which
        sent = [mutations.mutated(chance).replace(b"HEAD", b"GET") for _ in range(AT_ONCE)]
        replies = converse(service.port, [reading.cut(data, chance) for data in sent])
        for data, reply in zip(sent, replies, strict=True):
            answers = all_answers(reply)
            read = reading.read([data], 1 << 20)
            final = [answer for answer in answers if answer.status != 100]
            refusals = final[len(read.requests) :]  # of what is no request, or does not come in time
            assert [answer.status for answer in refusals] in ([], [408], [read.refusal]), (seed, data, reply)
            assert all(answer.headers.get("connection") == "close" for answer in refusals), (seed, data, reply)
            assert all("x-request-id" in answer.headers for answer in final), (seed, data, reply)
            assert all("close" not in answer.headers.get("connection", "") for answer in final[:-1]), (seed, data)
            for answer in final:
                assert SERVERS_FAULT not in answer.body, (seed, data)
                assert answer.status < 500 or answer.status in (501, 505), (seed, data, answer)
                if answer.headers.get("content-type") == "application/json":
                    json.loads(answer.body)
            statuses.update(answer.status for answer in answers)
        assert service.get("/readyz").status_code == 200
    assert {200, 400} <= statuses
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
    wait_until(lambda: not service.connections, what="the end of all connections")
