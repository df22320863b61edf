"""How many CPUs this process may use, and how many threads numeric libraries get of them.

A library that computes in threads of its own starts as many as the machine has CPUs, in every process: in a
container with a quota of two CPUs on a machine with 64, and in each of several workers. They then wait for each
other. The variables here are read by the libraries when they are imported.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from scoredock.settings import Settings

# What is set, and what its library reads instead where it is not set. Left alone, for what they would break or
# because they know better: POLARS_MAX_THREADS (Polars knows quotas, and advises against it), NUMBA_NUM_THREADS
# (numba.set_num_threads() raises above it), BLIS_NUM_THREADS (BLIS reads OMP_NUM_THREADS).
THREAD_VARIABLES: dict[str, tuple[str, ...]] = {
    "OMP_NUM_THREADS": (),  # OpenMP: scikit-learn, PyTorch, LightGBM, XGBoost; Arrow
    "OPENBLAS_NUM_THREADS": ("GOTO_NUM_THREADS", "OMP_NUM_THREADS"),  # NumPy, SciPy
    "MKL_NUM_THREADS": ("OMP_NUM_THREADS",),
    "NUMEXPR_NUM_THREADS": ("OMP_NUM_THREADS",),
    "LOKY_MAX_CPU_COUNT": (),  # joblib: what n_jobs=-1 means, which models often keep from their training
    "ORT_INTRA_OP_NUM_THREADS": (),  # ONNX Runtime, from 1.29 on
    "TF_NUM_INTRAOP_THREADS": (),  # TensorFlow
    "RAYON_NUM_THREADS": (),  # Rust's rayon: tokenizers
}

_UNLIMITED = {"max", "-1"}


def machine_cpus() -> int:
    """The CPUs of the machine, as a library sees them that looks no further."""
    return max(1, os.sysconf("SC_NPROCESSORS_ONLN"))


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
    return min(_quotas(root), default=None)


def numeric_threads(settings: Settings, cpus: int, machine: int) -> int | None:
    """The threads that a numeric library gets in each scoring thread: an equal share of ``cpus``, at least 1.

    None where that is every CPU of the ``machine``: there is nothing to share, and libraries choose better by
    themselves then, such as one thread a physical core.
    """
    share = max(1, cpus // (settings.worker_count * settings.scoring_threads))
    return share if share < machine else None


def thread_variables(threads: int | None, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables to set, so that libraries start ``threads`` threads; none of them for None.

    What ``environment`` has already stays, and so do variables whose library would read another one that it has.
    """
    if threads is None:
        return {}
    return {
        name: str(threads)
        for name, others in THREAD_VARIABLES.items()
        if not any(environment.get(one) for one in (name, *others))
    }


def share_line(settings: Settings, environment: Mapping[str, str]) -> str:
    """How the CPUs are shared, in a line for a person; ``environment`` is the user's."""
    cpus = available_cpus()
    threads = numeric_threads(settings, cpus, machine_cpus())
    given = environment.get("OMP_NUM_THREADS")
    if given:
        numeric = f"numeric threads as OMP_NUM_THREADS={given} says"
    elif threads is None:
        numeric = "numeric libraries choose their threads"
    else:
        numeric = f"{_count(threads, 'numeric thread')} each"
    workers, scoring = _count(settings.worker_count, "worker"), _count(settings.scoring_threads, "scoring thread")
    return f"{cpus} for {workers} of {scoring}; {numeric}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _quotas(root: Path) -> Iterator[int]:
    """Every limit that holds for this process, its own group's and those of the groups around it."""
    paths = _group_paths(root)
    for line in _lines(root / "proc/self/mountinfo"):
        # 32 31 0:29 /docker/4f /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
        before, _, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        if len(fields) < 5 or len(kind) < 3:
            continue
        mounted, place = _unescaped(fields[3]), _unescaped(fields[4])
        if kind[0] == "cgroup2" and "" in paths:
            path, read = paths[""], _quota_v2
        elif kind[0] == "cgroup" and "cpu" in kind[2].split(",") and "cpu" in paths:
            path, read = paths["cpu"], _quota_v1
        else:
            continue
        top = root / place.lstrip("/")
        for folder in _upwards(top, mounted, path):
            quota = read(folder)
            if quota is not None:
                yield quota


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


def _lines(path: Path) -> list[str]:
    """The file's lines; none when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []


def _unescaped(text: str) -> str:
    """A path of mountinfo: blanks and the like are octal there."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)
