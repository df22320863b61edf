"""The end of a server: its workers finish what is in flight, hurry when that is asked for, or are killed."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any, Protocol

from gunicorn import sock

from scoredock.server.worker import ScoringWorker

POLL_S = 0.1
HURRIED_S = 3.0  # worker.HURRY_S and HURRIED_FLUSH_S, connection.LINGER_S, and a little


class Arbiter(Protocol):
    """What is needed of gunicorn's arbiter, whose names these are."""

    LISTENERS: list[Any]
    WORKERS: dict[int, ScoringWorker]
    cfg: Any

    def kill_workers(self, sig: int) -> None:
        """Send all of them a signal."""

    def reap_workers(self) -> None:
        """Forget those that have ended."""


def end_workers(arbiter: Arbiter, signals: Callable[[], list[int]], graceful: bool) -> None:
    """What gunicorn's arbiter does at its end, by a clock that nobody sets.

    ``signals`` gives those that have come since it was last called: SIGINT and SIGQUIT hurry.
    """
    sock.close_sockets(arbiter.LISTENERS)
    arbiter.LISTENERS = []
    arbiter.kill_workers(signal.SIGTERM if graceful else signal.SIGQUIT)
    deadline = time.monotonic() + arbiter.cfg.graceful_timeout
    while arbiter.WORKERS and time.monotonic() < deadline:
        hurry = {signal.SIGINT, signal.SIGQUIT} & set(signals())
        if hurry and graceful:
            graceful = False
            arbiter.kill_workers(signal.SIGQUIT)
            deadline = time.monotonic() + HURRIED_S
        arbiter.reap_workers()
        if arbiter.WORKERS:
            time.sleep(POLL_S)
    for worker in arbiter.WORKERS.values():
        worker.aborted = True
    arbiter.kill_workers(signal.SIGKILL)
    arbiter.reap_workers()
