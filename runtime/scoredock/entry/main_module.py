"""What a script finds of the program that runs it: arguments of its own, and itself behind ``__main__``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from scoredock.entry.script import MODULE_NAME


def stand_behind_main(script: Path) -> None:
    """Have ``sys.argv`` be the script's alone, and names that ``__main__`` does not have be those of the script.

    What a training script has pickled of its own is of ``__main__``; so it is found where the entry script defines it.
    """
    sys.argv = [str(script)]
    vars(sys.modules["__main__"])["__getattr__"] = _of_the_script


def _of_the_script(name: str) -> Any:
    script = sys.modules.get(MODULE_NAME)
    if script is None or name.startswith("__") or name not in vars(script):
        raise AttributeError(f"module '__main__' has no attribute {name!r}")
    return vars(script)[name]
