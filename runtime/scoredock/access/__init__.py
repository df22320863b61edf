"""Who may call: keys, tokens."""

from scoredock.access.access import (
    SECRET_VARIABLES,
    Access,
    check_access,
    hide_secrets,
    open_access,
    wanted_access,
)

__all__ = ["SECRET_VARIABLES", "Access", "check_access", "hide_secrets", "open_access", "wanted_access"]
