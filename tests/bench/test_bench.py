"""The benchmark runs: one short round of one case against one peer."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parent / "bench.py"


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed (Debian package wrk)")
def test_one_round_of_one_case_gives_a_row_for_each_server():
    arguments = ["--cases", "ridge-1", "--peers", "azmlinfsrv", "--rounds", "1", "--seconds", "1"]
    done = subprocess.run([sys.executable, BENCH, *arguments], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    for name in ("scoredock", "azureml-inference-server-http"):
        assert any(row[0] == name and float(row[1].replace(",", "")) > 0 for row in rows if len(row) > 4), done.stdout
