"""Which quotas hold for a process, and what its libraries are told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scoredock.server.banner import banner
from scoredock.server.boot import export_environment
from scoredock.server.cpus import (
    THREAD_VARIABLES,
    available_cpus,
    cpu_quota,
    numeric_threads,
    share_line,
    thread_variables,
)
from scoredock.settings import resolve

V2 = "31 24 0:27 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate"
V1 = "35 31 0:31 {mounted} /sys/fs/cgroup/cpu,cpuacct rw,nosuid,relatime shared:17 - cgroup cgroup rw,cpu,cpuacct"
V1_OTHERS = """\
33 31 0:29 / /sys/fs/cgroup/memory rw,nosuid shared:15 - cgroup cgroup rw,memory
36 31 0:32 / /sys/fs/cgroup/cpuset rw,nosuid shared:18 - cgroup cgroup rw,cpuset
41 31 0:38 / /sys/fs/cgroup/unified rw,nosuid shared:10 - cgroup2 cgroup2 rw"""
V1_GROUPS = """\
12:memory:/docker/4f
7:cpuset:/docker/4f
3:cpu,cpuacct:/docker/4f
1:name=systemd:/docker/4f
0::/system.slice/containerd.service"""
POD = "/kubepods.slice/kubepods-burstable.slice/cri-containerd-9a.scope"


@pytest.fixture
def machine(tmp_path):
    """Write files of a machine, path to content; returns its root folder."""

    def write(files: dict[str, str]) -> Path:
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content + "\n")
        return tmp_path

    return write


def v2(group: str, limits: dict[str, str], mount: str = V2) -> dict[str, str]:
    """A machine with version 2; ``limits`` maps groups to their cpu.max."""
    files = {f"sys/fs/cgroup{path}/cpu.max": text for path, text in limits.items()}
    return {"proc/self/cgroup": f"0::{group}", "proc/self/mountinfo": mount, **files}


def v1(limits: dict[str, tuple[str, str]], mounted: str = "/", groups: str = V1_GROUPS) -> dict[str, str]:
    """A machine with version 1; ``limits`` maps folders below the mount to quota and period."""
    files = {"proc/self/cgroup": groups, "proc/self/mountinfo": f"{V1.format(mounted=mounted)}\n{V1_OTHERS}"}
    for path, (quota, period) in limits.items():
        folder = f"sys/fs/cgroup/cpu,cpuacct{path}"
        files |= {f"{folder}/cpu.cfs_quota_us": quota, f"{folder}/cpu.cfs_period_us": period}
    return files


MACHINES = {
    "v2, a container with a namespace of its own": (v2("/", {"": "200000 100000"}), 2),
    "v2, no limit": (v2("/", {"": "max 100000"}), None),
    "v2, a whole and a half": (v2("/", {"": "150000 100000"}), 2),
    "v2, a tenth": (v2("/", {"": "10000 100000"}), 1),
    "v2, another period": (v2("/", {"": "60000 20000"}), 3),
    "v2, the pod's limit around a container without one": (
        v2(POD, {POD: "max 100000", "/kubepods.slice/kubepods-burstable.slice": "250000 100000"}),
        3,
    ),
    "v2, the tightest of several": (
        v2(POD, {POD: "300000 100000", "/kubepods.slice": "800000 100000", "": "max 100000"}),
        3,
    ),
    "v2, a group beside it does not count": (v2("/a", {"/a": "max 100000", "/b": "100000 100000"}), None),
    "v2, a group outside of what is mounted": (v2("/../../b", {"": "400000 100000"}), 4),
    "v2, a part of the hierarchy is mounted": (
        v2(
            "/docker/4f/worker",
            {"/worker": "max 100000", "": "100000 100000"},
            V2.replace(" / /sys", " /docker/4f /sys"),
        ),
        1,
    ),
    "v2, a mount point with a blank": (
        v2("/", {"": "max 100000"}, V2.replace("/sys/fs/cgroup", r"/my\040groups"))
        | {"my groups/cpu.max": "500000 100000"},
        5,
    ),
    "v1, a container that sees its own part": (v1({"": ("200000", "100000")}, mounted="/docker/4f"), 2),
    "v1, no limit": (v1({"": ("-1", "100000")}, mounted="/docker/4f"), None),
    "v1, a fraction": (v1({"": ("250000", "100000")}, mounted="/docker/4f"), 3),
    "v1, the whole hierarchy": (v1({"/docker/4f": ("-1", "100000"), "/docker": ("700000", "100000")}), 7),
    "v1, a path that is not mounted": (v1({"": ("200000", "100000")}, mounted="/elsewhere"), 2),
    "v1, and no period": (v1({"": ("200000", "0")}, mounted="/docker/4f"), None),
    "hybrid, where version 2 has no limits": (
        v1({"/docker/4f": ("200000", "100000")}) | {"sys/fs/cgroup/unified/cgroup.procs": "1"},
        2,
    ),
    "no control groups": ({"proc/self/mountinfo": "22 1 8:1 / / rw - ext4 /dev/sda1 rw"}, None),
    "nothing readable": ({}, None),
    "nonsense": ({"proc/self/cgroup": "\n:\n0::", "proc/self/mountinfo": "x - y\n - \n1 2 3 4 5 - cgroup2 a b"}, None),
    "nonsense as a limit": (v2("/", {"": "plenty 100000"}), None),
}


@pytest.mark.parametrize("name", MACHINES)
def test_the_quota_that_holds_is_found(machine, name):
    files, expected = MACHINES[name]
    assert cpu_quota(machine(files)) == expected


def test_a_quota_is_no_more_than_the_affinity_mask_has(machine):
    allowed = len(os.sched_getaffinity(0))
    assert available_cpus(machine(v2("/", {"": "max 100000"}))) == allowed
    assert available_cpus(machine(v2("/", {"": f"{allowed + 1}00000 100000"}))) == allowed
    assert available_cpus(machine(v2("/", {"": "1000 100000"}))) == 1


@pytest.mark.parametrize(
    ("cpus", "workers", "scoring_threads", "expected"),
    [(16, 2, 1, 8), (16, 2, 3, 2), (16, 1, 1, 16), (3, 2, 1, 1), (2, 4, 4, 1)],
)
def test_the_cpus_are_shared_by_all_that_score(cpus, workers, scoring_threads, expected):
    environment = {"WORKER_COUNT": str(workers), "SCOREDOCK_SCORING_THREADS": str(scoring_threads)}
    settings, _ = resolve({}, environment, Path("/srv"))
    assert numeric_threads(settings, cpus, machine=32) == expected


def test_libraries_choose_by_themselves_where_there_is_nothing_to_share():
    settings, _ = resolve({}, {}, Path("/srv"))
    assert numeric_threads(settings, 8, machine=8) is None
    assert numeric_threads(settings, 4, machine=8) == 4
    assert thread_variables(None, {}) == {}


def test_all_libraries_are_told_the_same():
    assert thread_variables(3, {}) == dict.fromkeys(THREAD_VARIABLES, "3")


@pytest.mark.parametrize(
    ("given", "untouched"),
    [
        ("OMP_NUM_THREADS", {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"}),
        ("GOTO_NUM_THREADS", {"OPENBLAS_NUM_THREADS"}),
        *((name, {name}) for name in THREAD_VARIABLES if name != "OMP_NUM_THREADS"),
    ],
)
def test_what_the_user_has_set_stays_and_reaches_the_libraries_that_fall_back_to_it(given, untouched):
    assert set(thread_variables(3, {given: "7"})) == set(THREAD_VARIABLES) - untouched


def test_an_empty_variable_counts_as_not_set():
    assert thread_variables(3, {"OMP_NUM_THREADS": ""})["OMP_NUM_THREADS"] == "3"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"WORKER_COUNT": "64"}, "64 workers of 1 scoring thread; 1 numeric thread each"),
        ({"SCOREDOCK_SCORING_THREADS": "64"}, "1 worker of 64 scoring threads; 1 numeric thread each"),
        ({"OMP_NUM_THREADS": "5"}, "1 worker of 1 scoring thread; numeric threads as OMP_NUM_THREADS=5 says"),
    ],
)
def test_the_banner_shows_how_cpus_are_shared(monkeypatch, environment, expected):
    for name in ("OMP_NUM_THREADS", *environment):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings, _ = resolve({}, environment, Path("/srv"))
    assert share_line(settings, environment) == f"{available_cpus()} for {expected}"
    assert f"\n  cpus     {available_cpus()} for {expected}\n" in banner(settings)


def test_a_process_that_has_imported_numpy_already_goes_on(tmp_path):
    code = f"""
import os
import numpy
from pathlib import Path
from scoredock.server.boot import export_environment
from scoredock.settings import resolve
export_environment(resolve({{}}, {{"WORKER_COUNT": "64"}}, Path({str(tmp_path)!r}))[0])
assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
print(numpy.ones((300, 300)) @ numpy.ones(300) @ numpy.ones(300))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "90000.0\n", done.stderr


def test_exporting_twice_changes_nothing(tmp_path):
    settings, _ = resolve({}, {"WORKER_COUNT": "64"}, tmp_path)
    export_environment(settings)
    before = dict(os.environ)
    export_environment(settings)
    assert dict(os.environ) == before
