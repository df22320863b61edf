"""Which way of access the settings ask for."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Protocol

from scoredock.errors import SettingError
from scoredock.settings import Settings

if TYPE_CHECKING:
    from scoredock.access.keys import Keys
    from scoredock.access.tokens import Tokens

SECRET_VARIABLES = ("SCOREDOCK_PRIMARY_KEY", "SCOREDOCK_SECONDARY_KEY", "SCOREDOCK_TOKEN_SECRET")
_KEYS = ("primary_key", "secondary_key", "primary_key_file", "secondary_key_file")
_SIGNERS = ("token_jwks", "token_secret", "token_secret_file")
_TOKENS = (*_SIGNERS, "token_issuer", "token_audience")

logger = logging.getLogger("scoredock.access")


class Access(Protocol):
    """Decides who may call."""

    def admit(self, authorization: bytes) -> None:
        """Raise Unauthorised unless a request with this Authorization header (empty: none) may come in.

        Raises NotReady while what decides that is not there.
        """


def open_access(settings: Settings) -> Access | None:
    """Who may call a worker; None when everybody may.

    Called in each worker. What cannot be read there is read later; until then nobody may call. Raises SettingError.
    """
    way = _way(settings)
    if way is not None:
        way.start()
    return way


def check_access(settings: Settings) -> None:
    """Check the settings and the files that they name, and log what is doubtful. Raises SettingError."""
    way = _way(settings)
    if way is not None:
        way.load()
        logger.info("Clients must present %s, for everything but health.", way.wanted)


def wanted_access(settings: Settings) -> str:
    """What clients must present in the header Authorization: ``key``, ``token``, or nothing (``open``)."""
    return "key" if _given(settings, _KEYS) else "token" if _given(settings, _TOKENS) else "open"


def hide_secrets(environment: MutableMapping[str, str]) -> None:
    """Remove the variables that hold secrets: scripts, and what they start, print and send their environment."""
    for variable in SECRET_VARIABLES:
        environment.pop(variable, None)


def _way(settings: Settings) -> Keys | Tokens | None:
    keys, tokens = _given(settings, _KEYS), _given(settings, _TOKENS)
    if keys and tokens:
        raise SettingError(f"{keys[0]} and {tokens[0]} are both set. Clients present keys or tokens, not both.")
    if keys:
        from scoredock.access.keys import Keys

        return Keys(settings)
    if not tokens:
        return None
    signers = _given(settings, _SIGNERS)
    if len(signers) != 1:
        both = f"{' and '.join(signers)} are both set" if signers else f"{tokens[0]} is set, but no key of tokens"
        raise SettingError(f"{both}. Set one of {', '.join(map(_variable, _SIGNERS))}.")
    try:
        from scoredock.access.tokens import Tokens
    except ImportError as missing:
        raise SettingError(
            f"{signers[0]} is set, but {missing.name} is not installed. Install it: pip install 'scoredock[tokens]'"
        ) from None
    return Tokens(settings)


def _given(settings: Settings, names: tuple[str, ...]) -> list[str]:
    """The variables of those settings that have a value, an empty one too."""
    return [_variable(name) for name in names if getattr(settings, name) is not None]


def _variable(name: str) -> str:
    return f"SCOREDOCK_{name.upper()}"
