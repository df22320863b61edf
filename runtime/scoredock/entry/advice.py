"""What to do about an error of a script, as far as it can be known."""

from __future__ import annotations

import importlib.util
import opcode
import os
import re
import sys
import traceback
from importlib import metadata
from pathlib import Path
from types import CodeType

# Packages whose modules have other names, as entry scripts import them.
PACKAGES = {
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
_LOST = re.compile(r"Can't get attribute '(.+?)' on <module '(.+?)'|module '(.+?)' has no attribute '(.+?)'")


def advice(error: BaseException) -> str:
    """What to do about an error, as the end of its sentence; empty where it is the script's alone to know."""
    if isinstance(error, ModuleNotFoundError):
        return _missing_module(error)
    if isinstance(error, AttributeError):
        return _lost_class(error)
    if isinstance(error, PermissionError):
        return (
            f". The server runs as user {os.getuid()}: make it readable for all (chmod -R a+rX), or run as its owner "
            "(docker run --user)."
        )
    if isinstance(error, SystemExit):
        return _refused_arguments(error)
    if isinstance(error, ValueError) and "signal only works in main thread" in str(error):
        return (
            ". Scripts run in a thread of their own, which cannot handle signals: take signal.signal() out. scoredock "
            "itself ends in order at SIGTERM."
        )
    return ""


def place(error: BaseException, script: Path) -> str:
    """The line of the entry script that the error came through, in brackets; empty when it did not."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(script)]
    return f" ({script.name}, line {lines[-1]})" if lines else ""


def _missing_module(error: ModuleNotFoundError) -> str:
    top, _, inner = (error.name or "").partition(".")
    here = _is_here(top) if inner else False
    pickled = _while_unpickling(error)
    if pickled and (here or top.startswith("_")):
        return f". {_other_version(top if here else 'sklearn')}"
    if here:
        file = getattr(sys.modules.get(top), "__file__", None)
        installed = _version(top)
        which = installed or file or "a folder of that name"
        return (
            f". {top!r} itself is there ({which}), without {inner!r}: the script was written for another version of it."
            if installed
            else f". {top!r} itself is there ({which}), without {inner!r}: is it the one that is meant?"
        )
    or_pickled = "A pickled object names it. " if pickled else ""
    return (
        f". {or_pickled}Install {PACKAGES.get(top, top)!r}, or, if it is a file of yours, put it beside the script or "
        "into the folder that AZUREML_SOURCE_DIRECTORY names."
    )


def _lost_class(error: AttributeError) -> str:
    """For a class or function that a pickled object names, and that is not where it says."""
    found = _LOST.match(str(error))
    if found is None or not _while_unpickling(error):
        return ""
    name, module = (found[1], found[2]) if found[1] else (found[4], found[3])
    if module.rpartition(".")[2] == "__main__":
        return (
            f". The program that pickled it had defined {name!r} itself. Move that into a module beside the script, "
            "import it from there in both, and pickle the object again; or define it in the script as well."
        )
    top = module.partition(".")[0]
    return f". {_other_version(top)}" if _version(top) else ""


def _other_version(top: str) -> str:
    version = _version(top)
    here = f" (here is {version})" if version else ""
    return (
        f"It is named by a pickled object, which another version of a library has written{here}. Install the version "
        "that wrote it, or make the object again with the one that is here."
    )


def _refused_arguments(error: SystemExit) -> str:
    """For a script that lets argparse read its arguments: what argparse has printed."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_name == "error" and Path(frame.f_code.co_filename).name == "argparse.py":
            return (
                f": argparse says: {frame.f_locals.get('message')}. A script gets no arguments: give them defaults, or "
                "read settings from variables (os.environ)."
            )
    return ""


def _while_unpickling(error: BaseException) -> bool:
    """Whether a pickled object was being read: by Python's own pickle module, or by its C code, which has no frames.

    The latter imports and looks up without an instruction that would.
    """
    frames = list(traceback.walk_tb(error.__traceback__))
    if not frames or error.__traceback__ is None:
        return False
    if any(Path(frame.f_code.co_filename).name == "pickle.py" for frame, _ in frames):
        return True
    last = error.__traceback__
    while last.tb_next is not None:
        last = last.tb_next
    code: CodeType = last.tb_frame.f_code
    name = opcode.opname[code.co_code[last.tb_lasti]]
    return name.startswith("CALL") and "importlib" not in code.co_filename


def _is_here(top: str) -> bool:
    try:
        return sys.modules.get(top) is not None or importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        return False


def _version(top: str) -> str | None:
    """The distribution that a module is from, with its version; None where none is installed."""
    name = PACKAGES.get(top, top)
    try:
        return f"{name} {metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return None
