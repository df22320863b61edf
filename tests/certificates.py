"""Certificates for tests: authorities, and what they sign, as PEM files."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.now(datetime.timezone.utc)
DAY = datetime.timedelta(days=1)


@dataclass
class Issued:
    """A certificate and its key, in memory and in files: ``chain`` has the certificate alone."""

    certificate: x509.Certificate
    key: Any
    chain: Path
    key_file: Path

    @property
    def serial(self) -> int:
        """The serial number."""
        return self.certificate.serial_number

    @property
    def variables(self) -> dict[str, str]:
        """The settings of a server that has it."""
        return {"SCOREDOCK_TLS_CERTIFICATE": str(self.chain), "SCOREDOCK_TLS_KEY": str(self.key_file)}

    @property
    def pair(self) -> tuple[str, str]:
        """The file names, as clients take them."""
        return str(self.chain), str(self.key_file)


def issue(
    folder: Path,
    name: str = "server",
    issuer: Issued | None = None,
    *,
    authority: bool = False,
    begin: datetime.datetime = NOW - DAY,
    end: datetime.datetime = NOW + 365 * DAY,
    rsa_bits: int | None = None,
    password: bytes | None = None,
) -> Issued:
    """A certificate for 127.0.0.1, signed by ``issuer`` or itself; ``rsa_bits`` makes its key RSA instead of P-256."""
    key: Any = rsa.generate_private_key(65537, rsa_bits) if rsa_bits else ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
    )
    certificate = builder.sign(issuer.key if issuer else key, hashes.SHA256())
    chain, key_file = folder / f"{name}.pem", folder / f"{name}-key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption))
    return Issued(certificate, key, chain, key_file)
