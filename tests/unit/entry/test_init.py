"""Calling init(): what is said and logged when it raises."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from scoredock.entry import EntryScript, initialise
from scoredock.entry.model_folder import nearest_path, tree_lines
from scoredock.errors import BootError

INIT_RAISES = """
    import os, joblib

    def init():
        {statement}

    def run(data): return data
"""


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    """A model folder with one model and a companion."""
    folder = tmp_path / "model"
    (folder / "weights").mkdir(parents=True)
    (folder / "weights/model.pkl").write_text("x")
    (folder / "labels.json").write_text("[]")
    return folder


@pytest.fixture
def failure(load_script: Callable[..., EntryScript]) -> Callable[[str, Path | None], str]:
    """The text of the BootError when init() executes a statement."""

    def initialise_and_catch(statement: str, model_dir: Path | None) -> str:
        script = load_script(INIT_RAISES.format(statement=statement))
        with pytest.raises(BootError) as caught:
            initialise(script, model_dir)
        assert caught.value.phase == "init"
        return str(caught.value)

    return initialise_and_catch


def test_init_runs_once_and_its_state_is_there_for_run(load_script: Callable[..., EntryScript]) -> None:
    script = load_script("""
        calls = []
        def init(): calls.append(1)
        def run(data): return len(calls)
    """)
    initialise(script, None)
    assert script.signature.call("x") == 1


def test_the_error_names_the_exception_in_one_line(failure: Callable[..., str]) -> None:
    said = failure("raise ValueError('no\\nweights')", None)
    assert re.fullmatch(r"init\(\) raised ValueError: no weights \(score.py, line \d+\)", said)


def test_a_file_that_may_not_be_read_is_told_with_who_reads(failure: Callable[..., str]) -> None:
    said = failure("raise PermissionError(13, 'Permission denied', '/models/a.bin')", None)
    assert f"runs as user {os.getuid()}: make it readable for all (chmod -R a+rX)" in said
    assert "docker run --user" in said


def test_a_package_that_is_imported_in_init_is_to_be_installed(failure: Callable[..., str]) -> None:
    assert "Install 'nothing_of_mine'" in failure("import nothing_of_mine", None)


@pytest.mark.parametrize("statement", ["raise SystemExit('bye')", "raise KeyboardInterrupt('bye')"])
def test_an_init_that_exits_is_a_boot_failure(statement: str, failure: Callable[..., str]) -> None:
    assert "bye" in failure(statement, None)


def test_the_traceback_is_logged_from_the_scripts_first_frame(
    failure: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    failure("os.stat('/nowhere/at/all')", None)
    assert "in init" in caplog.text
    assert "initialise" not in caplog.text


def test_a_missing_file_is_told_with_the_nearest_existing_path(failure: Callable[..., str], model_dir: Path) -> None:
    message = failure(f"joblib.load({str(model_dir / 'modell.pkl')!r})", model_dir)
    assert message.startswith("init() raised FileNotFoundError: ")
    assert message.endswith(f". The nearest existing path is {model_dir / 'weights/model.pkl'}")


def test_a_missing_file_that_resembles_nothing_gets_no_hint(failure: Callable[..., str], model_dir: Path) -> None:
    assert "nearest" not in failure("open('/zzz/qqq.onnx')", model_dir)


def test_the_model_folders_tree_is_logged(
    failure: Callable[..., str], model_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    failure("raise ValueError", model_dir)
    messages = [record.getMessage() for record in caplog.records]
    start = messages.index("model/")
    assert messages[start:] == ["model/", "    labels.json", "    weights/", "        model.pkl"]


def test_a_large_tree_is_cut_at_200_lines(
    failure: Callable[..., str], model_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    for number in range(300):
        (model_dir / f"part-{number:03}.bin").touch()
    failure("raise ValueError", model_dir)
    messages = [record.getMessage() for record in caplog.records]
    start = messages.index("model/")
    assert len(messages) - start == 201
    assert "200" in messages[-1]


def test_a_model_folder_that_does_not_exist_is_told(
    failure: Callable[..., str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    failure("open('/nowhere/weights')", tmp_path / "nowhere")
    assert f"AZUREML_MODEL_DIR is {tmp_path / 'nowhere'}, which does not exist" in caplog.text


class TestModelFolder:
    """The tree, and the nearest path."""

    def test_a_tree_that_fits_is_whole(self, model_dir: Path) -> None:
        assert tree_lines(model_dir, 4) == (
            ["model/", "    labels.json", "    weights/", "        model.pkl"],
            False,
        )
        assert tree_lines(model_dir, 3)[1] is True

    def test_a_link_to_a_folder_is_not_followed(self, model_dir: Path) -> None:
        (model_dir / "weights/up").symlink_to(model_dir)
        lines, more = tree_lines(model_dir, 50)
        assert not more
        assert any("up ->" in line for line in lines)

    def test_a_file_as_model_folder_is_one_line(self, model_dir: Path) -> None:
        assert tree_lines(model_dir / "labels.json", 10) == (["labels.json"], False)

    def test_the_nearest_path_lies_beside_the_missing_one_or_below_the_root(self, model_dir: Path) -> None:
        assert nearest_path(str(model_dir / "label.json"), None) == str(model_dir / "labels.json")
        assert nearest_path("/elsewhere/model.pk", model_dir) == str(model_dir / "weights/model.pkl")

    def test_the_only_file_of_the_same_kind_is_near_enough(self, model_dir: Path) -> None:
        assert nearest_path("/elsewhere/completely_different.pkl", model_dir) == str(model_dir / "weights/model.pkl")
        (model_dir / "second.pkl").touch()
        assert nearest_path("/elsewhere/completely_different.pkl", model_dir) is None

    def test_nothing_is_near_in_an_empty_folder(self, tmp_path: Path) -> None:
        assert nearest_path("/elsewhere/model.pkl", tmp_path) is None
        assert nearest_path("/elsewhere/model.pkl", None) is None
