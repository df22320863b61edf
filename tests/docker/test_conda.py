"""Environments with conda's packages, from a channel in a folder of this machine, built and asked for real."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import conda_channels
import pytest
from deployments import Place

SCRIPT = """
    import sys
    import greeting

    def init():
        pass

    def run(data):
        return [greeting.hello(), sys.version.split()[0]]
"""


@pytest.fixture(scope="session")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a channel with a Python, and a package of two versions."""
    folder = tmp_path_factory.mktemp("channel")
    subprocess.run([sys.executable, conda_channels.__file__, folder], check=True)
    return folder


def conda(place: Place, channel: str, *packages: str) -> None:
    """Have the service's environment be of these packages."""
    lines = [f"- {package}\n" for package in packages]
    place.write("conda.yml", f"channels:\n- {channel}\ndependencies:\n{''.join(lines)}- pip: [azureml-defaults]\n")
    configuration = {"entryScript": "score.py", "sourceDirectory": "source", "runtime": "python"}
    place.write("inferenceconfig.json", {**configuration, "condaFile": "../conda.yml"})


def test_a_channel_that_is_a_folder_brings_python_and_packages(place, channel):
    place.script(SCRIPT)
    conda(place, channel.as_uri(), f"python={conda_channels.SHORT}", "greeting=1.0")
    name = place.name()
    place.deploy(name)
    assert place.ask(name) == ["hello 1.0", conda_channels.PYTHON]
    conda(place, channel.as_uri(), f"python={conda_channels.SHORT}", "greeting")
    place.cli("service", "update", name, "--ic", "inferenceconfig.json")
    assert place.ask(name) == ["hello 2.0", conda_channels.PYTHON]


def test_what_no_channel_has_is_told_in_the_solvers_words(place, channel):
    conda(place, channel.as_uri(), "greeting=7")
    name = place.name()
    told = place.deploy(name, code=1).err
    assert "Cannot solve the request because of: No candidates were found for greeting 7" in told
    assert not place.containers(name)


def test_a_folder_that_is_no_channel_builds_nothing(place, tmp_path):
    conda(place, (tmp_path / "nosuch").as_uri(), "greeting")
    told = place.deploy(place.name(), code=1).err
    assert f"channel {tmp_path / 'nosuch'}: expected a folder of this machine; there is none." in told
    (tmp_path / "nosuch").mkdir()
    told = place.deploy(place.name(), code=1).err
    assert "expected a conda channel, with a repodata.json in linux-64 or noarch" in told
    assert "Step 1/" not in told
