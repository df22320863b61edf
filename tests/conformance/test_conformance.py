"""Every exchange of the corpus, against both servers: equal, but for the differences that are declared."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from . import comparison, differences
from .corpus import SCRIPTS
from .exchange import Exchange, Script, send
from .servers import Pairs

CASES = [
    pytest.param(script, exchange, id=f"{script.name}-{exchange.name}")
    for script in SCRIPTS
    for exchange in script.exchanges
]


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Script], dict[str, int]]]:
    """The ports of both servers with a script of the corpus. The script before it is stopped then."""
    pairs = Pairs(tmp_path_factory.mktemp("conformance"))
    yield pairs.ports
    pairs.close()


@pytest.mark.parametrize(("script", "exchange"), CASES)
def test_both_servers_answer_alike(
    ports: Callable[[Script], dict[str, int]], script: Script, exchange: Exchange
) -> None:
    facets = {name: comparison.facets(send(port, exchange), exchange) for name, port in ports(script).items()}
    found = comparison.differing(facets["reference"], facets["scoredock"])
    wanted = {facet: one for one in exchange.wanted for facet in one.changes}

    lines = []
    for facet, (theirs, ours) in found.items():
        if facet not in wanted:
            lines.append(f"undeclared: {facet}: {comparison.narrowed(theirs, ours)}")
        elif not wanted[facet].matches(facet, theirs, ours):
            lines.append(
                f"not as declared: {facet}: {comparison.narrowed(theirs, ours)}, declared "
                f" {wanted[facet].changes[facet]!r} ({wanted[facet].reason})"
            )
    lines += [
        f"no longer: {facet}: both {facets['scoredock'].get(facet)!r} ({one.reason})"
        for facet, one in wanted.items()
        if facet not in found
    ]
    if lines:
        pytest.fail("\n".join(lines), pytrace=False)


def test_every_exchange_has_a_name_of_its_own() -> None:
    names = [case.id for case in CASES]
    assert sorted(set(names)) == sorted(names)


def test_every_declared_difference_is_named_by_an_exchange() -> None:
    declared = {one.reason for one in vars(differences).values() if isinstance(one, differences.Difference)}
    named = {one.reason for script in SCRIPTS for exchange in script.exchanges for one in exchange.wanted}
    assert declared <= named
