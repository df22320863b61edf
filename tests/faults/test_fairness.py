"""Connections that come at once are divided among workers, so that none is idle while requests wait at another."""

from __future__ import annotations

import asyncio
from collections import Counter

from load import Load

from servers import wait_until

SCRIPT = """
    import os, time

    def init():
        pass

    def run(data):
        time.sleep(0.005)
        return os.getpid()
"""
BURST, BURSTS = 8, 40


async def burst(port: int) -> int:
    """How many of BURST connections that are made at once one of two workers takes at most."""

    async def answered_by() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx")
        answer = await reader.read()
        writer.close()
        return answer.rsplit(b"\r\n\r\n", 1)[1]

    return max(Counter(await asyncio.gather(*(answered_by() for _ in range(BURST)))).values())


def test_connections_that_come_at_once_are_divided(serve):
    server = serve(SCRIPT, "--worker_count", "2")
    wait_until(lambda: server.output.count("is ready") == 2, what="two workers")

    async def bursts() -> list[int]:
        return [await burst(server.port) for _ in range(BURSTS)]

    most = asyncio.run(bursts())
    print(sorted(Counter(most).items()))
    assert sum(one == BURST for one in most) < BURSTS / 3


def test_no_worker_is_idle_while_requests_wait_at_another(serve):
    server = serve(SCRIPT, "--worker_count", "2")
    wait_until(lambda: server.output.count("is ready") == 2, what="two workers")
    with Load(server.port, 8, keep_alive=False) as load:
        wait_until(lambda: len(load.succeeded) > 800, what="answers")
    assert load.tally().keys() == {200}
    assert min(Counter(one.body for one in load.succeeded).values()) > 800 * 0.3
