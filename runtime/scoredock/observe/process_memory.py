"""What this process has in memory."""

from __future__ import annotations

import os
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident_bytes() -> int:
    """What it has in memory, all shared pages included."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def proportional_bytes() -> int:
    """What it has in memory, shared pages divided among those that share them.

    Where the kernel does not tell, pages of files and of shared memory are left out.
    """
    try:
        for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    _, resident, shared, *_ = Path("/proc/self/statm").read_text().split()
    return (int(resident) - int(shared)) * _PAGE
