"""What this process has in memory."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_M_MMAP_THRESHOLD = -3  # of malloc.h
_LARGE = 1024 * 1024  # bytes

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


def return_large_blocks() -> None:
    """Have this process, and those forked from it, give each large block back to the system as soon as it is freed.

    glibc does so at first, but learns from each block that is freed to keep ones of its size, up to 32 MiB: after some
    large bodies, a process has twice as much memory as it uses. Where there is another C library, nothing changes.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_M_MMAP_THRESHOLD, _LARGE)
