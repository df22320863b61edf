"""A connection between two answers: what comes just when one was sent, and the next one is about to be made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from uvicorn.server import ServerState

from scoredock.web.connection import Connection
from scoredock.web.ids import IdReader
from scoredock.web.incoming import Incoming
from scoredock.web.intake import Intake
from scoredock.web.spare import SpareConnections
from scoredock.web.streaming import StreamedBody


class Transport(asyncio.Transport):
    """The other end: keeps what is written, and when it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[str] = []

    def write(self, data: Any) -> None:
        self.log.append(data.split(b"\r\n\r\n")[-1].decode())

    def close(self) -> None:
        self.log.append("closed")

    def is_closing(self) -> bool:
        return "closed" in self.log

    def can_write_eof(self) -> bool:
        return False

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


class Gateway:
    """Keeps requests until the test answers them."""

    may_call = None

    def __init__(self) -> None:
        self.intake = Intake(1000)
        self.spare = SpareConnections(cast("Any", self), IdReader())
        self.requests: list[Incoming] = []
        self.streamed_statuses: list[int] = []

    def handle(self, incoming: Incoming) -> None:
        self.requests.append(incoming)

    def left(self, incoming: Incoming) -> None:
        raise AssertionError

    def streamed(self, incoming: Incoming, status: int, whole: bool) -> None:
        self.streamed_statuses.append(status)

    def stream_failed(self, incoming: Incoming, late: bool) -> None:
        raise AssertionError


def run(test: Callable[[Connection, Gateway, Transport], Any]) -> list[str]:
    """What a client sees of a connection that has got two requests at once."""

    async def main() -> list[str]:
        gateway, transport = Gateway(), Transport()
        connection = Connection(gateway, ServerState(), 30)  # type: ignore[arg-type]
        connection.connection_made(transport)
        connection.data_received(
            b"".join(b"POST /score HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n%d" % one for one in (1, 2))
        )
        try:
            await test(connection, gateway, transport)
        finally:
            connection._watch.end()
        return transport.log

    return asyncio.run(main())


@pytest.mark.parametrize("event", ["rubbish", "end", "hang up", "too large", "100-continue"])
def test_what_comes_between_two_answers_does_not_spoil_the_second(event: str) -> None:
    async def between(connection: Connection, gateway: Gateway, transport: Transport) -> None:
        connection.send(gateway.requests[0], 200, [], b"one")  # the next one is taken in the loop's next turn
        if event == "rubbish":
            connection.data_received(b"\x16 rubbish\r\n\r\n")
        elif event == "end":
            connection.shutdown()
        elif event == "hang up":
            connection.hang_up()
        else:
            more = b"Content-Length: 2000" if event == "too large" else b"Content-Length: 2\r\nExpect: 100-continue"
            connection.data_received(b"POST /score HTTP/1.1\r\nHost: a\r\n" + more + b"\r\n\r\n")
            connection.data_received(b"x" * (2000 if event == "too large" else 2))
        await asyncio.sleep(0)
        connection.send(gateway.requests[1], 200, [], b"two")
        await asyncio.sleep(0)
        for number in range(2, len(gateway.requests)):
            connection.send(gateway.requests[number], 200, [], b"three")

    seen = run(between)
    if event == "100-continue":
        assert seen == ["one", "two", "three"]
    elif event == "too large":
        assert seen == ["one", "two", "three", "closed"]
    else:
        assert seen == ["one", "two", "closed"]


def test_a_stream_that_cannot_be_sent_is_an_answer_that_has_ended() -> None:
    async def broken(connection: Connection, gateway: Gateway, transport: Transport) -> None:
        body = StreamedBody([], asyncio.get_running_loop())
        connection.stream(gateway.requests[0], 200, [(b"content-length", b"ten")], body)
        while not gateway.streamed_statuses:
            await asyncio.sleep(0)
        assert body._closed
        assert connection._answering is None

    assert run(broken) == ["closed"]
