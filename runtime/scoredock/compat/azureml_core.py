"""Stand-in for ``azureml.core``, as far as an entry script needs it: ``Model``."""

from __future__ import annotations

from azureml.core.model import Model  # type: ignore[import-not-found] # the finder gives it

__all__ = ["Model"]


def __getattr__(name: str) -> object:
    raise AttributeError(
        f"azureml.core.{name} is not part of scoredock's stand-in, which has Model only. Install azureml-core "
        "if the script really needs it while it scores."
    )
