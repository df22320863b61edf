"""Every setting of scoredock, declared once; the command line, the documentation and warnings are made from that."""

from scoredock.settings.declaration import Declaration
from scoredock.settings.resolution import resolve, wished_log_format
from scoredock.settings.sizes import Sizes, notes_on_sizes, worker_share
from scoredock.settings.table import Settings, declarations, groups

__all__ = [
    "Declaration",
    "Settings",
    "Sizes",
    "declarations",
    "groups",
    "notes_on_sizes",
    "resolve",
    "wished_log_format",
    "worker_share",
]
