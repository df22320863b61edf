"""Server processes: started on a core, found healthy, weighed, and ended with everything that they started."""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

START_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 5.0
POLL_S = 0.005
PR_SET_CHILD_SUBREAPER = 36


class ServerFailed(Exception):
    """A server did not start, or did not answer as it should; the message says how."""


def adopt_orphans() -> None:
    """Make this process the parent of descendants whose own parent has ended, so that none gets lost."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Running:
    """A started server. ``started_at`` is of ``time.perf_counter()``."""

    process: subprocess.Popen[bytes]
    port: int
    health: str
    log: Path
    started_at: float
    _members: set[int] = field(default_factory=set)

    def wait_until_healthy(self) -> float:
        """Seconds from the start to the first healthy answer. Raises ServerFailed."""
        while not self._healthy():
            if self.process.poll() is not None:
                raise ServerFailed(f"ended with code {self.process.returncode}: {self.last_words()}")
            if time.perf_counter() - self.started_at > START_TIMEOUT_S:
                raise ServerFailed(f"not healthy after {START_TIMEOUT_S:.0f} s: {self.last_words()}")
            time.sleep(POLL_S)
        return time.perf_counter() - self.started_at

    def last_words(self) -> str:
        """The last line of its output."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else "no output"

    def pss_mb(self) -> float:
        """The memory of all its processes, in MB; what they share counts once (proportional set size)."""
        return sum(_pss_kb(pid) for pid in family(self.process.pid)) / 1000

    def tell_to_end(self) -> None:
        """Send it SIGTERM; ``end`` is to follow."""
        self._members |= set(family(self.process.pid))  # once it has ended, they are no longer its descendants
        if self.process.poll() is None:
            self.process.terminate()

    def end(self) -> None:
        """End it and all its descendants, by force where SIGTERM does not do."""
        self.tell_to_end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_TIMEOUT_S)
        kill(self._members)
        self.process.wait()

    def _healthy(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_TIMEOUT_S)
        try:
            connection.request("GET", self.health)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def start(
    command: Sequence[str], environment: Mapping[str, str], cores: Iterable[int], port: int, health: str, log: Path
) -> Running:
    """Start a server on these cores; does not wait for it."""
    pinned = ["taskset", "--cpu-list", ",".join(map(str, cores)), *command]
    with log.open("wb") as output:
        started_at = time.perf_counter()
        process = subprocess.Popen(
            pinned,
            cwd=log.parent,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us alone: we end the servers
        )
    return Running(process, port, health, log, started_at)


def family(root: int) -> list[int]:
    """A process and all its living descendants."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has just ended
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                children.setdefault(int(parent), []).append(int(folder.name))
    members = [root]
    for member in members:  # grows while it is walked
        members += children.get(member, [])
    return members


def kill(pids: Iterable[int]) -> None:
    """Kill these processes, where they still live, and wait until they are gone."""
    pids = [pid for pid in pids if _alive(pid)]
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    while any(_alive(pid) for pid in pids):
        time.sleep(POLL_S)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _pss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has just ended
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
