"""Who may call: keys, tokens."""

from scoredock.access.access import Access, hide_secrets, open_access, wanted_access
from scoredock.access.caller import Caller

__all__ = ["Access", "Caller", "hide_secrets", "open_access", "wanted_access"]
