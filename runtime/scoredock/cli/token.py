"""``scoredock token``: make tokens, and the keys that sign them, where there is no identity provider."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoredock.cli.output import failing
from scoredock.errors import DeployError, Refused

if TYPE_CHECKING:
    from scoredock.access.issue import PrivateKey

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PATH = click.Path(path_type=Path, dir_okay=False)
_SECRET = "SCOREDOCK_TOKEN_SECRET"  # noqa: S105 - a variable's name


@click.group()
def token() -> None:
    """Make tokens for services that ask for them, and the keys that sign tokens.

    \b
    With a secret that the server has too:
      openssl rand -hex 32 > secret
      SCOREDOCK_TOKEN_SECRET_FILE=secret scoredock serve --entry_script score.py
      scoredock token issue --secret-file secret --subject ada --lifetime 8h
    With a key pair, of which the server has the public half:
      scoredock token key-pair --private-key key.pem --jwks keys.json
      SCOREDOCK_TOKEN_JWKS=keys.json scoredock serve --entry_script score.py
      scoredock token issue --private-key key.pem --subject ada

    In production, an identity provider issues tokens: give the server its JSON Web Key Set.

    Exit codes: 0 done, 1 refused (the message says what to do), 2 wrong usage.
    """


def _seconds(context: click.Context, parameter: click.Parameter, given: str) -> int:
    found = re.fullmatch(r"([1-9][0-9]{0,8})([smhd])", given)
    if found is None:
        raise click.BadParameter(f"expected a number above 0 and s, m, h or d, as in 90s, 15m, 1h, 7d; got {given!r}.")
    return int(found[1]) * _SECONDS[found[2]]


@token.command()
@click.option(
    "--secret-file", type=_PATH, help="Sign by HS256 with the secret in this file. [SCOREDOCK_TOKEN_SECRET_FILE]"
)
@click.option("--private-key", type=_PATH, help="Sign by RS256 or ES256 with the key in this PEM file.")
@click.option("--kid", help="The key's name in the key set. Default for a private key: its thumbprint.")
@click.option("--issuer", envvar="SCOREDOCK_TOKEN_ISSUER", help="Who issues it. [SCOREDOCK_TOKEN_ISSUER]")
@click.option(
    "--audience", envvar="SCOREDOCK_TOKEN_AUDIENCE", help="Which service it is for. [SCOREDOCK_TOKEN_AUDIENCE]"
)
@click.option("--subject", help="Who presents it.")
@click.option(
    "--lifetime",
    "lifetime_s",
    default="1h",
    metavar="TIME",
    callback=_seconds,
    help="How long it is valid, such as 90s, 15m, 7d. Default: 1h.",
)
def issue(
    secret_file: Path | None,
    private_key: Path | None,
    kid: str | None,
    issuer: str | None,
    audience: str | None,
    subject: str | None,
    lifetime_s: int,
) -> None:
    """Print a signed token, and nothing else.

    \b
    curl -H "Authorization: Bearer $(scoredock token issue --secret-file secret)" -d x localhost:5001/score

    The secret may also be in the variable SCOREDOCK_TOKEN_SECRET. It is no option, because everybody can read the
    options of a process.
    """
    if secret_file is not None and private_key is not None:
        raise click.UsageError("Sign with --secret-file or with --private-key, not with both.")
    with failing(), _packages():
        from scoredock.access import issue as issuing

        key: bytes | PrivateKey
        if private_key is not None:
            signer: PrivateKey = _read(private_key, issuing.private_key_in)
            key, kid = signer, kid or issuing.kid_of(signer)
        else:
            key = _secret(secret_file)
        click.echo(issuing.issue(key, kid, {"iss": issuer, "aud": audience, "sub": subject}, lifetime_s))


@token.command("key-pair")
@click.option("--private-key", type=_PATH, required=True, help="PEM file to write, which signs tokens. Keep it secret.")
@click.option("--jwks", type=_PATH, required=True, help="Key set to write, for SCOREDOCK_TOKEN_JWKS. It is public.")
@click.option("--kid", help="The key's name in the key set. Default: its thumbprint.")
@click.option(
    "--algorithm", type=click.Choice(["ES256", "RS256"]), default="ES256", help="How it signs. Default: ES256."
)
def key_pair(private_key: Path, jwks: Path, kid: str | None, algorithm: str) -> None:
    """Make a private key, and the key set that tells servers its public half. Replaces no file.

    \b
    scoredock token key-pair --private-key key.pem --jwks keys.json
    """
    with failing(), _packages():
        from scoredock.access import issue as issuing

        for path in (private_key, jwks):
            if path.exists():
                raise Refused(f"{path} is there already. Name another file, or remove it.")
        key = issuing.make_key(algorithm)
        _write(private_key, issuing.pem_of(key), 0o600)
        _write(jwks, issuing.key_set_of(key, kid) + b"\n", 0o644)
        click.echo(f"{private_key} signs tokens: scoredock token issue --private-key {private_key}", err=True)
        click.echo(f"{jwks} is for servers: SCOREDOCK_TOKEN_JWKS={jwks} scoredock serve …", err=True)


def _secret(secret_file: Path | None) -> bytes:
    """The secret of the file, or of the variables, in this order. Raises Refused."""
    from scoredock.access.key_set import secret_in

    named = os.environ.get(f"{_SECRET}_FILE")
    if secret_file is None and named and not os.environ.get(_SECRET):
        secret_file = Path(named)
    if secret_file is not None:
        secret: bytes = _read(secret_file, secret_in).keys[0].key
        return secret
    given = os.environ.get(_SECRET)
    if not given:
        raise click.UsageError(
            f"Say what signs the token: --secret-file FILE, the variable {_SECRET}, or --private-key FILE."
        )
    try:
        secret = secret_in(given.encode()).keys[0].key
    except ValueError as error:
        raise Refused(f"{_SECRET}: it {error}") from None
    return secret


def _read(path: Path, parse: Any) -> Any:
    try:
        return parse(path.read_bytes())
    except OSError as error:
        raise Refused(f"{path}: expected a file that can be read, got: {error.strerror}.") from None
    except ValueError as error:
        raise Refused(f"{path} {error}") from None


def _write(path: Path, content: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)


@contextmanager
def _packages() -> Iterator[None]:
    try:
        yield
    except ImportError as missing:
        raise DeployError(f"{missing.name} is not installed. Install it: pip install 'scoredock[tokens]'") from None
