"""What a worker is doing, in memory that it shares with the supervisor."""

from __future__ import annotations

import mmap
import struct
import time

PHASES = ("starting", "import", "init", "swagger", "warm-up", "ready", "draining", "failed")
NEEDED, PLANNED = 1, 2  # why a replacement is wanted: it cannot go on, or it is old
_HEAD = struct.Struct(
    "=BBdH"
)  # phase, replacement wanted (0, NEEDED, PLANNED), since (monotonic seconds), length of the message
_SIZE = 4096


class WorkerStatus:
    """Written by one worker, read by the supervisor; made before the fork.

    A reader may see a new phase with an old time for an instant, which does no harm.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SIZE)
        self.report("starting")

    def report(self, phase: str, message: str = "") -> None:
        """Enter a phase of PHASES; ``message`` says why it failed."""
        text = message.encode()[: _SIZE - _HEAD.size]
        wanted = self._memory[1]
        self._memory[_HEAD.size : _HEAD.size + len(text)] = text
        self._memory[: _HEAD.size] = _HEAD.pack(PHASES.index(phase), wanted, time.monotonic(), len(text))

    def ask_for_replacement(self) -> None:
        """Have the supervisor start another worker and then end this one."""
        self._memory[1] = NEEDED

    def ask_for_recycling(self) -> None:
        """The same in good time: it can go on until no other worker is being replaced."""
        self._memory[1] = self._memory[1] or PLANNED

    @property
    def phase(self) -> str:
        """The present phase."""
        return PHASES[self._memory[0]]

    @property
    def wants_replacement(self) -> bool:
        """Whether the worker asked to be replaced."""
        return self._memory[1] == NEEDED

    @property
    def wants_recycling(self) -> bool:
        """Whether the worker asked to be replaced when no other one is."""
        return self._memory[1] == PLANNED

    @property
    def elapsed_s(self) -> float:
        """Seconds in the present phase."""
        return time.monotonic() - float(_HEAD.unpack(self._memory[: _HEAD.size])[2])

    @property
    def message(self) -> str:
        """Why the worker failed; empty while it has not."""
        length = _HEAD.unpack(self._memory[: _HEAD.size])[3]
        return self._memory[_HEAD.size : _HEAD.size + length].decode(errors="replace")
