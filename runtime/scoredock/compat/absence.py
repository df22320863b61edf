"""What stands for the parts of Azure ML's SDK that scoring does without: they import, and fail when they are used.

Training scripts and scoring scripts share their imports, so that many a ``score.py`` imports a ``Workspace`` that it
never touches. What it does touch says its own name, and what to do.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, NoReturn


class NotHere(ImportError):
    """Something of Azure ML's SDK was used that scoredock has no stand-in for."""


def _refuse(name: str) -> NoReturn:
    distribution = "-".join(name.split(".")[:2])
    raise NotHere(
        f"{name} is not part of scoredock, which only lets the import pass. If the script needs it while it scores, "
        f"install Microsoft's package ({distribution} of PyPI, or the one that has it); in the environment of a "
        "deployment, write azureml-core[real]. If not, take its use out."
    )


class _Absent(type):
    """The class of classes that are not here: using one in any way is refused."""

    def __call__(cls, *arguments: Any, **named: Any) -> NoReturn:
        _refuse(f"{cls.__module__}.{cls.__name__}")

    def __getattr__(cls, name: str) -> NoReturn:
        if name.startswith("__"):  # what Python itself looks for
            raise AttributeError(name)
        _refuse(f"{cls.__module__}.{cls.__name__}.{name}")


def absent(module: str, name: str) -> Any:
    """What stands for ``name`` of ``module``: a class that refuses every use; an exception where the name says so."""
    if name.endswith(("Exception", "Error")):  # so that except clauses work
        return type(name, (Exception,), {"__module__": module})
    return _Absent(name, (), {"__module__": module})


def fill(module: str) -> None:
    """Have a module of ``sys.modules`` answer for every name: see ``absent``. What it has of its own stays."""
    sys.modules[module].__class__ = _AbsentModule


class _AbsentModule(ModuleType):
    """A module whose names are all absent. One in small letters may be a module in it, which imports are to find."""

    def __getattr__(self, name: str) -> Any:
        if name[:1].islower() or name.startswith("_"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        found = self.__dict__[name] = absent(self.__name__, name)
        return found

    def __call__(self, *arguments: Any, **named: Any) -> NoReturn:
        """A function that was imported by name is this, too."""
        _refuse(self.__name__)
