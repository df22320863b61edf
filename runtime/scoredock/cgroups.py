"""What this process's control groups allow it: CPUs and memory; versions 1 and 2 of control groups.

A container sees the whole machine in most places; its limits stand in files of the kernel.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

_UNLIMITED = {"max", "-1"}
_V1_NO_LIMIT = 1 << 60  # version 1 says "no memory limit" with a huge number of bytes


def available_cpus(root: Path = Path("/")) -> int:
    """The CPUs that this process may use: those of its affinity mask, at most its control groups' quota.

    A quota counts as whole CPUs, rounded up. ``root`` is the folder that has ``proc`` and the mounted hierarchies.
    """
    allowed, quota = len(os.sched_getaffinity(0)), cpu_quota(root)
    return allowed if quota is None else min(allowed, quota)


def cpu_quota(root: Path = Path("/")) -> int | None:
    """The least quota among this process's control group and those around it, in whole CPUs; None for no limit.

    Version 1 of control groups and version 2, also both at once.
    """
    return min(_read(root, "cpu", _quota_v1, _quota_v2), default=None)


def memory_limit(root: Path = Path("/")) -> int | None:
    """The least memory limit among this process's control group and those around it, in bytes; None for none."""
    return min(_read(root, "memory", _limit_v1, _limit_v2), default=None)


def memory_kills(root: Path = Path("/")) -> int:
    """How many processes of this process's control group the kernel has killed for want of memory, ever."""
    return next(_read(root, "memory", _kills_v1, _kills_v2), 0)


def _read(
    root: Path, controller: str, v1: Callable[[Path], int | None], v2: Callable[[Path], int | None]
) -> Iterator[int]:
    """What the controller's files say, in this process's own group and then in those around it."""
    paths = _group_paths(root)
    for line in _lines(root / "proc/self/mountinfo"):
        # 32 31 0:29 /docker/4f /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
        before, _, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        if len(fields) < 5 or len(kind) < 3:
            continue
        mounted, place = _unescaped(fields[3]), _unescaped(fields[4])
        if kind[0] == "cgroup2" and "" in paths:
            path, read = paths[""], v2
        elif kind[0] == "cgroup" and controller in kind[2].split(",") and controller in paths:
            path, read = paths[controller], v1
        else:
            continue
        for folder in _upwards(root / place.lstrip("/"), mounted, path):
            found = read(folder)
            if found is not None:
                yield found


def _group_paths(root: Path) -> dict[str, str]:
    """Controller -> the path of this process's group in its hierarchy; version 2's has no controller's name."""
    paths = {}
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        for controller in controllers.split(","):
            paths[controller] = path
    return paths


def _upwards(top: Path, mounted: str, path: str) -> Iterator[Path]:
    """The group's folder and those above it, up to ``top``, where the hierarchy's part ``mounted`` is mounted."""
    try:
        inside = Path(path).relative_to(mounted)
    except ValueError:  # the group is outside of what this container sees
        inside = Path()
    if ".." in inside.parts:
        inside = Path()
    yield top / inside
    for parent in inside.parents:
        yield top / parent


def _quota_v2(folder: Path) -> int | None:
    words = " ".join(_lines(folder / "cpu.max")).split()
    return _whole_cpus(*words) if len(words) == 2 else None


def _quota_v1(folder: Path) -> int | None:
    quota, period = (" ".join(_lines(folder / f"cpu.cfs_{name}_us")) for name in ("quota", "period"))
    return _whole_cpus(quota, period)


def _whole_cpus(quota: str, period: str) -> int | None:
    """Microseconds in each period, as CPUs; None for no limit, or for what is no number."""
    if quota in _UNLIMITED:
        return None
    try:
        return max(1, -(-int(quota) // int(period)))
    except (ValueError, ZeroDivisionError):
        return None


def _limit_v2(folder: Path) -> int | None:
    return _bytes(" ".join(_lines(folder / "memory.max")))


def _limit_v1(folder: Path) -> int | None:
    return _bytes(" ".join(_lines(folder / "memory.limit_in_bytes")))


def _bytes(text: str) -> int | None:
    return int(text) if text.isdecimal() and int(text) < _V1_NO_LIMIT else None


def _kills_v2(folder: Path) -> int | None:
    return _count(folder / "memory.events")


def _kills_v1(folder: Path) -> int | None:
    return _count(folder / "memory.oom_control")


def _count(file: Path) -> int | None:
    """The number behind ``oom_kill`` in a file of names and numbers."""
    found = [line.split()[1] for line in _lines(file) if line.startswith("oom_kill ")]
    return int(found[0]) if found and found[0].isdecimal() else None


def _lines(path: Path) -> list[str]:
    """The file's lines; none when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []


def _unescaped(text: str) -> str:
    """A path of mountinfo: blanks and the like are octal there."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)
