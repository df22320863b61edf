"""Which way of access the settings ask for."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Protocol

from scoredock.errors import SettingError
from scoredock.settings import Settings, declarations

if TYPE_CHECKING:
    from scoredock.access.caller import Caller
    from scoredock.access.keys import Keys
    from scoredock.access.tokens import Tokens

_KEYS = ("primary_key", "secondary_key", "primary_key_file", "secondary_key_file")
_SIGNERS = ("token_jwks", "token_secret", "token_secret_file")
_TOKENS = (*_SIGNERS, "token_issuer", "token_audience")

logger = logging.getLogger("scoredock.access")


class Access(Protocol):
    """Decides who may call."""

    def start(self) -> None:
        """To be called in each worker, before the first request: files and URLs are looked at from now on."""

    def admit(self, authorization: bytes) -> Caller:
        """Who sends a request with this Authorization header (empty: none).

        Raises Unauthorised for one that may not come in, and NotReady while what decides that is not there.
        """


def open_access(settings: Settings) -> Access | None:
    """Who may call; None when everybody may. To be made before workers are forked: they share what was last good.

    Checks the settings, reads the files that they name, and logs what is doubtful. Raises SettingError.
    """
    way = _way(settings)
    if way is not None:
        way.load()
        logger.info("Clients must present %s, for everything but health.", way.wanted)
    return way


def wanted_access(settings: Settings) -> str:
    """What clients must present in the header Authorization: ``key``, ``token``, or nothing (``open``)."""
    return "key" if _given(settings, _KEYS) else "token" if _given(settings, _TOKENS) else "open"


def hide_secrets(environment: MutableMapping[str, str]) -> None:
    """Remove the settings that are secret: scripts, and what they start, print and send their environment."""
    for declaration in declarations():
        if declaration.secret:
            for variable in (declaration.variable, *declaration.aliases):
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
