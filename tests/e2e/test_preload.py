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


def test_a_preloaded_script_keeps_its_way_to_make_log_records(serve):
    server = serve(
        """
        import logging

        class Record(logging.LogRecord):
            def getMessage(self):
                return f"{super().getMessage()} of version 7"

        def init():
            logging.setLogRecordFactory(Record)

        def run(data):
            logging.getLogger("mine").warning("a score")
            return 1
        """,
        WORKER_PRELOAD="true",
    )
    assert server.post(content="x").status_code == 200
    wait_until(lambda: "mine - " in server.output, what="the line")
    assert "a score of version 7" in server.output
