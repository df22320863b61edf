"""Starts and ends the servers: real processes on free ports, with nothing of this process's environment."""

from __future__ import annotations

import functools
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from servers import free_port

from . import reference
from .exchange import Script

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0
POLL_S = 0.02


def scoredock_command() -> Path:
    """scoredock under its other name: both servers are started with the very same words."""
    return Path(sys.executable).parent / "azmlinfsrv"


@functools.cache
def commands() -> dict[str, Path]:
    """The command of each server."""
    return {"reference": reference.command(), "scoredock": scoredock_command()}


@dataclass
class Running:
    """A started server; what it writes goes to ``output_file``. ``ports`` are those given, by flag."""

    process: subprocess.Popen[bytes]
    port: int
    output_file: Path
    ports: dict[str, int] = field(default_factory=dict)

    @property
    def output(self) -> str:
        """Everything it has written so far."""
        return self.output_file.read_text(errors="replace")

    def wait_until_ready(self) -> None:
        """Return when / answers 200. Raises RuntimeError when the process ends, or after a minute."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._healthy():
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with code {self.process.returncode}:\n{self.output}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"the server was not ready after {START_TIMEOUT_S} s:\n{self.output}")
            time.sleep(POLL_S)

    def wait_until_ended(self, timeout_s: float = START_TIMEOUT_S) -> int:
        """Its exit code, once it has ended by itself."""
        return self.process.wait(timeout_s)

    def tell_to_end(self) -> None:
        """Send SIGTERM to the server and its workers."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)

    def end(self) -> None:
        """End it, by force if it does not."""
        self.tell_to_end()
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def _healthy(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_TIMEOUT_S)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def start(command: Path, folder: Path, arguments: Sequence[str], environment: Mapping[str, str], port: int) -> Running:
    """Start a server in ``folder``, which becomes its current folder; does not wait until it is ready."""
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    variables = {
        "PATH": f"{command.parent}:/usr/bin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "SCOREDOCK_HOST": "127.0.0.1",
        **environment,
    }
    output_file = folder.parent / "output.log"
    with output_file.open("wb") as output:
        process = subprocess.Popen(
            [str(command), *arguments],
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Running(process, port, output_file)


class Pairs:
    """Both servers with one script at a time, started together. ``folder`` gets the scripts and outputs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._script: Script | None = None
        self._failure: RuntimeError | None = None
        self._running: dict[str, Running] = {}
        self._ending: list[Running] = []

    def ports(self, script: Script) -> dict[str, int]:
        """The port of each server that serves ``script``. Raises RuntimeError when one does not start."""
        if script is not self._script:
            self._stop()
            self._script = script
            try:
                self._start(script)
            except RuntimeError as error:
                self._failure = error
        if self._failure is not None:
            raise self._failure
        return {name: server.port for name, server in self._running.items()}

    def close(self) -> None:
        """End all servers."""
        self._stop()
        for server in self._ending:
            server.end()

    def _start(self, script: Script) -> None:
        arguments = script.arguments if script.arguments is not None else ("--entry_script", script.entry)
        for name, command in commands().items():
            folder = self._folder / script.name / name / "app"
            script.write(folder)
            port = free_port()
            self._running[name] = start(command, folder, [*arguments, "--port", str(port)], script.environment, port)
        for server in self._running.values():
            server.wait_until_ready()

    def _stop(self) -> None:
        for server in self._running.values():
            server.tell_to_end()
        self._ending += self._running.values()
        self._running, self._script, self._failure = {}, None, None
