"""Which models a folder holds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scoredock.observe.service_info import MAX_MODELS, models, versioned_models


def test_folders_named_by_a_number_are_versions(tmp_path: Path) -> None:
    for folder in ("ridge/3", "ridge/12", "lasso/1", "lasso/notes"):
        (tmp_path / folder).mkdir(parents=True)
    assert versioned_models(tmp_path) == ["lasso:1", "ridge:12", "ridge:3"]
    assert versioned_models(tmp_path / "ridge" / "3") == ["ridge:3"]
    assert models(tmp_path / "lasso") == ["lasso"]


def test_of_a_folder_with_many_versions_a_hundred_are_told(tmp_path: Path) -> None:
    for number in range(MAX_MODELS + 5):
        (tmp_path / "ridge" / str(number)).mkdir(parents=True)
    assert len(versioned_models(tmp_path)) == MAX_MODELS == 100


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(("mode", "inside"), [(0o700, ""), (0o700, "models"), (0o744, "")])
def test_a_folder_that_cannot_be_read_is_one_model(tmp_path: Path, mode: int, inside: str) -> None:
    folder = tmp_path / "closed" / inside
    (folder / "ridge" / "3").mkdir(parents=True)
    for above in (tmp_path.parent.parent, tmp_path.parent, tmp_path):  # pytest's own are root's alone
        above.chmod(0o755)
    (tmp_path / "closed").chmod(mode)
    os.seteuid(65534)
    try:
        found = models(folder)
    finally:
        os.seteuid(0)
    assert found == [folder.name]


def test_a_folder_that_is_not_there_holds_no_model(tmp_path):
    assert models(tmp_path / "azureml-models") == []
