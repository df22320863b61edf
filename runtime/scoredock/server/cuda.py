"""Whether this process has initialised CUDA, which does not survive a fork."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cuda_was_initialised(descriptors: Path = Path("/proc/self/fd")) -> bool:
    """True when a device file of NVIDIA's is open, or PyTorch says so.

    The driver opens ``/dev/nvidiactl`` and ``/dev/nvidia<N>`` when a process creates its first context,
    whichever library asks for it.
    """
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return True
    try:
        links = [descriptors / name for name in os.listdir(descriptors)]  # noqa: PTH208 - entries may vanish
    except OSError:
        return False
    for link in links:
        try:
            if str(link.readlink()).startswith("/dev/nvidia"):
                return True
        except OSError:  # closed meanwhile
            continue
    return False
