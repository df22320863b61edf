"""Where a script failed, for the log: its traceback or stack, without scoredock's own frames."""

from __future__ import annotations

import traceback
from pathlib import Path


def script_traceback(error: BaseException) -> str:
    """The traceback as text, from the first frame that is not scoredock's own."""
    frames = error.__traceback__
    while frames is not None and frames.tb_next is not None and _is_ours(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames)).rstrip()


def script_stack(stack: traceback.StackSummary) -> str:
    """A running thread's stack as text, from the first frame that is not scoredock's own."""
    first = next((i for i, entry in reversed(list(enumerate(stack))) if _is_ours(entry.filename)), -1)
    return "".join(traceback.format_list(stack[first + 1 :])).rstrip()


def _is_ours(filename: str) -> bool:
    return "importlib" in filename or Path(filename).is_relative_to(Path(__file__).parent.parent)
