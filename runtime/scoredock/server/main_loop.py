"""gunicorn's arbiter with a main loop and a queue of signals of its own: gunicorn's changed within its versions."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
from abc import abstractmethod
from typing import Any, NoReturn

from gunicorn import util
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer


class MainLoop(Arbiter):  # type: ignore[misc] # gunicorn has no types
    """What signals do is gunicorn's: ``handle_hup``, ``handle_term``, ... by their names."""

    def __init__(self, app: Any) -> None:
        self._signals: queue.SimpleQueue[int] = queue.SimpleQueue()  # which a handler may use at any moment
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        super().__init__(app)

    def init_signals(self) -> None:
        """Queue all signals that gunicorn knows; a child's end only wakes the loop, which looks for it each time."""
        self.log.close_on_exec()
        for sig in self.SIGNALS:
            signal.signal(sig, self.signal)
        signal.signal(signal.SIGCHLD, lambda *_: self.wakeup())

    def signal(self, sig: int, frame: Any) -> None:
        """A signal handler: queue the signal and wake the loop."""
        self._signals.put_nowait(sig)
        self.wakeup()

    def wakeup(self) -> None:
        """End the present wait, or the next one. Workers do that, too."""
        with contextlib.suppress(OSError):  # a pipe that is full wakes it too; in a worker, its supervisor may be gone
            os.write(self._wake_write, b"!")

    def signals(self) -> list[int]:
        """Those that came since this was last called."""
        came = []
        with contextlib.suppress(queue.Empty):
            while True:
                came.append(self._signals.get_nowait())
        return came

    @abstractmethod
    def wait(self) -> None:
        """Return when ``_wake_read`` can be read, after having emptied it, or when it is time for a look."""

    @abstractmethod
    def halt(self, reason: str | None = None, exit_status: int = 0) -> NoReturn:
        """Stop, and leave by SystemExit."""

    def run(self) -> None:
        """Run until the end; leaves by SystemExit with an ExitCode."""
        try:
            self.start()
            util._setproctitle(f"master [{self.proc_name}]")
            self._loop()
        except HaltServer as stop:
            self.halt(reason=stop.reason, exit_status=stop.exit_status)

    def _loop(self) -> None:
        try:
            self.manage_workers()
            while True:
                self.maybe_promote_master()
                self.wait()
                for sig in self.signals():
                    self._handle(sig)
                self.reap_workers()
                self.murder_workers()
                self.manage_workers()
        except (StopIteration, KeyboardInterrupt):  # how gunicorn's handlers end the loop; a script's SIGINT
            self.halt()
        except HaltServer:
            raise
        except Exception:
            self.log.error("Unhandled exception in main loop", exc_info=True)
            self.stop(False)
            sys.exit(-1)

    def _handle(self, sig: int) -> None:
        name = self.SIG_NAMES[sig]
        self.log.info("Handling signal: %s", name)
        getattr(self, f"handle_{name}")()
