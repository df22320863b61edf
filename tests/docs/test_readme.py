"""What the README shows is what happens."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text()
TOUR = README.split("## A tour in ten lines")[1]
CURL = re.compile(r"^\$ (curl .*)\n(.*)$", re.MULTILINE)


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> Path:
    """A copy of the README's sample with its model made."""
    folder = tmp_path_factory.mktemp("readme") / "sklearn-diabetes"
    shutil.copytree(PROJECT / "samples" / "sklearn-diabetes", folder, ignore=shutil.ignore_patterns("model"))
    subprocess.run([sys.executable, folder / "make_model.py"], check=True, capture_output=True)
    return folder


def run_curl(command: str, url: str) -> str:
    """Run one of the README's curl commands against ``url`` instead of the README's address."""
    words = [word.replace("localhost:5001", url.removeprefix("http://")) for word in shlex.split(command)]
    done = subprocess.run(["curl", "--silent", *words[1:]], capture_output=True, text=True, check=True, cwd=PROJECT)
    return done.stdout


def test_the_first_curl_gets_the_answer_that_is_shown(serve, sample):
    command, shown = CURL.findall(README)[0]
    server = serve(sample / "score.py", "--model_dir", str(sample / "model"))
    assert json.loads(run_curl(command, server.url)) == pytest.approx(json.loads(shown))


def test_the_tour_works_as_shown(serve, write_script):
    script = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    server = serve(write_script(script))
    for command, shown in CURL.findall(TOUR):
        assert run_curl(command, server.url) == shown
    for command in re.findall(r"`curl '?(localhost[^`']+)'?`", TOUR):
        assert run_curl(f"curl {command}", server.url)


def test_the_check_command_of_the_tour_succeeds(write_script):
    script = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    command = [sys.executable, "-m", "scoredock", "check", "--entry_script", write_script(script)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] in TOUR.splitlines()


def test_the_make_targets_exist_and_serve_the_sample():
    shown = set(re.findall(r"^\$ make (\w+)", README, re.MULTILINE))
    assert shown == {"serve", "test"}
    planned = subprocess.run(["make", "-n", "serve"], capture_output=True, text=True, check=True, cwd=PROJECT).stdout
    assert "samples/sklearn-diabetes/make_model.py" in planned
    assert "scoredock serve --entry_script samples/sklearn-diabetes/score.py" in planned
