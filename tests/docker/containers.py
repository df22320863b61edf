"""Where the images' files are; and a container under test: its address, what it says, how it ends."""

from __future__ import annotations

import io
import tarfile
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import httpx
import pytest

from servers import TRUSTS_NOBODY, wait_until

PROJECT = Path(__file__).parents[2]
BASE_IMAGES = PROJECT / "base-images"
READY_TIMEOUT_S = 60.0


@dataclass
class Container:
    """Around a container of the Docker SDK; ``port`` is the one that its server listens on."""

    raw: Any
    port: int = 5001

    @property
    def url(self) -> str:
        """Where port ``port`` is published on this machine."""
        self.raw.reload()
        bindings = self.raw.attrs["NetworkSettings"]["Ports"].get(f"{self.port}/tcp")
        if not bindings:
            pytest.fail(f"the container has no published port; it is {self.raw.status}:\n{self.logs}")
        return f"http://127.0.0.1:{bindings[0]['HostPort']}"

    @property
    def logs(self) -> str:
        """stdout and stderr so far."""
        return self.raw.logs().decode()

    @property
    def last_line(self) -> str:
        """The last line of the logs."""
        return self.logs.strip().splitlines()[-1]

    @property
    def health(self) -> str:
        """The engine's health state: starting, healthy, unhealthy."""
        self.raw.reload()
        return self.raw.attrs["State"]["Health"]["Status"]

    def put(self, path: str, text: str) -> None:
        """Write a file into the container, readable for all."""
        content = textwrap.dedent(text).encode()
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            entry = tarfile.TarInfo(PurePosixPath(path).name)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
        self.raw.put_archive(str(PurePosixPath(path).parent), archive.getvalue())

    def sh(self, command: str, user: str = "") -> str:
        """What a shell command prints in the running container; fails when its exit code is not 0."""
        code, output = self.raw.exec_run(["sh", "-c", command], user=user)
        assert code == 0, f"{command!r} ended with {code}:\n{output.decode()}"
        return output.decode()

    def get(self, path: str, **more: Any) -> httpx.Response:
        """GET a path."""
        return httpx.get(self.url + path, timeout=30, verify=TRUSTS_NOBODY, **more)

    def post(self, path: str = "/score", **more: Any) -> httpx.Response:
        """POST to a path."""
        return httpx.post(self.url + path, timeout=30, verify=TRUSTS_NOBODY, **more)

    def wait_until_ready(self) -> Container:
        """Return when /readyz answers 200; fail when the container ends or that takes a minute."""

        def ready() -> bool:
            self.raw.reload()
            if self.raw.status not in ("created", "running"):
                pytest.fail(f"the container has ended before it was ready:\n{self.logs}")
            try:
                return self.get("/readyz").status_code == 200
            except httpx.TransportError:
                return False

        wait_until(ready, READY_TIMEOUT_S, "a ready container")
        return self

    def wait(self, timeout_s: float = 60) -> int:
        """The exit code, once it has ended by itself."""
        return int(self.raw.wait(timeout=timeout_s)["StatusCode"])

    def stop(self, timeout_s: int = 40) -> tuple[int, float]:
        """Stop it as ``docker stop`` does; returns exit code and seconds."""
        started = time.monotonic()
        self.raw.stop(timeout=timeout_s)
        return self.wait(), time.monotonic() - started
