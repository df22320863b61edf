"""Paths of settings keep their links, and lose everything else that is not straight."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoredock.settings import resolve
from scoredock.settings.paths import absolute


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("code/score.py", "code/score.py"),
        ("code/../code/./score.py", "code/score.py"),
        ("missing/../code/score.py", "code/score.py"),
        ("current/score.py", "current/score.py"),
        ("current/../code/score.py", "current/../code/score.py"),  # current's parent is another folder
        ("loop/score.py", "loop/score.py"),
    ],
)
def test_links_stay_and_dots_go(given: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "releases/v1").mkdir(parents=True)
    (tmp_path / "current").symlink_to("releases/v1")
    (tmp_path / "loop").symlink_to("loop")
    assert str(absolute(tmp_path / given)) == f"{tmp_path}/{expected}"


def test_every_path_of_the_settings_keeps_its_links(tmp_path: Path) -> None:
    (tmp_path / "v1").mkdir()
    (tmp_path / "current").symlink_to("v1")
    given = {"AZUREML_MODEL_DIR": "current/model", "AML_APP_ROOT": "current", "AZUREML_ENTRY_SCRIPT": "score.py"}
    settings, _ = resolve({}, given, tmp_path)
    current = tmp_path / "current"
    assert (settings.model_dir, settings.app_root) == (current / "model", current)
    assert settings.script_path == current / "score.py"
    assert settings.script_folders == (current, tmp_path / "v1")
    by_flag, _ = resolve({"entry_script": "current/score.py", "model_dir": "current"}, {}, tmp_path)
    assert (by_flag.script_path, by_flag.model_dir) == (current / "score.py", current)
