"""The serving port's certificate: read, checked, and made into what speaks TLS.

Versions and ciphers are those of Mozilla's intermediate profile (https://wiki.mozilla.org/Security/Server_Side_TLS)
without its finite-field Diffie-Hellman, which needs parameters of its own and which no client of the profile is left
with: TLS 1.2 with ECDHE and authenticated encryption, and TLS 1.3 with all that OpenSSL has.
"""

from __future__ import annotations

import logging
import re
import ssl
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from scoredock.errors import SettingError
from scoredock.server.certificate_dates import serial_and_validity
from scoredock.settings import Settings
from scoredock.texts import why_unreadable
from scoredock.web.intake import Intake
from scoredock.web.tls_transport import Handshakes, TlsTransport

CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:@SECLEVEL=2"
)  # level 2: keys of less than 112 bits of security (RSA with 1024 bits) and signatures with SHA-1 are refused
SOON = timedelta(days=30)
DAY_S = 24 * 3600.0

_CERTIFICATE, _KEY, _AUTHORITIES = "SCOREDOCK_TLS_CERTIFICATE", "SCOREDOCK_TLS_KEY", "SCOREDOCK_TLS_CLIENT_CA"
_FIRST_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_KEY_BEGIN = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_NO_PAIR = ("MISMATCH", "NO_CERTIFICATE_ASSIGNED")  # the second: a key of another kind
_WEAK = ("KEY_TOO_SMALL", "MD_TOO_WEAK", "MD_TOO_SMALL")

logger = logging.getLogger("scoredock.server")


@dataclass(frozen=True)
class Certificate:
    """What is known of the server's certificate; times are UTC."""

    path: Path
    serial: str
    not_before: datetime
    not_after: datetime


class Tls:
    """``context`` speaks TLS with ``certificate``; children that are forked share it."""

    def __init__(self, context: ssl.SSLContext, certificate: Certificate) -> None:
        self.context = context
        self.certificate = certificate
        self._look_at = 0.0

    def announce(self) -> None:
        """Log which certificate is used, and until when; and that this is soon."""
        found = self.certificate
        logger.info("TLS with certificate %s, serial %s, valid until %s.", found.path, found.serial, _day(found))
        self.warn_when_due()

    def warn_when_due(self, monotonic_s: float | None = None, now: datetime | None = None) -> None:
        """Log once a day that the certificate expires within 30 days, or has expired. Cheap to call often."""
        monotonic_s = time.monotonic() if monotonic_s is None else monotonic_s
        if monotonic_s < self._look_at:
            return
        self._look_at = monotonic_s + DAY_S
        left = self.certificate.not_after - (now or datetime.now(timezone.utc))
        if left < timedelta():
            logger.error("%s", _expired(self.certificate))
        elif left < SOON:
            logger.warning(
                "The certificate %s expires in %d days, on %s. Replace %s and %s, and send SIGHUP to the server.",
                self.certificate.path,
                left.days,
                _day(self.certificate),
                _CERTIFICATE,
                _KEY,
            )


def load(settings: Settings, now: datetime | None = None) -> Tls | None:
    """Read what the settings name; None without TLS. Raises SettingError, which says what is wrong with which file."""
    chain, key, authorities = settings.tls_certificate, settings.tls_key, settings.tls_client_ca
    if chain is None or key is None:
        if chain is not None:
            raise SettingError(f"{_CERTIFICATE} is set, but {_KEY} is not. Set both, or none for plain HTTP.")
        if key is not None:
            raise SettingError(f"{_KEY} is set, but {_CERTIFICATE} is not. Set both, or none for plain HTTP.")
        if authorities is not None:
            raise SettingError(f"{_AUTHORITIES} asks for client certificates, which needs {_CERTIFICATE} and {_KEY}.")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    certificate = _load_pair(context, chain, key)
    now = now or datetime.now(timezone.utc)
    if certificate.not_after <= now:
        raise SettingError(_expired(certificate))
    if certificate.not_before > now:
        begin = f"{certificate.not_before:%Y-%m-%d %H:%M} UTC"
        raise SettingError(
            f"{_CERTIFICATE}: the certificate {chain} is valid from {begin} on, and it is {now:%Y-%m-%d %H:%M} UTC. "
            "Wait, use another certificate, or set this machine's clock."
        )
    if authorities is not None:
        _load_authorities(context, authorities)
    return Tls(context, certificate)


def encrypted(context: ssl.SSLContext, intake: Intake, connect: Any) -> Any:
    """uvicorn's maker of protocols that speaks TLS before it makes what ``connect`` makes."""
    handshakes = Handshakes(context, intake)
    return lambda *, server_state, **more: TlsTransport(
        handshakes, server_state, lambda: connect(server_state=server_state, **more)
    )


def _load_pair(context: ssl.SSLContext, chain: Path, key: Path) -> Certificate:
    text = _read(chain, _CERTIFICATE)
    first = _FIRST_CERTIFICATE.search(text)
    if first is None:
        raise _not_pem(chain, _CERTIFICATE, text, "-----BEGIN CERTIFICATE-----")
    key_text = _read(key, _KEY)
    if _KEY_BEGIN.search(key_text) is None:
        raise _not_pem(key, _KEY, key_text, "-----BEGIN PRIVATE KEY-----")

    def refuse_password() -> str:
        raise SettingError(
            f"{_KEY}: the key {key} has a password, which nobody could enter when the server starts. Write it without "
            f"one, to a file that only this user can read: openssl pkey -in {key.name} -out key.pem"
        )

    try:
        context.load_cert_chain(chain, key, refuse_password)
    except ssl.SSLError as error:
        reason = error.reason or str(error)
        if reason.endswith(_NO_PAIR):
            raise SettingError(
                f"{_KEY}: the key {key} does not belong to the first certificate of {chain}. Expected the key that the "
                "certificate was made for; the server's own certificate comes first in the file, its issuers after it."
            ) from None
        if reason.endswith(_WEAK):
            raise SettingError(
                f"{_CERTIFICATE}: {chain} has a key or signature that is too weak ({reason}). Expected RSA with 2048 "
                "bits or more, or an elliptic curve, signed with SHA-256 or better."
            ) from None
        raise SettingError(
            f"{_CERTIFICATE} and {_KEY}: {chain} and {key} cannot be used: {reason}. Expected a PEM certificate chain "
            f"and its private key; what the first one holds: openssl x509 -text -in {chain.name}"
        ) from None
    serial, not_before, not_after = serial_and_validity(ssl.PEM_cert_to_DER_cert(first[0]))
    return Certificate(chain, serial, not_before, not_after)


def _load_authorities(context: ssl.SSLContext, path: Path) -> None:
    text = _read(path, _AUTHORITIES)
    if _FIRST_CERTIFICATE.search(text) is None:
        raise _not_pem(path, _AUTHORITIES, text, "-----BEGIN CERTIFICATE-----")
    try:
        context.load_verify_locations(path)
    except ssl.SSLError as error:
        raise SettingError(f"{_AUTHORITIES}: {path} is not readable as PEM certificates: {error.reason}.") from None
    if not context.get_ca_certs():
        raise SettingError(
            f"{_AUTHORITIES}: {path} has no certificate of an authority (CA:TRUE). Expected the certificate that "
            "signed the clients' certificates, not one of theirs."
        )
    context.verify_mode = ssl.CERT_OPTIONAL  # without one there are the health pages, which probes need


def _read(path: Path, variable: str) -> str:
    try:
        return path.read_text(encoding="latin-1")
    except OSError as error:
        raise SettingError(f"{variable}: {path} {why_unreadable(error)} Expected a PEM file.") from None


def _not_pem(path: Path, variable: str, text: str, expected: str) -> SettingError:
    hint = " It looks like DER: convert it with openssl, -inform der -outform pem." if text.startswith("0\x82") else ""
    return SettingError(f"{variable}: {path} is not PEM: expected a text with {expected}.{hint}")


def _day(certificate: Certificate) -> str:
    return f"{certificate.not_after:%Y-%m-%d %H:%M} UTC"


def _expired(certificate: Certificate) -> str:
    return (
        f"{_CERTIFICATE}: the certificate {certificate.path} has expired on {_day(certificate)}. Clients refuse it: "
        "replace it and its key."
    )
