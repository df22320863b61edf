"""WORKER_PRELOAD: what workers share by the fork, and what they must not."""

from __future__ import annotations

from servers import wait_until

SCRIPT = """
    import os, random
    import numpy as np

    def init():
        np.random.seed(1)

    def run(data):
        return {"worker": os.getpid(), "numbers": [np.random.randint(1 << 30), random.getrandbits(30)]}
"""


def test_preloaded_workers_draw_different_random_numbers(serve):
    server = serve(SCRIPT, "--worker_count", "2", WORKER_PRELOAD="true")
    drawn: dict[int, list[list[int]]] = {}

    def both_have_answered():
        answer = server.post(content="x").json()
        drawn.setdefault(answer["worker"], []).append(answer["numbers"])
        return len(drawn) == 2

    wait_until(both_have_answered, what="an answer of each worker")
    first, second = drawn.values()
    for number, other in zip(first[0], second[0], strict=True):
        assert number != other
