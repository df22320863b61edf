"""Processes that a script forks, in init() or run(): they are none of the server's, and end with their worker.

A fork copies the server's signal handlers, which would keep the child from ending, and its sockets, which would keep
the port in use when the server is gone.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

GRACE_S = 1.0  # from SIGTERM to SIGKILL
KILLED_S = 0.2
ENDING_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP}


class Forks:
    """Frees children that are forked in this process, and in those forked from it, of what is the server's.

    ``ports`` are the ports of the server: no child has a socket of one of them, listening or connected.
    """

    def __init__(self, ports: Collection[int]) -> None:
        self._ports = frozenset(ports)
        self._own = False
        self._thread = threading.local()
        os.register_at_fork(before=self._hold, after_in_parent=self._release, after_in_child=self._in_child)

    @contextlib.contextmanager
    def own(self) -> Iterator[None]:
        """A child that is forked in the with block is a process of the server and keeps everything."""
        self._own = True
        try:
            yield
        finally:
            self._own = False

    def _hold(self) -> None:
        """A signal that is sent to the child right after its birth would go to the server's handlers."""
        if not self._own:
            self._thread.mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())

    def _release(self) -> None:
        if not self._own:
            signal.pthread_sigmask(signal.SIG_SETMASK, self._thread.mask)

    def _in_child(self) -> None:
        if self._own:
            self._own = False  # what this child forks is a script's
            _forget_children()
            return
        signal.set_wakeup_fd(-1)
        for number in signal.valid_signals():
            if callable(signal.getsignal(number)):
                signal.signal(number, signal.SIG_DFL)
        self._let_go()
        signal.pthread_sigmask(signal.SIG_SETMASK, self._thread.mask - ENDING_SIGNALS)

    def _let_go(self) -> None:
        """Put /dev/null in the place of the server's sockets: a number that was closed could be closed twice."""
        nowhere = os.open(os.devnull, os.O_RDWR)
        for link in list(Path("/proc/self/fd").iterdir()):
            with contextlib.suppress(OSError):
                if str(link.readlink()).startswith("socket:") and self._is_ours(int(link.name)):
                    os.dup2(nowhere, int(link.name), inheritable=False)
        os.close(nowhere)

    def _is_ours(self, descriptor: int) -> bool:
        copy = socket.socket(fileno=os.dup(descriptor))
        with copy:
            name = copy.getsockname()
            return copy.family in (socket.AF_INET, socket.AF_INET6) and name[1] in self._ports


def end_children() -> None:
    """End what multiprocessing has started in this process: SIGTERM, and SIGKILL a second later.

    Python ends daemons so, and waits for others without limit. What the script started in other ways is left alone, as
    Python leaves it.
    """
    processes = sys.modules.get("multiprocessing.process")
    children = processes.active_children() if processes is not None else []
    for how, within_s in (("terminate", GRACE_S), ("kill", KILLED_S)):
        for child in children:
            with contextlib.suppress(OSError, ValueError):
                getattr(child, how)()
        children = _living(children, within_s)


def _living(children: list[BaseProcess], within_s: float) -> list[BaseProcess]:
    """Those that still live after so many seconds; returns earlier when there are none."""
    from multiprocessing.connection import wait

    deadline = time.monotonic() + within_s
    while True:
        # Who reaps all children of a process, as the supervisor does, takes their exit codes from multiprocessing.
        children = [one for one in children if one.exitcode is None and not wait([one.sentinel], 0)]
        left_s = deadline - time.monotonic()
        if not children or left_s <= 0:
            return children
        wait([one.sentinel for one in children], left_s)


def _forget_children() -> None:
    """In a process of the server, right after its fork: its parent's children are not its own."""
    processes = sys.modules.get("multiprocessing.process")
    if processes is not None:
        processes.__dict__["_children"] = set()
