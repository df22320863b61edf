"""A service that other machines reach: only with a key, a token or a certificate."""

from __future__ import annotations

from collections.abc import Mapping

from scoredock.deploy.local.engine import Show
from scoredock.deploy.local.ports import LOOPBACK, is_loopback
from scoredock.errors import Refused

KEYS = ("SCOREDOCK_PRIMARY_KEY", "SCOREDOCK_SECONDARY_KEY",
        "SCOREDOCK_PRIMARY_KEY_FILE", "SCOREDOCK_SECONDARY_KEY_FILE")  # fmt: skip
_ACCESS = (*KEYS, "SCOREDOCK_TOKEN_JWKS", "SCOREDOCK_TOKEN_SECRET", "SCOREDOCK_TOKEN_SECRET_FILE",
           "SCOREDOCK_TLS_CLIENT_CA")  # fmt: skip


def has_keys(variables: Mapping[str, str]) -> bool:
    """Whether a service asks for a key, by the variables of its processes."""
    return any(variables.get(name) for name in KEYS)


def check_sharing(host: str | None, variables: Mapping[str, str], show: Show) -> None:
    """Raise Refused for an address that others reach, where nobody would be asked who calls; warn of plain HTTP."""
    if is_loopback(host or LOOPBACK):
        return
    if not any(variables.get(name) for name in _ACCESS):
        raise Refused(
            f"--host {host}: other machines could call the service, and nobody would be asked for a key. Set "
            "SCOREDOCK_PRIMARY_KEY in `environmentVariables` of the deployment configuration (--dc), or in "
            "`environment.environmentVariables` of the inference configuration: a long random text, such as "
            "`openssl rand -base64 32` writes. Callers send it as `Authorization: Bearer KEY`."
        )
    if not variables.get("SCOREDOCK_TLS_CERTIFICATE"):
        show(
            f"Warning: {host} is reached by other machines over plain HTTP: keys and data can be read on the way. Use "
            "it in a network that you trust, or set SCOREDOCK_TLS_CERTIFICATE and SCOREDOCK_TLS_KEY."
        )
