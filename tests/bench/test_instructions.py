"""A request costs no more instructions than it did: a guard that does not depend on the machine's speed."""

from __future__ import annotations

import shutil

import pytest

from .instructions import units

# What `python tests/bench/instructions.py` printed when these were set, and a twentieth more. The figures differ by
# less than 0.5 % from run to run. Who makes the path faster sets them anew. Of echo's, metrics take 3, a request's
# line with its wait and sizes 9.
COST = {"echo": 49.3, "array": 65.4}


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed (Debian package valgrind)")
@pytest.mark.parametrize("name", COST)
def test_a_request_costs_no_more_instructions(name: str) -> None:
    assert units(name) < 1.05 * COST[name]
