"""What numeric libraries are told of the CPUs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scoredock.cgroups import available_cpus
from scoredock.server.banner import banner
from scoredock.server.boot import export_environment
from scoredock.server.numeric_threads import THREAD_VARIABLES, numeric_threads, share_line, thread_variables
from scoredock.settings import resolve


@pytest.mark.parametrize(
    ("cpus", "workers", "scoring_threads", "expected"),
    [(16, 2, 1, 8), (16, 2, 3, 2), (16, 1, 1, 16), (3, 2, 1, 1), (2, 4, 4, 1)],
)
def test_the_cpus_are_shared_by_all_that_score(cpus, workers, scoring_threads, expected):
    environment = {"WORKER_COUNT": str(workers), "SCOREDOCK_SCORING_THREADS": str(scoring_threads)}
    settings, _ = resolve({}, environment, Path("/srv"))
    assert numeric_threads(settings, cpus, machine=32) == expected


def test_libraries_choose_by_themselves_where_there_is_nothing_to_share():
    settings, _ = resolve({}, {}, Path("/srv"))
    assert numeric_threads(settings, 8, machine=8) is None
    assert numeric_threads(settings, 4, machine=8) == 4
    assert thread_variables(None, {}) == {}


def test_all_libraries_are_told_the_same():
    assert thread_variables(3, {}) == dict.fromkeys(THREAD_VARIABLES, "3")


@pytest.mark.parametrize(
    ("given", "untouched"),
    [
        ("OMP_NUM_THREADS", {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"}),
        ("GOTO_NUM_THREADS", {"OPENBLAS_NUM_THREADS"}),
        *((name, {name}) for name in THREAD_VARIABLES if name != "OMP_NUM_THREADS"),
    ],
)
def test_what_the_user_has_set_stays_and_reaches_the_libraries_that_fall_back_to_it(given, untouched):
    assert set(thread_variables(3, {given: "7"})) == set(THREAD_VARIABLES) - untouched


def test_an_empty_variable_counts_as_not_set():
    assert thread_variables(3, {"OMP_NUM_THREADS": ""})["OMP_NUM_THREADS"] == "3"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"WORKER_COUNT": "64"}, "64 workers of 1 scoring thread; 1 numeric thread each"),
        ({"SCOREDOCK_SCORING_THREADS": "64"}, "1 worker of 64 scoring threads; 1 numeric thread each"),
        ({"OMP_NUM_THREADS": "5"}, "1 worker of 1 scoring thread; numeric threads as OMP_NUM_THREADS=5 says"),
    ],
)
def test_the_banner_shows_how_cpus_are_shared(monkeypatch, environment, expected):
    for name in ("OMP_NUM_THREADS", *environment):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings, _ = resolve({}, environment, Path("/srv"))
    assert share_line(settings, environment) == f"{available_cpus()} for {expected}"
    assert f"\n  cpus       {available_cpus()} for {expected}\n" in banner(settings, "cpu", environment)


def test_a_process_that_has_imported_numpy_already_goes_on(tmp_path):
    code = f"""
import os
import numpy
from pathlib import Path
from scoredock.server.boot import export_environment
from scoredock.settings import resolve
export_environment(resolve({{}}, {{"WORKER_COUNT": "64"}}, Path({str(tmp_path)!r}))[0])
assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
print(numpy.ones((300, 300)) @ numpy.ones(300) @ numpy.ones(300))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "90000.0\n", done.stderr


def test_exporting_twice_changes_nothing(tmp_path):
    settings, _ = resolve({}, {"WORKER_COUNT": "64"}, tmp_path)
    export_environment(settings)
    before = dict(os.environ)
    export_environment(settings)
    assert dict(os.environ) == before
