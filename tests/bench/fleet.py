"""The servers of one run: installed, started on their core, and ended; and why one of them is not there."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cases
import peers
from peers import Launch, Peer
from processes import Running, ServerFailed, free_port, start

ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
# Without these, glibc hands large blocks back to the kernel after each request, or does not, as the process's
# history has it: what a body of 1 MB costs would depend on page faults more than on the server.
STEADY_MALLOC = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(128 << 20)}
NO_TELEMETRY = {"DO_NOT_TRACK": "1", "BENTOML_DO_NOT_TRACK": "True", "MLFLOW_DISABLE_TELEMETRY": "true"}


class Fleet:
    """Servers by their peer's name, at most one of each. ``folder`` is a new one; ``close`` ends them all.

    ``cores`` are the server's and the load's.
    """

    def __init__(self, folder: Path, cores: tuple[int, int]) -> None:
        self.folder = folder
        self.cores = cores
        self.server_core, self.load_core = cores
        self._models, self._answers = folder / "models", folder / "answers"
        for made in (self._models, self._answers, folder / "home", folder / "logs"):
            made.mkdir()
        self._running: dict[str, Running] = {}
        self._failures: dict[tuple[str, str], str] = {}  # by peer and application; "" stands for all of them

    def prepare(self) -> None:
        """Write the model that all servers load, and the answers of the bare one."""
        cases.save_model(self._models)
        for case in cases.LOADS:
            (self._answers / case.work).write_text(json.dumps(cases.work(case.app, case.rows).expected))

    def install(self, chosen: Sequence[Peer]) -> None:
        """Make the peers' virtual environments, one on each core at a time; note why one cannot be made."""
        both = {"initializer": os.sched_setaffinity, "initargs": (0, self.cores)}
        with ThreadPoolExecutor(len(self.cores), **both) as pool:
            list(pool.map(self._install, chosen))

    def _install(self, peer: Peer) -> None:
        try:
            peers.install(peer.name, peers.SERVERS / peer.name / "requirements.txt")
        except ServerFailed as failure:
            self._failures[peer.name, ""] = f"not installed: {failure}"

    def start(self, peer: Peer, app: str, workers: int | None = None, *, steady_malloc: bool = True) -> float:
        """Start one worker on the server's core, or so many on both. Returns the seconds until it was healthy.

        Raises ServerFailed, with the reason why the peer has no such server.
        """
        failure = self._failures.get((peer.name, "")) or peer.lacks.get(app) or peer.missing()
        if failure:
            raise ServerFailed(failure)
        launch = Launch(peer.bin, app, free_port(), self._models, workers or 1)
        environment = {
            "PATH": f"{peer.bin}:/usr/bin:/bin",
            "HOME": str(self.folder / "home"),
            "LANG": "C.UTF-8",
            "BENCH_MODELS": str(self._models),
            **ONE_THREAD,
            **NO_TELEMETRY,
            **(STEADY_MALLOC if steady_malloc else {}),
            **peer.environment(launch),
        }
        cores = [self.server_core] if workers is None else self.cores
        log = self.folder / "logs" / f"{peer.name}-{app}.log"
        running = start(peer.command(launch), environment, cores, launch.port, peer.health.format(app=app), log)
        self._running[peer.name] = running
        return running.wait_until_healthy()

    def try_to_start(self, peer: Peer, app: str, workers: int | None = None) -> None:
        """Start a server, or note why it did not start; ``running`` will raise that."""
        try:
            self.start(peer, app, workers)
        except ServerFailed as failure:
            self._failures[peer.name, app] = str(failure)
            if peer.name in self._running:
                self._running.pop(peer.name).end()

    def running(self, peer: Peer, app: str) -> Running:
        """The peer's server. Raises ServerFailed, with the reason why there is none."""
        if peer.name not in self._running:
            raise ServerFailed(self._failures.get((peer.name, app), "not started"))
        return self._running[peer.name]

    def close(self) -> None:
        """End all servers."""
        for running in self._running.values():
            running.tell_to_end()
        while self._running:
            _, running = self._running.popitem()
            running.end()
