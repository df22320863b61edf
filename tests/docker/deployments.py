"""A person's place for deploying: a folder with script and configurations, a workspace, the command line; load."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import httpx

from servers import TRUSTS_NOBODY

COMMAND_TIMEOUT_S = 240
ECHO = "def init():\n    pass\n\n\ndef run(data):\n    return data\n"


@dataclass
class Place:
    """``folder`` is the current folder of every command; ``variables`` are its environment, ``more`` the test's."""

    folder: Path
    engine: docker.DockerClient
    workspace: str = "workspace"
    names: list[str] = field(default_factory=list)
    more: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[str]] = field(default_factory=list)
    patience_s: float = COMMAND_TIMEOUT_S  # for a command

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.write("inferenceconfig.json", {"entryScript": "score.py", "sourceDirectory": "source"})

    @property
    def variables(self) -> dict[str, str]:
        """Nothing of the person who runs the tests: an own workspace, an own cache."""
        return {
            **os.environ,
            "SCOREDOCK_WORKSPACE": str(self.folder / self.workspace),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            **self.more,
        }

    def name(self) -> str:
        """A name for a service that is removed after the test."""
        self.names.append(f"dt-{secrets.token_hex(4)}")
        return self.names[-1]

    def write(self, path: str, content: str | dict[str, Any]) -> Path:
        """Write a file: text, dedented, or a dictionary as JSON."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(content) if isinstance(content, dict) else textwrap.dedent(content))
        return target

    def script(self, text: str) -> None:
        """Write the entry script."""
        self.write("source/score.py", text)

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Start a command."""
        process = subprocess.Popen(
            [sys.executable, "-m", "scoredock", *arguments],
            cwd=self.folder,
            env={**self.variables, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def cli(self, *arguments: str, code: int = 0, **variables: str) -> Done:
        """Run a command, which has to end with exit code ``code``."""
        process = self.start(*arguments, **variables)
        try:
            out, err = process.communicate(timeout=self.patience_s)
        finally:
            process.kill()
        assert process.returncode == code, f"{arguments} ended with {process.returncode}:\n{out}\n{err}"
        assert "Traceback" not in err or code, err
        return Done(out, err)

    def register(self, name: str, path: str, content: str) -> None:
        """Register a file with this content as the next version of a model."""
        self.write(path, content)
        self.cli("model", "register", "-n", name, "-p", path)

    def deploy(self, name: str, *arguments: str, code: int = 0, **variables: str) -> Done:
        """``scoredock deploy`` with ``inferenceconfig.json``."""
        return self.cli("deploy", "-n", name, "--ic", "inferenceconfig.json", *arguments, code=code, **variables)

    def show(self, name: str) -> dict[str, Any]:
        """``scoredock service show``."""
        return dict(json.loads(self.cli("service", "show", name, "-o", "json").out))

    def ask(self, name: str, body: str = "{}") -> Any:
        """``scoredock service run``; the answer."""
        return json.loads(self.cli("service", "run", name, "-d", body).out)

    def containers(self, name: str) -> list[Any]:
        """All containers that bear the service's name, running or not."""
        return list(
            self.engine.containers.list(all=True, filters={"label": f"scoredock.service={name}"}, ignore_removed=True)
        )

    def container(self, name: str, role: str = "server") -> Any:
        """The container that serves, or the one that holds the port."""
        (found,) = (one for one in self.containers(name) if one.labels["scoredock.role"] == role)
        return found

    def clean(self) -> None:
        """End every command that still runs, and remove every container of every name that was given."""
        for process in self.started:
            if process.returncode is None:
                process.kill()
                process.communicate()
        for name in self.names:
            for container in self.containers(name):
                container.remove(force=True, v=True)


@dataclass
class Done:
    """What a command that has ended wrote."""

    out: str
    err: str


@dataclass
class Load:
    """What clients saw: the failures in words, and the answers in the order in which they came."""

    failures: list[str] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)


@contextmanager
def load(url: str) -> Iterator[Load]:
    """Four clients that ask without a pause; two keep their connections, two make a new one for each request."""
    seen, ended = Load(), threading.Event()

    def ask(client: httpx.Client) -> None:
        try:
            answer = client.post(url, content=b"{}", headers={"Content-Type": "application/json"})
        except httpx.TransportError as error:
            seen.failures.append(repr(error))
            return
        if answer.status_code == 200:
            seen.answers.append(answer.json())
        else:
            seen.failures.append(f"{answer.status_code} {answer.text}")

    def keeping() -> None:
        with httpx.Client(timeout=30, verify=TRUSTS_NOBODY) as client:
            while not ended.is_set():
                ask(client)

    def renewing() -> None:
        while not ended.is_set():
            with httpx.Client(timeout=30, verify=TRUSTS_NOBODY) as client:
                ask(client)

    threads = [threading.Thread(target=work) for work in (keeping, keeping, renewing, renewing)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        ended.set()
        for thread in threads:
            thread.join()
