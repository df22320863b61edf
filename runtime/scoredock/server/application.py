"""The gunicorn application: our settings in gunicorn's words, and what supervisor and workers share."""

from __future__ import annotations

import gc
import logging
import os
import tempfile
import time
from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from scoredock.accelerators.choice import CPU, choose
from scoredock.access import Access, hide_secrets
from scoredock.errors import BootError, ExitCode, SettingError
from scoredock.observe.metrics.counting import Counting
from scoredock.observe.metrics.metrics import Metrics
from scoredock.observe.process_memory import return_large_blocks
from scoredock.observe.service_info import service_info
from scoredock.server import tls
from scoredock.server.boot import Booted, boot, export_environment
from scoredock.server.collecting import check_collection
from scoredock.server.cuda import cuda_was_initialised
from scoredock.server.requirements import install_extra_requirements
from scoredock.server.service import Service
from scoredock.server.status import WorkerStatus
from scoredock.server.supervisor import Supervisor
from scoredock.server.worker import ScoringWorker
from scoredock.settings import Settings, worker_share
from scoredock.web.intake import allow_files

KEEP_ALIVE_S = 75  # longer than the 60 s that proxies keep idle connections, so that they close first
LITTLE_MEMORY = 1024 * 1024 * 1024  # bytes for a worker, below which blocks that are free are not kept
EXTRA_STOP_S = 4  # after the drain: clients that are slow to close (connection.LINGER_S), and service.FLUSH_S

logger = logging.getLogger("scoredock")


class _GunicornLog(Logger):  # type: ignore[misc] # gunicorn has no types
    """gunicorn's messages through the handlers that logging has already."""

    def setup(self, cfg: Any) -> None:
        self.cfg = cfg
        self._access_log_enabled = False
        self.error_log.propagate = True


class Application(BaseApplication):  # type: ignore[misc] # gunicorn has no types
    """One server. ``run`` returns its exit code when it has ended.

    ``access`` says who may call; None when everybody may. ``announce`` is called with the device's description once
    that is known, before any worker starts.
    """

    def __init__(self, settings: Settings, access: Access | None, announce: Callable[[str], None]) -> None:
        self.settings = settings
        self._access = access
        self._announce = announce
        self._accelerator = CPU
        self._preloaded: Booted | None = None
        self.metrics: Metrics | None = None
        self.tls: tls.Tls | None = None
        self.preload_phase = ("starting", time.monotonic())
        super().__init__()

    def load_config(self) -> None:
        """Translate the settings."""
        settings = self.settings
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        values = {
            "bind": f"{host}:{settings.port}",
            "workers": settings.worker_count,
            "worker_class": f"{ScoringWorker.__module__}.{ScoringWorker.__name__}",  # gunicorn 22 wants no class
            "logger_class": _GunicornLog,
            "timeout": 0 if settings.debug_port else settings.worker_timeout_s,
            "graceful_timeout": settings.drain_timeout_s + EXTRA_STOP_S,
            "keepalive": KEEP_ALIVE_S,
            "post_fork": lambda supervisor, worker: supervisor.become_worker(worker),
            "proc_name": "scoredock",
        }
        for name, value in values.items():
            self.cfg.set(name, value)

    def load(self) -> None:
        """Nothing: each worker makes its own service."""

    def service(self, status: WorkerStatus, counting: Counting | None) -> Service:
        """The service of one worker."""
        return Service(self.settings, status, self._accelerator, self._preloaded, self.metrics, counting, self._access)

    @property
    def device(self) -> str:
        """What is computed on, for a person."""
        return str(self._accelerator)

    @property
    def prepares_long(self) -> bool:
        """Whether ``prepare`` takes its time: it installs packages, looks for a device, or calls init()."""
        settings = self.settings
        return settings.worker_preload or bool(settings.extra_requirements_txt) or settings.accelerator != CPU.name

    def prepare(self) -> None:
        """What comes before the first fork. Raises BootError."""
        hide_secrets(os.environ)  # gunicorn has copied them for a server that takes its place
        _check_temporary_folder()
        check_collection(self.settings)
        _allow_connections(self.settings.max_connections)
        if (worker_share(self.settings) or LITTLE_MEMORY) < LITTLE_MEMORY:
            return_large_blocks()
        export_environment(self.settings)
        install_extra_requirements(self.settings)
        self._accelerator = choose(self.settings.accelerator)
        if self.settings.metrics:
            self.metrics = Metrics(self.settings.worker_count, service_info(self.settings, self.device))
            self._measure_certificate()
        self._announce(self.device)
        if not self.settings.worker_preload:
            return
        self._preloaded = boot(self.settings, self._report_preload)
        gc.freeze()  # a collection in a worker would write to, and so copy, the memory that all share
        if cuda_was_initialised():
            raise BootError(
                "preload",
                "WORKER_PRELOAD is on, but init() has initialised CUDA, which does not survive the fork into "
                "workers. Set WORKER_PRELOAD=false, so that each worker calls init() itself.",
            )

    def load_tls(self) -> None:
        """Read the serving port's certificate; workers that are forked from now on have it. Raises SettingError."""
        self.tls = tls.load(self.settings)
        if self.tls is not None:
            self.tls.announce()

    def reload_tls(self) -> bool:
        """Read it again; False, with the cause in the log, where it is wrong: then the present one stays."""
        try:
            self.load_tls()
        except SettingError as error:
            logger.error("SIGHUP: %s The workers and their certificate stay as they are.", error)
            return False
        self._measure_certificate()
        return True

    def _measure_certificate(self) -> None:
        if self.metrics is not None and self.tls is not None:
            self.metrics.certificate_ends(self.tls.certificate.not_after.timestamp())

    def _report_preload(self, phase: str) -> None:
        self.preload_phase = (phase, time.monotonic())

    def run(self) -> int:
        """Serve until the end. The last line of the output names the cause when that was a failure."""
        try:
            self.load_tls()
        except SettingError as error:
            logger.critical("%s", error)
            return ExitCode.BOOT_FAILED
        supervisor = Supervisor(self)
        code: int = ExitCode.OK
        try:
            supervisor.run()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else ExitCode.CANNOT_LISTEN
        if self.metrics is not None:
            self.metrics.close()
        if supervisor.failure is not None:
            logger.critical("%s", supervisor.failure)
        return code


def _allow_connections(wanted: int) -> None:
    allowed = allow_files(wanted)
    if allowed < wanted:
        logger.warning(
            "A worker keeps at most %d connections open, not %d (SCOREDOCK_MAX_CONNECTIONS): this process may not open "
            "more files (ulimit -n).",
            allowed,
            wanted,
        )


def _check_temporary_folder() -> None:
    """Raises BootError where there is no folder for temporary files, which gunicorn, pip and many scripts need."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError as error:
        raise BootError(
            "settings",
            f"{error.strerror}. With a read-only root file system, give the container one: docker run --tmpfs /tmp",
        ) from None
