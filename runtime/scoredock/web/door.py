"""Who gets in: clients with a key, a token or a certificate, where settings ask for them; anybody for health."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping

from scoredock.access import Access, open_access
from scoredock.errors import RequestProblem, ScoredockError, Unauthorised
from scoredock.observe.context import of_request
from scoredock.settings import Settings
from scoredock.web.answers import HTML_HEADER, SUCCEEDED, Answer
from scoredock.web.cors import is_preflight
from scoredock.web.incoming import Incoming

OPEN = ("/", "/livez", "/readyz")  # to everybody: probes have no keys

logger = logging.getLogger("scoredock.web")


class Door:
    """Lets requests in; to ``also_open``, and health, everybody's. ``Door.of`` gives none where everybody may call.

    ``access`` is what the settings ask for, opened before this worker was forked; opened here where it is None.
    ``count`` is told what has let a request in.
    """

    def __init__(
        self,
        settings: Settings,
        also_open: Iterable[str] = (),
        access: Access | None = None,
        count: Callable[[str], None] = lambda by: None,
    ) -> None:
        self._open = frozenset((*OPEN, *also_open))
        self._access = access or open_access(settings)
        self._count = count
        if self._access is not None:
            self._access.start()
        self._wants_certificates = settings.tls_client_ca is not None
        self._has_cors = bool(settings.cors_origins)

    @classmethod
    def of(
        cls,
        settings: Settings,
        also_open: Iterable[str] = (),
        access: Access | None = None,
        count: Callable[[str], None] = lambda by: None,
    ) -> Door | None:
        """The door that the settings ask for."""
        door = cls(settings, also_open, access, count)
        return door if door._access is not None or door._wants_certificates else None

    def may_call(self, headers: Mapping[bytes, bytes], certified: bool) -> bool:
        """Whether a request with these headers, of a client that is ``certified`` or not, has what lets it in."""
        if self._wants_certificates and not certified:
            return False
        try:
            if self._access is not None:
                self._access.admit(headers.get(b"authorization", b""))
        except ScoredockError:
            return False
        return True

    def admit(self, incoming: Incoming) -> Answer | None:
        """None for a request that may come in, and the answer to a preflight, which browsers send without credentials.

        Settles whether it is ``admitted``, and adds its caller to ``who``.

        Raises Unauthorised, NotReady while nobody can be known yet, and RequestProblem (403) without a certificate:
        RFC 9110 wants a challenge with 401, and has none for certificates.
        """
        if incoming.path in self._open:
            return None
        incoming.admitted = False
        client = incoming.client
        if self._wants_certificates and (client is None or not client.certified):
            raise RequestProblem(
                403,
                "A client certificate is needed for everything but health: present one that an authority of "
                "SCOREDOCK_TLS_CLIENT_CA has signed.",
            )
        if self._access is None:
            self._let_in(incoming, "certificate", "")
            return None
        try:
            caller = self._access.admit(incoming.by_name.get(b"authorization", b""))
        except Unauthorised as error:
            if self._has_cors and is_preflight(incoming.method, incoming.by_name):
                return Answer(200, [HTML_HEADER, SUCCEEDED])  # never the script's own: it would be called by strangers
            if error.reason:
                with of_request(incoming.ids.request_id):
                    logger.info("Not admitted: %s", error.reason)
            raise
        # Scripts log and pass on the headers that they get. What has let a request in stays at the door; where
        # everybody may call, the header is between the client and the script, as it is with azmlinfsrv.
        incoming.pairs = [pair for pair in incoming.pairs if pair[0] != b"authorization"]
        incoming.by_name.pop(b"authorization", None)
        self._let_in(incoming, caller.by, caller.named)
        return None

    def _let_in(self, incoming: Incoming, by: str, named: str) -> None:
        client = incoming.client
        if self._wants_certificates and client is not None:
            named = f"{named} certificate={client.certificate}".lstrip()
        incoming.admitted = True
        incoming.who = f"{incoming.who} {named}"
        self._count(by)
