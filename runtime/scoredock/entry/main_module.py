"""What a script sees of the program that runs it: its own arguments, and itself as ``__main__``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from scoredock.entry.script import MODULE_NAME


def stand_behind_main(script: Path) -> None:
    """Set ``sys.argv`` to the script's path, and look up names that ``__main__`` does not have in the script.

    Pickles name ``__main__`` as the module of what the training program defined itself. So the entry script can define
    it.
    """
    sys.argv = [str(script)]
    vars(sys.modules["__main__"])["__getattr__"] = _of_the_script


def _of_the_script(name: str) -> Any:
    script = sys.modules.get(MODULE_NAME)
    if script is None or name.startswith("__") or name not in vars(script):
        raise AttributeError(f"module '__main__' has no attribute {name!r}")
    return vars(script)[name]
