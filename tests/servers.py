"""What tests start: the service in this process, or real servers; and waiting for conditions."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from uvicorn.server import ServerState

from scoredock.accelerators.choice import CPU
from scoredock.observe.metrics.metrics import Metrics
from scoredock.server.service import Service
from scoredock.server.status import WorkerStatus
from scoredock.server.tls import encrypted, load
from scoredock.settings import resolve
from scoredock.web.connection import Connection

START_TIMEOUT_S = 60.0
ECHO = """
    def init():
        pass

    def run(data):
        return data
"""
# For clients of httpx, which read the certificates of all authorities otherwise: 20 ms of work for each client.
TRUSTS_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def wait_until(condition: Callable[[], Any], timeout_s: float = 20.0, what: str = "the condition") -> Any:
    """Poll until ``condition`` returns something true, and return that; fail after ``timeout_s`` seconds."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not come true within {timeout_s} s")
        time.sleep(0.02)


# Below the ports that the system gives to clients; each process of a test run has its own. Runs in several checkouts at
# once need a TEST_PORTS each, the first of their ports.
_A_PROCESS = 1_000
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_FIRST_PORT = int(os.environ.get("TEST_PORTS", "12000")) + _A_PROCESS * _WORKER
_PORTS = itertools.cycle(range(_FIRST_PORT, _FIRST_PORT + _A_PROCESS))


def free_port() -> int:
    """A port that nobody listens on right now, and that is given to nobody else soon."""
    while True:
        port = next(_PORTS)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


class InProcess:
    """The service of one script in this process, with an event loop of its own in a thread."""

    def __init__(self, flags: dict[str, Any], environment: dict[str, str], folder: Path) -> None:
        self._idle_s: float = flags.pop("idle_s", 30)
        settings, self.warnings = resolve(flags, environment, folder)
        self._tls = load(settings)
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)  # a failure must not hang the tests
        self._thread.start()
        self._metrics = Metrics(1, {}) if settings.metrics else None
        counting = self._metrics.worker() if self._metrics is not None else None
        self.service = Service(settings, WorkerStatus(), CPU, None, self._metrics, counting)
        try:
            self._call(self._start())
        except BaseException:
            self.close()
            raise

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request over a connection of its own."""
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30, verify=TRUSTS_NOBODY) as client:
            return client.request(method, path, **more)

    def get(self, path: str, **more: Any) -> httpx.Response:
        """GET."""
        return self.request("GET", path, **more)

    def post(self, path: str = "/score", **more: Any) -> httpx.Response:
        """POST, to /score unless said otherwise."""
        return self.request("POST", path, **more)

    async def _start(self) -> None:
        await self.service.start()
        state = ServerState()
        connect: Any = lambda **_: Connection(self.service.gateway, state, self._idle_s)  # noqa: E731
        if self._tls is not None:
            connect = encrypted(self._tls.context, self.service.gateway.intake, connect)
        self._server = await self._loop.create_server(lambda: connect(server_state=state), "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.connections = state.connections
        self.service.announce()

    def close(self) -> None:
        """End the scoring thread, the connections and the loop."""
        self.service.stop()
        if self._server is not None:
            self._call(self._end_connections(self._server))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        if self._metrics is not None:
            self._metrics.close()

    def tell_connections_to_end(self) -> None:
        """What a server does with its connections when it ends."""

        async def tell() -> None:
            for connection in list(self.connections):
                connection.shutdown()

        self._call(tell())

    async def _end_connections(self, server: asyncio.Server) -> None:
        server.close()
        for connection in list(self.connections):
            connection._transport.abort()
        await asyncio.sleep(0)

    def _call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)


@dataclass
class Server:
    """A real server process; its output goes to a file."""

    process: subprocess.Popen[bytes]
    url: str
    output_file: Path
    port: int
    health_port: int

    @property
    def output(self) -> str:
        """Everything it has written so far."""
        return self.output_file.read_text()

    @property
    def last_line(self) -> str:
        """The last line of its output."""
        return self.output.rstrip().rsplit("\n", 1)[-1]

    def post(self, path: str = "/score", **more: Any) -> httpx.Response:
        """POST, to /score unless said otherwise."""
        return httpx.post(self.url + path, **{"timeout": 30, "verify": TRUSTS_NOBODY, **more})

    def get(self, path: str = "/", **more: Any) -> httpx.Response:
        """GET."""
        return httpx.get(self.url + path, **{"timeout": 30, "verify": TRUSTS_NOBODY, **more})

    def is_ready(self) -> bool:
        """Whether / answers 200."""
        try:
            return self.get("/", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    @property
    def phase(self) -> str:
        """The phase that /readyz tells; empty while nobody answers."""
        try:
            return str(self.get("/readyz", timeout=2).json()["phase"])
        except httpx.HTTPError:
            return ""

    def wait_until_ready(self) -> Server:
        """Return when / answers 200; fail when the process ends before that."""

        def ready_or_ended() -> bool:
            if self.process.poll() is not None:
                pytest.fail(f"the server ended with code {self.process.returncode}:\n{self.output}")
            return self.is_ready()

        wait_until(ready_or_ended, START_TIMEOUT_S, "the server's readiness")
        return self

    def end(self, sig: int = signal.SIGTERM, timeout_s: float = 30) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(sig)
        return self.process.wait(timeout_s)


@contextlib.contextmanager
def serving(
    script: Path | None,
    folder: Path,
    *arguments: str,
    wait: bool = True,
    python: str = sys.executable,
    **environment: str,
) -> Iterator[Server]:
    """``scoredock serve`` on free ports, in ``folder``, for as long as it is needed; ``wait`` until it is ready."""
    port, health_port = free_port(), free_port()
    command = [python, "-m", "scoredock", "serve", "--host", "127.0.0.1", "--port", str(port)]
    if script is not None:
        command += ["--entry_script", str(script)]
    output_file = folder / f"server-{port}.log"
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("AZUREML", "AML_"))}
    variables |= {"HEALTH_PORT": str(health_port), "PYTHONUNBUFFERED": "1", **environment}
    with output_file.open("wb") as output:
        process = subprocess.Popen(
            [*command, *arguments], stdout=output, stderr=subprocess.STDOUT, env=variables, cwd=folder
        )
    server = Server(process, f"http://127.0.0.1:{port}", output_file, port, health_port)
    try:
        yield server.wait_until_ready() if wait else server
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
