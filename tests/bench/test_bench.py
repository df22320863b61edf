"""The benchmark runs: its command, the table of one case, and nothing left behind."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).with_name("bench.py")


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run([sys.executable, str(BENCH), *arguments], capture_output=True, text=True)


def figures(output: str, title: str, server: str) -> list[str]:
    """The cells of a server's row in the table of that title, its name left out."""
    table = output.partition(f"{title}: ")[2].partition("\n\n")[0]
    row = next(line for line in table.splitlines() if line.startswith(f"  {server}  "))
    return row.removeprefix(f"  {server}").split()


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed (Debian package wrk)")
def test_a_case_is_measured_beside_the_reference() -> None:
    done = bench("--cases", "ridge-1", "--peers", "azmlinfsrv", "--rounds", "1", "--seconds", "1")

    assert done.returncode == 0, done.stdout + done.stderr
    for title in ("ridge-1, 1 connection", "ridge-1, 16 connections"):
        ours = figures(done.stdout, title, "scoredock")
        theirs = figures(done.stdout, title, "azureml-inference-server-http")
        our_rate, their_rate = (float(row[0].replace(",", "")) for row in (ours, theirs))
        assert our_rate > 0 and their_rate > 0
        assert ours[3] == theirs[3] == "0"  # errors
        assert abs(float(theirs[4]) - our_rate / their_rate) < 0.06  # the ratio, as it is shown


def test_an_unknown_case_is_refused_with_those_that_there_are() -> None:
    done = bench("--cases", "ridge-2")

    assert done.returncode == 2
    assert "ridge-2 is none of echo, ridge-1, ridge-100" in done.stderr
