"""The engine is restarted, as with the machine: services come back by themselves, on their port.

With an engine of the test's own, which nobody else uses: it has a network, folders and a socket of its own. It needs
root, ``dockerd`` and ``unshare``; the shared engine only lends it an image.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from deployments import Place

from servers import wait_until

START_S = 60
TOOLS = ("docker", "dockerd", "unshare", "nsenter", "ip", "umount")


class OwnEngine:
    """An engine in a network of its own; ``folder`` has everything of it, and is short, as sockets' paths are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = f"unix://{folder}/d.sock"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, the first time or again; returns when it answers, and so has started its containers."""
        places = f"--data-root {self.folder}/data --exec-root {self.folder}/exec --pidfile {self.folder}/d.pid"
        script = f"ip link set lo up && exec dockerd {places} -H {self.address}"
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(["unshare", "--net", "sh", "-c", script], stdout=log, stderr=log)

        def answers() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, (self.folder / "log").read_text()
            return subprocess.run(["docker", "-H", self.address, "ps"], capture_output=True).returncode == 0

        wait_until(answers, START_S, "an engine that answers")

    def docker(self, *arguments: str, **more: Any) -> str:
        """Have it do something; returns what it says."""
        command = ["docker", "-H", self.address, *arguments]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=240, **more).stdout

    def shut_down(self) -> None:
        """End it as a machine does that is shut down: with all its containers."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(START_S)

    def lose_power(self) -> None:
        """End it, its helpers and its containers at once, as a machine does that loses its power."""
        running = self.docker("ps", "-q").split()
        doomed = [int(pid) for pid in self.docker("inspect", "-f", "{{.State.Pid}}", *running).split()]
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if str(self.folder).encode() in (folder / "cmdline").read_bytes():
                    doomed.insert(0, int(folder.name))
        for pid in doomed:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert self.process is not None
        self.process.wait(START_S)
        for name in ("d.pid", "exec/containerd/containerd.pid"):
            (self.folder / name).unlink(missing_ok=True)

    def scoredock(self, place: Place, *arguments: str) -> str:
        """Run a command in its network; returns what it wrote."""
        assert self.process is not None
        network = f"--net=/proc/{self.process.pid}/ns/net"
        command = ["nsenter", network, sys.executable, "-m", "scoredock", *arguments]
        variables = {**place.variables, "DOCKER_HOST": self.address}
        done = subprocess.run(command, cwd=place.folder, env=variables, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def remove(self) -> None:
        """End it, and remove what it had."""
        self.shut_down()
        for line in reversed(Path("/proc/mounts").read_text().splitlines()):
            if line.split()[1].startswith(str(self.folder)):
                subprocess.run(["umount", "--lazy", line.split()[1]], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture
def own(place: Place) -> Iterator[OwnEngine]:
    """An engine of the test's own, which has the image of a service."""
    if os.geteuid() != 0 or not all(map(shutil.which, TOOLS)):
        pytest.skip(f"an engine of the test's own needs root and {', '.join(TOOLS)}")
    name = place.name()
    place.deploy(name)
    image = place.show(name)["image"]
    place.cli("service", "delete", name)
    folder = Path(f"/tmp/sd-{secrets.token_hex(3)}")
    folder.mkdir()
    mine = OwnEngine(folder)
    try:
        mine.start()
        with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saved:
            mine.docker("load", stdin=saved.stdout)
        yield mine
    finally:
        mine.remove()


def test_services_come_back_with_the_engine_on_their_port(own: OwnEngine, place: Place) -> None:
    name = "dt-restarted"
    own.scoredock(place, "deploy", "-n", name, "--ic", "inferenceconfig.json")
    place.script("def init():\n    pass\n\n\ndef run(data):\n    return 'anew'\n")
    own.scoredock(place, "service", "reload", name)

    def show() -> dict[str, Any]:
        return dict(json.loads(own.scoredock(place, "service", "show", name, "-o", "json")))

    before = show()
    assert before["state"] == "Healthy"
    for end in (own.shut_down, own.shut_down, own.lose_power):
        end()
        own.start()
        after = wait_until(lambda: (one := show())["state"] == "Healthy" and one, START_S, "a Healthy service")
        assert after == before
        assert own.scoredock(place, "service", "run", name, "-d", "{}") == "anew\n"
