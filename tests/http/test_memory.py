"""What a request held is free when it is answered, without waiting for the garbage collector."""

from __future__ import annotations

import gc

import pytest

from scoredock.web.incoming import Incoming
from servers import wait_until

SCRIPT = """
    import time

    def init():
        pass

    def run(data):
        if data == "slow":
            time.sleep(0.12)  # long enough for those behind it to be watched
        if data == "fail":
            raise ValueError("no")
        return data
"""


@pytest.mark.parametrize("content", ["quick", "slow", "fail"])
def test_no_request_is_kept_by_a_circle_of_references(in_process, content):
    service = in_process(SCRIPT)
    service.post(content="quick")
    gc.collect()
    gc.disable()
    try:
        for _ in range(10):
            service.post(content=content)
        # A frame that answered lets go of its request a moment after the client has the answer; the scoring
        # thread lets go of its last one when the next comes.
        wait_until(lambda: sum(type(thing) is Incoming for thing in gc.get_objects()) <= 1, what="letting go")
    finally:
        gc.enable()
