"""The supervisor: gunicorn's arbiter with our rules for starting, replacing and ending workers.

- Which workers to start and to end is decided by ``fleet``; here it is told what has happened, and done what it says.
  Workers wake this loop when there is news of them.
- A worker whose boot fails before any worker was ready ends the server: exit code 3, the cause last.
- A worker that dies later is replaced, the first time at once and then after 1, 2, 4, … seconds; ``deaths`` says when
  it makes no sense to go on. Successors that cannot boot while another worker serves are tried again without end.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from gunicorn import sock
from gunicorn.errors import HaltServer

from scoredock.errors import BootError, ExitCode
from scoredock.server.changes import FolderWatch
from scoredock.server.deaths import Deaths, provoked
from scoredock.server.fleet import Fleet, Stage
from scoredock.server.health import Health, HealthListener
from scoredock.server.leaving import leave
from scoredock.server.listening import separate_socket, serving_sockets
from scoredock.server.main_loop import MainLoop
from scoredock.server.readiness import readiness
from scoredock.server.script_processes import Forks, end_children
from scoredock.server.status import WorkerStatus
from scoredock.server.stopping import HURRIED_S, end_workers
from scoredock.server.supervised import Supervised
from scoredock.server.worker import ENDING_SIGNALS, HURRY_S, ScoringWorker

RESPAWN_S = 2.0  # until a worker is started again when the system refused one
POLL_S = 1.0
RELOAD_POLL_S = 0.3

logger = logging.getLogger("scoredock.server")


class Supervisor(MainLoop):
    """Keeps ``num_workers`` workers. ``failure`` is what ended the server, for the last line of its output."""

    app: Supervised
    reexec_pid: int
    WORKERS: dict[int, ScoringWorker]

    def __init__(self, app: Supervised) -> None:
        super().__init__(app)
        self.failure: BootError | None = None
        self._fleet = Fleet()
        self._kill_at: dict[int, float] = {}  # when one that was told to end has had time enough
        self._deaths = Deaths()
        self._start_after = 0.0  # no worker before that, since the last one died or could not be started
        self._was_ready = False  # a worker, at any time: the script can be served
        self._vacant_since: float | None = None  # when a worker last left its place by itself: health without any
        self._stopping = False
        self._preparing = False  # what comes before the first fork, which a signal may end at once
        self._waiting_for_change = False  # with --reload, the script is broken: no worker before it is changed
        self._listener: HealthListener | None = None
        settings = app.settings
        self._changes = FolderWatch(lambda: settings.script_folders) if settings.reload else None
        ports = (settings.port, settings.health_listener_port, settings.metrics_port)
        self._forks = Forks([port for port in ports if port is not None])

    # -- start ------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Bind the sockets; with WORKER_PRELOAD, import the script and call init() before any fork."""
        settings = self.app.settings
        try:
            self.LISTENERS = serving_sockets(settings, self.cfg, self.log)
            super().start()
            health_port = separate_socket(settings.host, settings.health_listener_port)
            metrics_port = separate_socket(settings.host, settings.metrics_port if settings.metrics else None)
        except BootError as error:
            sock.close_sockets(self.LISTENERS)
            self.failure = error
            sys.exit(ExitCode.CANNOT_LISTEN)
        covered = [] if settings.share_port else self.LISTENERS
        tls = lambda: self.app.tls  # noqa: E731
        self._listener = HealthListener(
            self._health, covered, health_port, self._wake_read, metrics_port, self._metrics_page, tls, self._fork
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

    def _fork(self) -> int:
        """A process that does something for the supervisor, for a moment."""
        with self._forks.own():
            pid = os.fork()
        if not pid:
            sock.close_sockets(self.LISTENERS, unlink=False)
            if self._listener is not None:
                self._listener.close()
        return pid

    # -- the loop -----------------------------------------------------------------------------------------

    def signal(self, sig: int, frame: Any) -> None:
        """A second SIGTERM hurries, as SIGINT does."""
        if self._preparing and sig in ENDING_SIGNALS:  # nothing is served yet, and a preload's init() may be long
            logging.shutdown()
            os._exit(ExitCode.OK)
        super().signal(signal.SIGINT if self._stopping and sig == signal.SIGTERM else sig, frame)

    def wait(self) -> None:
        """Answer health until a signal comes, a worker has news, or the time is over; look for what tells by itself."""
        if self._listener is not None and self._signals.empty():
            now = time.monotonic()
            due = [at for at in (self._start_after, *self._kill_at.values()) if at > now]
            wait = RELOAD_POLL_S if self._changes is not None else POLL_S
            self._listener.poll(min([wait, *(at - now for at in due)]))
        self._reload_when_changed()
        self._deaths.look()
        if self.app.tls is not None:
            self.app.tls.warn_when_due()

    def _health(self) -> Health:
        if self._stopping:
            return Health(ready=False, phase="draining")
        found = readiness([worker.status for worker in list(self.WORKERS.values())], self.app.device)
        if found is not None:
            return found
        phase, since = ("starting", self._vacant_since) if self._vacant_since is not None else self.app.preload_phase
        return Health(False, "failed" if self._waiting_for_change else phase, time.monotonic() - since)

    # -- workers ------------------------------------------------------------------------------------------

    def manage_workers(self) -> None:
        """Take note of what workers tell, and do what has to be done about them."""
        for pid, worker in self.WORKERS.items():
            self._take_note(pid, worker.status)
        plan = self._fleet.plan(
            self.num_workers, may_start=not self._waiting_for_change and time.monotonic() >= self._start_after
        )
        for pid in plan.end:
            patience_s = self.cfg.graceful_timeout if self.WORKERS[pid].status.was_ready else HURRIED_S
            self._tell_to_end(pid, signal.SIGTERM, patience_s)
        for pid in plan.hurry:
            self._fleet.hurried(pid)
            self._tell_to_end(pid, signal.SIGQUIT, HURRIED_S)
        if plan.start:
            self._start_workers(plan.start)
        now = time.monotonic()
        for pid in [pid for pid, at in self._kill_at.items() if at <= now]:
            if not self.WORKERS[pid].aborted:
                logger.error("Worker %d does not end, and is killed.", pid)
            self.WORKERS[pid].aborted = True
            self._kill_at[pid] = now + POLL_S
            self.kill_worker(pid, signal.SIGKILL)

    def _take_note(self, pid: int, status: WorkerStatus) -> None:
        """What a worker's status tells becomes what has happened, however seldom this looks."""
        if status.was_ready:
            self._fleet.ready(pid)
            if not self._was_ready and self._listener is not None:
                self._listener.take_serving_sockets(self.LISTENERS)
            self._was_ready = True
        if status.phase == "draining" and pid not in self._kill_at:
            self._fleet.ending(pid)
            self._kill_at[pid] = time.monotonic() + self.cfg.graceful_timeout
            self._vacant_since = time.monotonic()
            if not status.wants_replacement and not self._stopping:
                logger.info("Worker %d ends at a signal that was sent to it alone; another one starts.", pid)
        if status.wants_replacement:
            self._fleet.replace(pid, hurt=True)
        elif status.wants_recycling and not self._fleet.replacing:  # each needs memory beside its successor
            self._fleet.replace(pid)

    def _tell_to_end(self, pid: int, sig: int, patience_s: float) -> None:
        self._fleet.ending(pid)
        self._kill_at[pid] = time.monotonic() + patience_s
        self.kill_worker(pid, sig)

    def _start_workers(self, number: int) -> None:
        """No memory, process, file or disk for a worker is no reason to end those that serve."""
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
            self._start_after = time.monotonic() + RESPAWN_S

    def spawn_worker(self) -> int:
        """Fork a worker. In the child this never returns."""
        parent = os.getpid()
        # A signal that came before the child has its own handlers would be lost in copies of this one's.
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
        try:
            with self._forks.own():
                pid: int = super().spawn_worker()
            self._fleet.born(pid)
            return pid
        except SystemExit as end:  # in the child, whose end is none of the server's
            leave(end.code if isinstance(end.code, int) else ExitCode.BOOT_FAILED)
        finally:
            if os.getpid() == parent:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING_SIGNALS)

    def become_worker(self, worker: ScoringWorker) -> None:
        """In a worker, right after the fork: close what is the supervisor's alone, and let this one be killed first."""
        with contextlib.suppress(OSError, ValueError):  # the supervisor can replace a worker, nobody replaces it
            score = Path("/proc/self/oom_score_adj")
            score.write_text(str(min(1000, int(score.read_text()) + 300)))
        if self._listener is not None:
            self._listener.close()
        os.close(self._wake_read)
        worker.status.changed = self.wakeup

    def reexec(self) -> None:
        """SIGUSR2: gunicorn's fork of a server that takes over what listens."""
        with self._forks.own():
            super().reexec()

    def handle_hup(self) -> None:
        """SIGHUP: a new worker for each, without a gap, with the certificate as it is now; none when that is wrong."""
        if not self.app.reload_tls():
            return
        logger.info("SIGHUP: replacing all workers.")
        self._fleet.replace_all()

    def _reload_when_changed(self) -> None:
        changed = self._changes.changed() if self._changes is not None else None
        if changed is not None:
            logger.info("%s changed: restarting the workers.", changed)
            self._fleet.replace_all()
            self._waiting_for_change = False
            self._deaths.forget()
            self._start_after = 0.0

    def murder_workers(self) -> None:
        """Abort workers that gave no sign of life for WORKER_TIMEOUT seconds; a second later they are killed."""
        for pid, worker in self.WORKERS.items():
            if not self.timeout or worker.aborted or worker.status.silent_s <= self.timeout:
                continue
            logger.critical(
                "Worker %d gave no sign of life for %d s (WORKER_TIMEOUT) and is killed: its event loop stands still. "
                "Its threads, on stderr, show why: native code that holds Python's interpreter lock, or a lock that "
                "nobody releases.",
                pid,
                self.timeout,
            )
            worker.aborted = True
            self._kill_at[pid] = time.monotonic() + POLL_S
            self.kill_worker(pid, signal.SIGABRT)

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
        status = worker.status
        self._take_note(pid, status)
        wanted = self._fleet.gone(pid).stage is Stage.ENDING or self._stopping
        self._kill_at.pop(pid, None)
        if self.app.metrics is not None and worker.counting is not None:
            how = "stopped" if self._stopping else "replaced" if wanted else "died"
            self.app.metrics.ended(worker.counting, pid, how)
        if not wanted:
            self._died(pid, status, code)
            return
        ended_by = self._deaths.how(code, self.num_workers)
        if code == ExitCode.OK or not status.was_ready or worker.aborted:
            logger.debug("Worker %d ended (%s).", pid, ended_by)
        else:
            logger.error("Worker %d died while it drained, with what was in flight: %s", pid, ended_by)

    def _died(self, pid: int, status: WorkerStatus, code: int) -> None:
        """A worker that nobody told to end has ended. Raises HaltServer when that ends the server."""
        self._vacant_since = time.monotonic()
        failed = status.phase == "failed"
        cause = self._deaths.cause(pid, status, code, self.num_workers)
        if self._changes is not None and failed:
            self._waiting_for_change = True
            logger.error("%s", status.message)
            logger.info("Waiting for a change in %s.", self.app.settings.script_folder)
            return
        if failed and not self._was_ready:
            self._end(status.message, ExitCode.BOOT_FAILED)
        logger.error("%s%s", cause[:1].upper(), cause[1:])
        by_request = provoked(status)
        self._deaths.count(status.elapsed_s, by_request)
        others_serve = any(one.status.is_ready for one in self.WORKERS.values())
        if self._deaths.too_many and not by_request and (status.was_ready or not others_serve):
            many = self._deaths.unprovoked
            self._end(f"{many} workers died in a row; the last: {cause}", ExitCode.WORKERS_KEEP_DYING)
        self._start_after = time.monotonic() + self._deaths.backoff_s
        logger.info("A new worker starts in %d s.", self._deaths.backoff_s)

    def _end(self, cause: str, code: ExitCode) -> NoReturn:
        self.failure = BootError("boot", cause)
        raise HaltServer(cause, code)

    # -- the end ------------------------------------------------------------------------------------------

    def halt(self, reason: str | None = None, exit_status: int = 0) -> NoReturn:
        """Stop and leave with ``exit_status``. The reason is told last, by the application."""
        self.stop()
        self.cfg.on_exit(self)
        sys.exit(exit_status)

    def stop(self, graceful: bool = True) -> None:
        """End the workers; in flight requests have SCOREDOCK_DRAIN_TIMEOUT_S when it is graceful. Once is enough."""
        if self._stopping:
            return
        self._stopping = True
        if self.failure is None:
            in_flight_s = self.app.settings.drain_timeout_s if graceful else HURRY_S
            logger.info("Stopping: what is in flight has %d s.", in_flight_s)
        if self._listener is not None:
            self._listener.leave_serving_sockets()
        end_workers(self, self.signals, graceful)
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        end_children()
