"""The supervisor: gunicorn's arbiter with our rules for starting, replacing and ending workers.

- A worker whose boot fails before any worker was ready ends the server: exit code 3, the cause last.
- A worker that dies later is replaced, the first time at once and then after 1, 2, 4, … seconds; after five
  deaths in a row, with no worker that lived a minute in between, the server ends; unless it is successors that
  cannot boot, while another worker serves: they are tried again.
- A worker that is to be replaced (stuck, reloaded, old) keeps serving until its successor is ready. Old ones are
  replaced one after another: each needs memory beside its successor.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from gunicorn import sock
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer

from scoredock.errors import BootError, ExitCode
from scoredock.server.changes import FolderWatch
from scoredock.server.deaths import Deaths
from scoredock.server.health import Health, HealthListener
from scoredock.server.shared_port import reserve
from scoredock.server.stopping import end_workers
from scoredock.server.supervised import Supervised
from scoredock.server.worker import ENDING_SIGNALS, ScoringWorker

RESPAWN_S = 2.0  # until a worker is started again when the system refused one
POLL_S = 1.0
RELOAD_POLL_S = 0.3

logger = logging.getLogger("scoredock.server")


class Supervisor(Arbiter):  # type: ignore[misc] # gunicorn has no types
    """Keeps ``num_workers`` workers. ``failure`` is what ended the server, for the last line of its output."""

    app: Supervised
    reexec_pid: int
    WORKERS: dict[int, ScoringWorker]

    def __init__(self, app: Supervised) -> None:
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        super().__init__(app)
        self.failure: BootError | None = None
        self.exit_code = ExitCode.OK
        self._outgoing: set[int] = set()
        self._told_to_end: set[int] = set()
        self._deaths = Deaths()
        self._spawn_after = 0.0
        self._was_ready = False
        self._between_workers: tuple[str, float] | None = None  # phase and time of the last worker's end
        self._stopping = False
        self._preparing = False
        self._waiting_for_change = False
        self._listener: HealthListener | None = None
        settings = app.settings
        self._changes = FolderWatch(settings.script_folder) if settings.reload else None

    # -- start ------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Bind the sockets; with WORKER_PRELOAD, import the script and call init() before any fork."""
        settings = self.app.settings
        try:
            if settings.share_port:
                self.LISTENERS = [reserve(settings.host, settings.port, self.cfg, self.log)]
            super().start()
        except (SystemExit, OSError):
            self._cannot_listen(settings.port)
        health_port = self._bind(settings.host, settings.health_listener_port)
        metrics_port = self._bind(settings.host, settings.metrics_port if settings.metrics else None)
        covered = [] if settings.share_port else self.LISTENERS
        self._listener = HealthListener(
            self._health, covered, health_port, self._wake_read, metrics_port, self._metrics_page, lambda: self.app.tls
        )
        self._preparing = True
        try:
            with self._listener.in_thread() if self.app.prepares_long else contextlib.nullcontext():
                self.app.prepare()
        except BootError as error:
            self.failure = error
            raise HaltServer("The script could not be preloaded.", ExitCode.BOOT_FAILED) from None
        finally:
            self._preparing = False

    def _metrics_page(self) -> bytes:
        return self.app.metrics.page() if self.app.metrics is not None else b""

    def _bind(self, host: str, port: int | None) -> socket.socket | None:
        if port is None:
            return None
        try:
            return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        except OSError:
            sock.close_sockets(self.LISTENERS)
            self._cannot_listen(port)

    def _cannot_listen(self, port: int) -> NoReturn:
        self.failure = BootError(
            "listen", f"port {port} cannot be listened on. Stop what uses it, or choose another port."
        )
        sys.exit(ExitCode.CANNOT_LISTEN)

    def run(self) -> None:
        """Run until the end; leaves by SystemExit with an ExitCode."""
        try:
            super().run()
        except HaltServer as stop:  # raised by start(), which the base class runs before its own handler
            self.halt(reason=stop.reason, exit_status=stop.exit_status)

    # -- the loop -----------------------------------------------------------------------------------------

    def signal(self, sig: int, frame: Any) -> None:
        """A signal handler: queue the signal and wake the loop. A second SIGTERM hurries, as SIGINT does."""
        if self._preparing and sig in ENDING_SIGNALS:  # nothing is served yet, and a preload's init() may be long
            logging.shutdown()
            os._exit(ExitCode.OK)
        super().signal(signal.SIGINT if self._stopping and sig == signal.SIGTERM else sig, frame)
        self._wake()

    def signal_chld(self, sig: int, frame: Any) -> None:
        """The handler of SIGCHLD: likewise."""
        super().signal_chld(sig, frame)
        self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_write, b"!")

    def wait_for_signals(self, timeout: float = POLL_S) -> list[int]:
        """Answer health until a signal comes or the time is over; returns the signals that came."""
        if self._listener is not None and self.SIG_QUEUE.empty():
            wait = RELOAD_POLL_S if self._changes is not None else timeout
            if self._spawn_after > time.monotonic():
                wait = min(wait, self._spawn_after - time.monotonic())
            self._listener.poll(max(wait, 0.0))
        self._reload_when_changed()
        self._deaths.look()
        if self.app.tls is not None:
            self.app.tls.warn_when_due()
        return self._signals()

    def _signals(self) -> list[int]:
        """The signals that came since this was last called."""
        signals = []
        with contextlib.suppress(queue.Empty):
            while True:
                sig = self.SIG_QUEUE.get_nowait()
                if sig != self.WAKEUP_REQUEST:
                    signals.append(sig)
        return signals

    def _health(self) -> Health:
        phases = [(worker.status.phase, worker.status.elapsed_s) for worker in list(self.WORKERS.values())]
        if self._stopping:
            return Health(ready=False, phase="draining")
        if any(phase == "ready" for phase, _ in phases):
            return Health(ready=True, phase="ready", device=self.app.device)
        if not phases:
            phase, since = self._between_workers or self.app.preload_phase
            return Health(False, "failed" if self._waiting_for_change else phase, time.monotonic() - since)
        phase, elapsed_s = min(phases, key=lambda one: one[1])
        return Health(ready=False, phase=phase, elapsed_s=elapsed_s)

    # -- workers ------------------------------------------------------------------------------------------

    def manage_workers(self) -> None:
        """Start missing workers, retire those whose successor is ready, end those that are too many."""
        self._was_ready = self._was_ready or any(one.status.phase == "ready" for one in self.WORKERS.values())
        self._outgoing |= {pid for pid, one in self.WORKERS.items() if one.status.wants_replacement}
        if not self._outgoing:
            self._outgoing |= set([pid for pid, one in self.WORKERS.items() if one.status.wants_recycling][:1])
        staying = {pid: one for pid, one in self.WORKERS.items() if pid not in self._outgoing}
        if not self._waiting_for_change and time.monotonic() >= self._spawn_after:
            self._spawn(self.num_workers - len(staying))
        ready = [one for one in staying.values() if one.status.phase == "ready"]
        if len(ready) >= self.num_workers:
            for pid in self._outgoing:
                self._retire(pid)
        surplus = sorted(staying.items(), key=lambda item: item[1].age)[: max(0, len(staying) - self.num_workers)]
        for pid, _ in surplus:
            self._retire(pid)

    def _spawn(self, number: int) -> None:
        """Start workers. No memory, process, file or disk for one is no reason to end those that serve."""
        umask = os.umask(0o077)
        os.umask(umask)
        try:
            for _ in range(number):
                self.spawn_worker()
        except OSError as error:
            os.umask(umask)  # gunicorn leaves it open when it cannot make a worker's file
            if self.app.metrics is not None:  # nor does it tell of the one whose place in the metrics is claimed
                self.app.metrics.only(one.counting for one in self.WORKERS.values() if one.counting is not None)
            cause = f"a worker cannot be started: {error}"
            if not self._was_ready:
                self._end(cause, ExitCode.BOOT_FAILED)
            logger.error("%s%s. Trying again in %d s.", cause[:1].upper(), cause[1:], RESPAWN_S)
            self._spawn_after = time.monotonic() + RESPAWN_S

    def spawn_worker(self) -> int:
        """Fork a worker. In the child this never returns."""
        parent = os.getpid()
        # A signal that came before the child has its own handlers would be lost in copies of this one's.
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
        try:
            pid: int = super().spawn_worker()
            return pid
        finally:
            if os.getpid() == parent:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING_SIGNALS)

    def forget_in_child(self) -> None:
        """In a worker, right after the fork: close what is the supervisor's alone, and let this one be killed first."""
        with contextlib.suppress(OSError, ValueError):  # the supervisor can replace a worker, nobody replaces it
            score = Path("/proc/self/oom_score_adj")
            score.write_text(str(min(1000, int(score.read_text()) + 300)))
        if self._listener is not None:
            self._listener.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _retire(self, pid: int) -> None:
        if pid not in self._told_to_end:
            self._told_to_end.add(pid)
            self.kill_worker(pid, signal.SIGTERM)

    def handle_hup(self) -> None:
        """SIGHUP: a new worker for each, without a gap, with the certificate as it is now; none when that is wrong."""
        if not self.app.reload_tls():
            return
        logger.info("SIGHUP: replacing all workers.")
        self._outgoing |= set(self.WORKERS)

    def _reload_when_changed(self) -> None:
        changed = self._changes.changed() if self._changes is not None else None
        if changed is not None:
            logger.info("%s changed: restarting the workers.", changed)
            self._outgoing |= set(self.WORKERS)
            self._waiting_for_change = False
            self._deaths.forget()
            self._spawn_after = 0.0

    def murder_workers(self) -> None:
        """Kill workers that gave no sign of life for WORKER_TIMEOUT seconds."""
        if not self.timeout:
            return
        for pid, worker in list(self.WORKERS.items()):
            with contextlib.suppress(OSError, ValueError):
                if time.monotonic() - worker.tmp.last_update() <= self.timeout:
                    continue
                if not worker.aborted:
                    logger.critical(
                        "Worker %d gave no sign of life for %d s (WORKER_TIMEOUT) and is killed: native code "
                        "in run() or init() holds Python's interpreter lock. Its threads follow on stderr.",
                        pid,
                        self.timeout,
                    )
                self.kill_worker(pid, signal.SIGKILL if worker.aborted else signal.SIGABRT)
                worker.aborted = True

    def reap_workers(self) -> None:
        """Take note of every child that has ended. Raises HaltServer when that ends the server."""
        if self._stopping and self._listener is not None:
            self._listener.poll(0)
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, wait_status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    break
                if pid == self.reexec_pid:
                    self.reexec_pid = 0
                    continue
                worker = self.WORKERS.pop(pid, None)
                if worker is not None:
                    worker.tmp.close()
                    self._ended(pid, worker, os.waitstatus_to_exitcode(wait_status))

    def _ended(self, pid: int, worker: ScoringWorker, code: int) -> None:
        wanted = pid in self._told_to_end or self._stopping
        if self.app.metrics is not None and worker.counting is not None:
            how = "stopped" if self._stopping else "replaced" if wanted else "died"
            self.app.metrics.ended(worker.counting, pid, how)
        self._outgoing.discard(pid)
        self._told_to_end.discard(pid)
        status = worker.status
        if wanted:
            ended_by = self._deaths.how(code, self.num_workers)
            if code == ExitCode.OK or status.phase != "draining" or worker.aborted:
                logger.debug("Worker %d ended (%s).", pid, ended_by)
            else:
                logger.error("Worker %d died while it drained, with what was in flight: %s", pid, ended_by)
            return
        self._between_workers = ("starting", time.monotonic())
        failed = status.phase == "failed"
        cause = self._deaths.cause(pid, status, code, self.num_workers)
        if self._changes is not None and failed:
            self._waiting_for_change = True
            logger.error("%s", cause)
            logger.info("Waiting for a change in %s.", self.app.settings.script_folder)
            return
        if failed and not self._was_ready:
            self._end(cause, ExitCode.BOOT_FAILED)
        logger.error("%s%s", cause[:1].upper(), cause[1:])
        self._deaths.count(status.elapsed_s)
        others_serve = any(one.status.phase == "ready" for one in self.WORKERS.values())
        if self._deaths.too_many and (status.phase == "ready" or not others_serve):
            self._end(f"{self._deaths.in_a_row} workers died in a row; the last: {cause}", ExitCode.WORKERS_KEEP_DYING)
        self._spawn_after = time.monotonic() + self._deaths.backoff_s
        logger.info("A new worker starts in %d s.", self._deaths.backoff_s)

    def _end(self, cause: str, code: ExitCode) -> None:
        self.failure = BootError("boot", cause)
        raise HaltServer(cause, code)

    # -- the end ------------------------------------------------------------------------------------------

    def halt(self, reason: str | None = None, exit_status: int = 0) -> NoReturn:
        """Stop and leave with ``exit_status``. The reason is told last, by the application."""
        self.stop()
        self.cfg.on_exit(self)
        sys.exit(exit_status)

    def stop(self, graceful: bool = True) -> None:
        """End the workers; in flight requests have SCOREDOCK_DRAIN_TIMEOUT_S when it is graceful."""
        if self.failure is None:
            logger.info("Stopping: what is in flight has %d s.", self.app.settings.drain_timeout_s)
        self._stopping = True
        if self._listener is not None:
            self._listener.leave_serving_sockets()
        end_workers(self, self._signals, graceful)
        if self._listener is not None:
            self._listener.close()
            self._listener = None
