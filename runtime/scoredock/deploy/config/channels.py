"""Conda's channels: names, addresses, folders of this machine; credentials travel beside them, never in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from scoredock.errors import DeployError

EXPECTED = (
    "a channel: a name such as conda-forge, an address such as https://host/channel, or a folder such as "
    "file:///srv/channel"
)
_NAME = re.compile(r"[A-Za-z0-9_][\w.\-/]*")
_ADDRESS = re.compile(r"https?://([^\s/@]+@)?[\w.\-]+(:\d+)?(/[\w.\-/~%+${}]*)?")
_TOKEN = re.compile(r"/t/([^/]+)(?=/)")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$([A-Za-z_][A-Za-z0-9_]*)")


@dataclass(frozen=True)
class Channel:
    """One channel. ``shown`` has no credentials; ``folder`` is set for a folder of this machine.

    ``credentials`` are user and password, or a token alone, as they were written: variables (``${NAME}``) are looked up
    when they are needed.
    """

    shown: str
    folder: Path | None = None
    credentials: tuple[str, ...] = field(default=(), repr=False)

    @property
    def host(self) -> str:
        """The host that wants the credentials."""
        return urlsplit(self.shown).netloc


def parse_channel(text: str) -> Channel:
    """The channel of a text. Raises ValueError for what is none."""
    if text.startswith("file://"):
        return Channel(text, Path(unquote(urlsplit(text).path)))
    if text.startswith(("/", "./", "../", "~")):
        return Channel(text, Path(text).expanduser())
    if _NAME.fullmatch(text):
        return Channel(text)
    if not _ADDRESS.fullmatch(text):
        raise ValueError(EXPECTED)
    parts = urlsplit(text)
    credentials: tuple[str, ...] = ()
    user_and_password, _, host = parts.netloc.rpartition("@")
    token = _TOKEN.search(parts.path)
    if user_and_password:
        user, _, password = user_and_password.partition(":")
        credentials = (unquote(user), unquote(password))
    elif token is not None:
        credentials = (unquote(token[1]),)
    plain = parts._replace(netloc=host, path=_TOKEN.sub("", parts.path, count=1))
    return Channel(plain.geturl(), None, credentials)


def beside(text: str, folder: Path) -> str:
    """A channel of a file in ``folder``: one that is a relative path starts there."""
    return (folder / text).absolute().as_uri() if text.startswith(("./", "../")) else text


def without_credentials(text: str) -> str:
    """The channel as files may have it: credentials stay only where they are variables."""
    channel = parse_channel(text)
    literal = any(not _VARIABLE.fullmatch(part) for part in channel.credentials if part)
    return channel.shown if literal else text


def credentials_of(channels: Iterable[Channel], environment: Mapping[str, str]) -> dict[str, str | list[str]]:
    """What each host wants: ``[user, password]``, or a token. Raises DeployError for a variable that is not set."""
    found: dict[str, str | list[str]] = {}
    for channel in channels:
        values = [_filled(part, channel, environment) for part in channel.credentials]
        if values:
            found[channel.host] = values[0] if len(values) == 1 else values
    return found


def _filled(text: str, channel: Channel, environment: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in environment:
            raise DeployError(
                f"channel {channel.shown}: expected its variable {name} in the environment; it is not set."
            )
        return environment[name]

    return _VARIABLE.sub(value, text)
