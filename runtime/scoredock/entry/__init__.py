"""The user's script: find it, import it, check it, tell how run() wants to be called, call init()."""

from scoredock.entry.init import initialise
from scoredock.entry.main_module import stand_behind_main
from scoredock.entry.script import EntryScript, load, make_importable

__all__ = ["EntryScript", "initialise", "load", "make_importable", "stand_behind_main"]
