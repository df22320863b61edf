"""What control groups allow a process: their files, as machines have them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scoredock.cgroups import available_cpus, cpu_quota, memory_kills, memory_limit

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


V2_MEMORY = {
    "sys/fs/cgroup/memory.max": "536870912",
    "sys/fs/cgroup/memory.events": "low 0\nhigh 0\nmax 231\noom 3\noom_kill 2\noom_group_kill 0",
}
V1_MEMORY = {
    "sys/fs/cgroup/memory/docker/4f/memory.limit_in_bytes": "268435456",
    "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
    "sys/fs/cgroup/memory/docker/4f/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 7",
}


@pytest.mark.parametrize(
    ("files", "limit", "kills"),
    [
        (v2("/", {}) | V2_MEMORY, 512 << 20, 2),
        (v2("/", {}) | V2_MEMORY | {"sys/fs/cgroup/memory.max": "max"}, None, 2),
        (v1({}) | V1_MEMORY, 256 << 20, 7),
        (v1({}) | {"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712"}, None, 0),
        (
            v2("/a", {}) | {"sys/fs/cgroup/a/memory.events": "oom_kill 1", "sys/fs/cgroup/memory.events": "oom_kill 9"},
            None,
            1,
        ),
        (v2("/", {}) | {"sys/fs/cgroup/memory.events": "oom_kill", "sys/fs/cgroup/memory.max": "much"}, None, 0),
        ({}, None, 0),
    ],
    ids=["v2", "v2, no limit", "v1", "v1, no limit", "others' kills", "nonsense", "no control groups"],
)
def test_the_memory_limit_and_its_kills_are_found(machine, files, limit, kills):
    root = machine(files)
    assert memory_limit(root) == limit
    assert memory_kills(root) == kills
