"""What is told of a script's failure: where it was, without the frames that are ours, and what to do."""

from __future__ import annotations

import os
import traceback
from pathlib import Path


def script_traceback(error: BaseException) -> str:
    """The traceback as text, from the first frame that is not scoredock's own."""
    frames = error.__traceback__
    while frames is not None and frames.tb_next is not None and _is_own(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames)).rstrip()


def script_stack(stack: traceback.StackSummary) -> str:
    """A running thread's stack as text, from the first frame that is not scoredock's own."""
    first = next((i for i, entry in reversed(list(enumerate(stack))) if _is_own(entry.filename)), -1)
    return "".join(traceback.format_list(stack[first + 1 :])).rstrip()


# Packages whose modules have other names, as entry scripts import them.
PACKAGES = {
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}


def advice(error: BaseException) -> str:
    """What to do about an error, as the end of its sentence; empty where it is the script's alone to know."""
    if isinstance(error, ModuleNotFoundError):
        module = (error.name or "").partition(".")[0]
        return (
            f". Install {PACKAGES.get(module, module)!r}, or, if it is a file of yours, put it beside the script or "
            "into the folder that AZUREML_SOURCE_DIRECTORY names."
        )
    if isinstance(error, PermissionError):
        return (
            f". The server runs as user {os.getuid()}: make it readable for all (chmod -R a+rX), or run as its owner "
            "(docker run --user)."
        )
    return ""


def _is_own(filename: str) -> bool:
    return "importlib" in filename or Path(filename).is_relative_to(Path(__file__).parent.parent)
