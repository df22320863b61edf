"""Whose request it is where proxies stand between: their header X-Forwarded-For, from those that are trusted alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scoredock.settings.proxies import Network, address_in


class Forwarded:
    """Reads the header as proxies in the networks ``trusted`` write it."""

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = trusted
        self._named = [network for network in trusted if network.prefixlen]  # without those of all addresses

    def who(self, peer: tuple[str, int] | None, headers: Mapping[bytes, bytes]) -> str:
        """What ``Client.who`` says of the last address that no trusted proxy has; ``peer`` is who has connected.

        A proxy adds the address of whoever has connected to it at the end. What stands before an address that is not
        trusted, or is none, may be made up. So may what stands before the last one where everybody who connects is
        trusted: a client would be, too.
        """
        found = peer[0] if peer is not None else "-"
        trusted = self._trusted
        for part in reversed(headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")):
            proxy, address = address_in(found), address_in(part)
            if proxy is None or address is None or not any(proxy in network for network in trusted):
                break
            found = str(address)
            trusted = self._named
        return f" client={found}"
