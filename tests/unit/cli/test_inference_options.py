"""The options that say how models are scored: the same of every command, and kept when a service is changed."""

from __future__ import annotations

import json

import click
import pytest

from scoredock.cli.deploy import deploy
from scoredock.cli.inference_options import changed_config, read_inference_config
from scoredock.cli.package import package
from scoredock.cli.service import service


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A current folder with two inference configurations and two source folders."""
    monkeypatch.chdir(tmp_path)
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "score.py").write_text("")
    (tmp_path / "score.py").write_text("")
    for name in ("ic.json", "other.json"):
        (tmp_path / name).write_text(json.dumps({"entryScript": "score.py"}))
    return tmp_path


@pytest.mark.parametrize("command", [deploy, package, service.commands["update"]])
def test_commands_have_them_alike(command):
    options = {option for parameter in command.params for option in parameter.opts}
    assert options >= {"--ic", "--es", "--entry-script", "--sd", "--source-directory", "--image-python", "--strict"}
    help_of = {parameter.name: parameter.help for parameter in command.params}
    assert "python=3.6" in help_of["image_python"]


def test_what_an_option_said_stays_with_another_file_and_is_shown(place, capsys):
    before = read_inference_config(place / "ic.json", {"source_directory": "one", "image_python": True})
    assert before.options == {"source_directory": str(place / "one"), "image_python": True}
    after = changed_config(before, place / "other.json", {})
    assert (after.root, after.image_python) == (place / "one", True)
    said = capsys.readouterr().err
    assert f"Kept, as the service was given it before: --sd {place / 'one'}\n" in said
    assert "Kept, as the service was given it before: --image-python\n" in said
    assert after.options == before.options


def test_an_option_of_the_change_wins(place, capsys):
    before = read_inference_config(place / "ic.json", {"source_directory": "one"})
    after = changed_config(before, place / "other.json", {"source_directory": "two"})
    assert after.root == place / "two"
    assert "Kept" not in capsys.readouterr().err


def test_options_alone_change_what_was_deployed(place):
    before = read_inference_config(place / "ic.json")
    assert changed_config(before, None, {}) is None
    after = changed_config(before, None, {"source_directory": "two"})
    assert (after.root, after.script_path) == (place / "two", place / "two" / "score.py")
    assert after.options == {"source_directory": str(place / "two")}
    script = changed_config(before, None, {"entry_script": "one/score.py"})
    assert (script.script_path, script.script_in_root) == (place / "one" / "score.py", "one/score.py")


def test_without_a_file_a_script_is_needed(place):
    assert read_inference_config(None, {"entry_script": "score.py"}).script_path == place / "score.py"
    with pytest.raises(click.UsageError, match="--es FILE"):
        read_inference_config(None, {"source_directory": "one"})
