"""What a worker is doing, in memory that it shares with the supervisor."""

from __future__ import annotations

import mmap
import struct
import time
from collections.abc import Callable

PHASES = ("starting", "import", "init", "swagger", "warm-up", "ready", "draining", "failed")
NEEDED, PLANNED = 1, 2  # why a replacement is wanted: it cannot go on, or it is old
_READY = PHASES.index("ready")
# Each value has a place of its own: the scoring thread enters phases while the event loop gives signs of life.
_PHASE, _WANTED, _WAS_READY, _CALLED_FOR = range(4)
_SINCE, _ALIVE, _LENGTH, _TEXT = 8, 16, 24, 26
_SECONDS, _COUNT = struct.Struct("=d"), struct.Struct("=H")
_SIZE = 4096


class WorkerStatus:
    """Written by one worker, read by the supervisor; made before the fork. Times are of the monotonic clock.

    ``changed`` is called in the worker after each change that the supervisor may have to act on. A reader may see a new
    phase with an old time for an instant, which does no harm.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SIZE)
        self.changed: Callable[[], None] = lambda: None
        self.beat(called_for=False)
        self.report("starting")

    def report(self, phase: str, message: str = "") -> None:
        """Enter a phase of PHASES; ``message`` says why it failed."""
        text = message.encode()[: _SIZE - _TEXT]
        self._memory[_TEXT : _TEXT + len(text)] = text
        _COUNT.pack_into(self._memory, _LENGTH, len(text))
        _SECONDS.pack_into(self._memory, _SINCE, time.monotonic())
        if phase == "ready":
            self._memory[_WAS_READY] = 1
        self._memory[_PHASE] = PHASES.index(phase)
        self.changed()

    def ask_for_replacement(self) -> None:
        """Have the supervisor start another worker and then end this one."""
        self._memory[_WANTED] = NEEDED
        self.changed()

    def ask_for_recycling(self) -> None:
        """The same in good time: it can go on until no other worker is being replaced."""
        self._memory[_WANTED] = self._memory[_WANTED] or PLANNED
        self.changed()

    def beat(self, called_for: bool) -> None:
        """Give a sign of life; ``called_for`` says whether anybody is connected, or something is being scored."""
        self._memory[_CALLED_FOR] = called_for
        _SECONDS.pack_into(self._memory, _ALIVE, time.monotonic())

    def call(self) -> None:
        """Somebody has connected. The next sign of life says whether that still is so."""
        self._memory[_CALLED_FOR] = 1

    @property
    def phase(self) -> str:
        """The present phase."""
        return PHASES[self._memory[_PHASE]]

    @property
    def is_ready(self) -> bool:
        """Whether the present phase is ``ready``: it takes connections."""
        return self._memory[_PHASE] == _READY

    @property
    def was_ready(self) -> bool:
        """Whether it has ever been ready, also when nobody looked."""
        return bool(self._memory[_WAS_READY])

    @property
    def called_for(self) -> bool:
        """Whether it had clients, or something to score, when it was last known to live."""
        return bool(self._memory[_CALLED_FOR] or self._memory[_WANTED] == NEEDED)

    @property
    def wants_replacement(self) -> bool:
        """Whether the worker asked to be replaced."""
        return self._memory[_WANTED] == NEEDED

    @property
    def wants_recycling(self) -> bool:
        """Whether the worker asked to be replaced when no other one is."""
        return self._memory[_WANTED] == PLANNED

    @property
    def elapsed_s(self) -> float:
        """Seconds in the present phase."""
        return time.monotonic() - float(_SECONDS.unpack_from(self._memory, _SINCE)[0])

    @property
    def silent_s(self) -> float:
        """Seconds since its event loop last gave a sign of life."""
        return time.monotonic() - float(_SECONDS.unpack_from(self._memory, _ALIVE)[0])

    @property
    def message(self) -> str:
        """Why the worker failed; empty while it has not."""
        (length,) = _COUNT.unpack_from(self._memory, _LENGTH)
        return self._memory[_TEXT : _TEXT + length].decode(errors="replace")
