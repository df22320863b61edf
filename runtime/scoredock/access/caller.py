"""Who was admitted, and by what."""

from __future__ import annotations

from typing import NamedTuple


class Caller(NamedTuple):
    """A client that was admitted, for the log and the metrics.

    ``by`` is what let it in: primary_key, secondary_key, token, certificate. ``named`` says whose that is in the line
    of the request, as ``name=value``: it is not secret, and ``printable``.
    """

    by: str
    named: str
