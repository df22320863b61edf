"""A load client that keeps account of each request: when it was sent, how it ended, how long that took."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType

HUNG_S = 20.0
STAGGER_S = 0.01  # connections that come at once may all be taken by one worker


@dataclass(frozen=True)
class Outcome:
    """``status`` is 0 where no whole answer came; ``failure`` says why: refused, reset, closed, cut or hung.

    A connection that is closed without a byte of an answer is ``closed``; one that breaks inside an answer is ``cut``.
    ``reused`` says that the connection had carried an answer before: the server had accepted it for certain.
    """

    sent: float
    duration_s: float
    status: int = 0
    failure: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    reused: bool = False


class Load:
    """Requests from a thread of its own, for as long as the with block lasts, and until the last one is answered.

    ``connections`` clients send one request after another, each over one connection, or with ``keep_alive=False`` over
    a new one for each. With ``rate``, requests a second are sent at their time whether earlier ones were answered or
    not, as many at once as ``connections``. A client waits for ``pause_s`` when it got no 200, and leaves
    a request that is not answered within ``patience_s``.
    """

    def __init__(
        self,
        port: int,
        connections: int,
        *,
        body: bytes = b"x",
        path: str = "/score",
        keep_alive: bool = True,
        rate: float = 0.0,
        pause_s: float = 0.02,
        patience_s: float = HUNG_S,
        source: str | None = None,
    ) -> None:
        self._port = port
        self._connections = connections
        self._keep_alive = keep_alive
        self._rate = rate
        self._pause_s = pause_s
        self._patience_s = patience_s
        self._source = (source, 0) if source else None
        method = "POST" if body else "GET"
        close = "" if keep_alive else "Connection: close\r\n"
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n{close}\r\n"
        self._request = head.encode() + body
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._due = 0.0
        self.outcomes: list[Outcome] = []

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Send no more, and wait for the answers that are due."""
        self._over.set()
        self._thread.join()

    @property
    def succeeded(self) -> list[Outcome]:
        """Those that were answered with 200."""
        return [one for one in list(self.outcomes) if one.status == 200]

    @property
    def failed(self) -> list[Outcome]:
        """All others."""
        return [one for one in list(self.outcomes) if one.status != 200]

    def tally(self) -> Counter[int | str]:
        """How many ended how."""
        return Counter(one.failure or one.status for one in list(self.outcomes))

    async def _run(self) -> None:
        self._due = time.monotonic()
        await asyncio.gather(*(self._client(number) for number in range(self._connections)))

    async def _client(self, number: int) -> None:
        if not self._rate:
            await asyncio.sleep(number * STAGGER_S)
        link: _Link | None = None
        while not self._over.is_set():
            if self._rate:
                self._due = max(self._due + 1 / self._rate, time.monotonic() - 0.1)
                await asyncio.sleep(self._due - time.monotonic())
                if self._over.is_set():
                    break
            sent = time.monotonic()
            outcome, link = await self._one(sent, link)
            self.outcomes.append(outcome)
            if outcome.status != 200 and self._pause_s:
                await asyncio.sleep(self._pause_s)
        if link is not None and link.writer is not None:
            link.writer.close()

    async def _one(self, sent: float, link: _Link | None) -> tuple[Outcome, _Link | None]:
        reused = link is not None
        link = link or _Link()
        try:
            outcome = await asyncio.wait_for(self._exchange(sent, link), self._patience_s)
            if self._keep_alive and outcome.headers.get("connection") != "close":
                return outcome, link
        except (TimeoutError, asyncio.TimeoutError):  # two classes before Python 3.11
            outcome = Outcome(sent, time.monotonic() - sent, 0, "hung", reused=reused)
        except (OSError, asyncio.IncompleteReadError) as error:
            cut = link.stage == "cut" or bool(getattr(error, "partial", b""))
            reset = link.stage == "closed" and isinstance(error, OSError)
            failure = "cut" if cut else "reset" if reset else link.stage
            outcome = Outcome(sent, time.monotonic() - sent, 0, failure, reused=reused)
        if link.writer is not None:
            link.writer.close()
        return outcome, None

    async def _exchange(self, sent: float, link: _Link) -> Outcome:
        if link.writer is None:
            link.reader, link.writer = await asyncio.open_connection("127.0.0.1", self._port, local_addr=self._source)
        link.stage = "closed"
        link.writer.write(self._request)
        head = await link.reader.readuntil(b"\r\n\r\n")
        link.stage = "cut"
        status, headers = parse_head(head)
        body = await link.reader.readexactly(int(headers.get("content-length", 0)))
        return Outcome(sent, time.monotonic() - sent, status, "", headers, body)


@dataclass
class _Link:
    reader: asyncio.StreamReader = None  # type: ignore[assignment] # set with the writer
    writer: asyncio.StreamWriter | None = None
    stage: str = "refused"  # what a failure now would be called


def parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    """Status and headers of an answer; names in lower case."""
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    return int(first.split(" ")[1]), {name.lower(): value.strip() for name, _, value in pairs}


def percentile(values: Iterable[float], share: float) -> float:
    """The value below which ``share`` (0 to 1) of ``values`` lie."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
