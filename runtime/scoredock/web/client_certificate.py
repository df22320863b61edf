"""What a client's certificate says of it. The argument is what ``ssl.SSLObject.getpeercert()`` gives."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from typing import Any

from scoredock.texts import printable

MAX_NAME = 100  # characters that the log shows


def is_valid_now(certificate: Mapping[str, Any]) -> bool:
    """Whether it has not expired meanwhile: a resumed session has the one that was shown when it began."""
    return ssl.cert_time_to_seconds(certificate["notAfter"]) > time.time()


def name_of(certificate: Mapping[str, Any]) -> str:
    """The subject's common name, else its first alternative name, else the serial number; fit for the log."""
    subject = {name: value for pairs in certificate.get("subject", ()) for name, value in pairs}
    alternative = next((value for _, value in certificate.get("subjectAltName", ())), None)
    name = subject.get("commonName") or alternative or certificate.get("serialNumber") or "-"
    return printable(str(name)[:MAX_NAME], " ")
