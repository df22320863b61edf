"""scoredock serves a ``score.py``: ``init()`` loads the model once, ``run()`` scores a request.

Public are the modules of ``__all__``, each with an ``__all__`` of its own: ``collect``, ``metrics`` and
``accelerators`` for entry scripts, ``deploy`` for those who deploy them, ``errors`` for both. Everything else in the
package is private and may change with any version. A public module is imported when it is asked for:
``scoredock.metrics.Counter`` needs no import but ``import scoredock``.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = ["__version__", "accelerators", "collect", "deploy", "errors", "metrics"]

if TYPE_CHECKING:
    from scoredock import accelerators, collect, deploy, errors, metrics
else:  # type checkers would take a __getattr__ for any name at all

    def __getattr__(name):
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return import_module(f"{__name__}.{name}")


def __dir__() -> list[str]:
    return __all__
