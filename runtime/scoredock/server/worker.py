"""The worker process: uvicorn inside gunicorn, with the script's boot before the first connection."""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import logging
import os
import signal
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any, cast

import uvicorn
import uvloop
from gunicorn.workers.base import Worker
from uvicorn_worker import UvicornWorker

from scoredock.errors import BootError, ExitCode
from scoredock.observe.metrics.counting import Counting
from scoredock.server.accepting import Acceptor
from scoredock.server.leaving import leave
from scoredock.server.service import FLUSH_S, Service
from scoredock.server.status import WorkerStatus
from scoredock.server.tls import encrypted
from scoredock.web.connection import Connection

BEAT_S = 1.0
HURRY_S = 1.0
HURRIED_FLUSH_S = 0.5
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)

logger = logging.getLogger("scoredock.server")


class ScoringWorker(UvicornWorker):  # type: ignore[misc] # gunicorn and uvicorn-worker have no types
    """A gunicorn worker that runs one Service. ``status`` is shared with the supervisor."""

    CONFIG_KWARGS = {  # noqa: RUF012 - the base class's way to be configured
        "ws": "none",
        "lifespan": "off",
        "interface": "asgi3",
        "access_log": False,
        "proxy_headers": False,
        "server_header": False,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.status = WorkerStatus()
        self.counting: Counting | None = self.app.metrics.worker() if self.app.metrics is not None else None
        uvicorn_log = logging.getLogger("uvicorn.error")  # through our handlers, not gunicorn's
        uvicorn_log.handlers, uvicorn_log.propagate = [], True
        uvicorn_log.setLevel(logging.DEBUG if self.app.settings.log_level == "DEBUG" else logging.WARNING)
        self.config.timeout_graceful_shutdown = self.cfg.graceful_timeout

    def load_wsgi(self) -> None:
        """Wire this process's service."""
        faulthandler.enable()
        self.service: Service = self.app.service(self.status, self.counting)
        idle_s = self.config.timeout_keep_alive

        def connect(*, server_state: Any, **_: Any) -> Connection:
            self.status.call()
            return Connection(self.service.gateway, server_state, idle_s)

        self.config.http = connect
        if self.app.tls is not None:
            self.config.http = encrypted(self.app.tls.context, self.service.gateway.intake, self.config.http)
        self.wsgi = self.service.gateway  # never called: the connections go to it themselves

    def init_process(self) -> None:
        """gunicorn's: that of older uvicorn-workers sets up an event loop by what newer uvicorns do not have."""
        Worker.init_process(self)

    def run(self) -> None:
        """Serve until the end, and leave: of whatever still runs in threads, nothing is waited for."""
        leave(uvloop.new_event_loop().run_until_complete(self._serve()))

    async def _serve(self) -> int:
        """The exit code."""
        self.config.app = self.wsgi
        settings = self.app.settings
        alone = settings.worker_count == 1
        server = _Server(self.config, self.service, self.status, settings.drain_timeout_s, alone)
        asyncio.get_running_loop().add_signal_handler(signal.SIGQUIT, server.hurry)
        beat = asyncio.ensure_future(self._beat(server))
        try:
            await server.serve(sockets=self.sockets)
        except BootError as error:
            self.status.report("failed", str(error))
            return ExitCode.BOOT_FAILED
        finally:
            beat.cancel()
        return ExitCode.OK

    async def _beat(self, server: _Server) -> None:
        """Tell the supervisor that this process lives, also while init() runs; end when the supervisor is gone."""
        while os.getppid() == self.ppid:
            connections = len(server.server_state.connections)
            self.status.beat(called_for=bool(connections or self.service.scoring))
            self.service.measure(connections)
            await asyncio.sleep(min(BEAT_S, self.timeout / 2 or BEAT_S))
        logger.critical("The supervisor is gone; worker %d ends.", os.getpid())
        server.handle_exit(signal.SIGTERM, None)

    def notify(self) -> None:
        """gunicorn's and uvicorn's sign of life, a file's time: the supervisor reads the status instead."""


class _Server(uvicorn.Server):
    """uvicorn's server, which boots the service first and drains it last."""

    def __init__(
        self, config: uvicorn.Config, service: Service, status: WorkerStatus, drain_s: float, alone: bool
    ) -> None:
        super().__init__(config)
        self._alone = alone
        self._service = service
        self._status = status
        self._drain_s = drain_s
        self._flush_s = FLUSH_S
        self._leaves_waiting = False  # connections that wait at the socket: others take them
        service.exhausted = self._exhausted

    async def startup(self, sockets: Any = None) -> None:
        await self._service.start()
        if self._alone:
            await super().startup(sockets)
        else:
            state = self.server_state
            connected, tls, backlog = self._connected, self.config.ssl, self.config.backlog
            servers: Any = [Acceptor(sockets, connected, lambda: bool(state.connections), tls, backlog)]
            self.servers, self.started = servers, True
        self._status.report("ready")
        self._service.announce()

    def _connected(self) -> Any:
        """A protocol for a new connection."""
        protocol: Any = self.config.http
        return protocol(server_state=self.server_state)

    async def on_tick(self, counter: int) -> bool:
        """Called by uvicorn ten times a second."""
        if self._service.recycling.wanted:
            self._service.recycling.look()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: Any = None) -> None:
        self._service.begin_drain()
        if not self._leaves_waiting:
            await self._accept_who_waits(sockets or [])
        self._told = set(self.server_state.connections)  # by uvicorn, in a moment; others are just being accepted
        self._drain = asyncio.ensure_future(self._finish(self._drain_s))
        await super().shutdown(sockets)
        self._drain.cancel()
        self._service.stop(self._flush_s)

    async def _accept_who_waits(self, sockets: Any) -> None:
        """Take the connections that the kernel has made already: closing the socket would reset them."""
        loop = asyncio.get_running_loop()
        for listener in sockets:
            with contextlib.suppress(OSError):  # BlockingIOError: no more of them
                while True:
                    accepted, _ = listener.accept()
                    accepted.setblocking(False)
                    await loop.connect_accepted_socket(self._connected, accepted, ssl=self.config.ssl)

    def _exhausted(self) -> None:
        """No scoring thread is left: connections are for other workers, or the supervisor, and this one ends."""
        logger.error("Worker %d: all its scoring threads are stuck; it takes no more requests, and ends.", os.getpid())
        self._leaves_waiting = self.should_exit = True
        self._drain_s = HURRY_S  # what still comes in cannot be scored
        for server in self.servers:
            server.close()
        self._service.begin_drain()

    def hurry(self) -> None:
        """SIGQUIT: answer what is in flight within a second, or with 503."""
        self.handle_exit(signal.SIGQUIT, None)
        self._drain_s, self._flush_s = HURRY_S, HURRIED_FLUSH_S
        if hasattr(self, "_drain"):
            self._drain.cancel()
            self._drain = asyncio.ensure_future(self._finish(HURRY_S))

    async def _finish(self, drain_s: float) -> None:
        """Give requests ``drain_s`` seconds to come in and be answered; then answer with 503, and hang up."""
        deadline = time.monotonic() + drain_s
        while self.server_state.connections and time.monotonic() < deadline:
            for connection in self.server_state.connections - self._told:
                self._told.add(connection)
                connection.shutdown()
            await asyncio.sleep(0.02)
        if self.server_state.connections:
            logger.warning(
                "Worker %d: the time to drain (%.0f s) is over; requests that get 503: %d, connections still open: %d.",
                os.getpid(),
                drain_s,
                self._service.unfinished,
                len(self.server_state.connections),
            )
            await self._service.drain(0)
            for connection in list(self.server_state.connections):
                cast("Connection", connection).hang_up()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if not self.started:  # init() cannot be interrupted, and nothing was accepted yet
            self._status.report("draining")
            logging.shutdown()
            os._exit(ExitCode.OK)
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle SIGTERM and SIGINT; unlike uvicorn's, do not die of them again after the shutdown."""
        for sig in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sig, self.handle_exit)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING_SIGNALS)  # blocked by the supervisor before the fork
        yield
