"""Stand-ins for the azureml modules that entry scripts import; see ``finder``."""

from scoredock.compat.finder import install

__all__ = ["install"]
