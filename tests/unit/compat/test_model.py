"""Model.get_model_path over every layout in which models lie in a container."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scoredock.compat.model import Model, ModelNotFoundException


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Lay files out below a models folder; ``model_dir`` is what AZUREML_MODEL_DIR names, below it."""
    monkeypatch.chdir(tmp_path)

    def lay_out(*files: str, model_dir: str = ".") -> Path:
        root = tmp_path / "models"
        for file in files:
            path = root / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file)
        monkeypatch.setenv("AZUREML_MODEL_DIR", str(root / model_dir))
        return root

    return lay_out


def found(name: str, *arguments: Any) -> Path:
    """The path of a model."""
    path = Model.get_model_path(name, *arguments)
    assert isinstance(path, str)
    return Path(path)


def test_one_model_is_its_file(models: Callable[..., Path]) -> None:
    root = models("diabetes/3/model.pkl", model_dir="diabetes/3")
    assert found("diabetes") == root / "diabetes/3/model.pkl"
    assert found("diabetes", 3) == root / "diabetes/3/model.pkl"


def test_one_model_that_is_a_folder_is_that_folder(models: Callable[..., Path]) -> None:
    root = models("bert/1/saved/weights.bin", "bert/1/saved/vocab.txt", model_dir="bert/1")
    assert found("bert") == root / "bert/1/saved"


def test_several_files_of_one_model_are_their_folder(models: Callable[..., Path]) -> None:
    root = models("bert/1/weights.bin", "bert/1/vocab.txt", model_dir="bert/1")
    assert found("bert") == root / "bert/1"


def test_each_of_several_models_is_found(models: Callable[..., Path]) -> None:
    root = models("a/1/a.pkl", "b/2/b.onnx", "c/1/folder/x", "c/1/folder/y")
    assert found("a") == root / "a/1/a.pkl"
    assert found("b") == root / "b/2/b.onnx"
    assert found("c") == root / "c/1/folder"


def test_the_highest_version_is_the_default_and_ten_is_higher_than_nine(models: Callable[..., Path]) -> None:
    root = models("a/9/m.pkl", "a/10/m.pkl", "a/2/m.pkl")
    assert found("a") == root / "a/10/m.pkl"


@pytest.mark.parametrize("version", [9, "9"])
def test_a_version_may_be_asked_for(version: Any, models: Callable[..., Path]) -> None:
    root = models("a/9/m.pkl", "a/10/m.pkl")
    assert found("a", version) == root / "a/9/m.pkl"


@pytest.mark.parametrize("version", [3, "3", "latest"])
def test_a_version_that_is_not_there_is_not_found(version: Any, models: Callable[..., Path]) -> None:
    models("a/9/m.pkl", "a/10/m.pkl")
    with pytest.raises(ModelNotFoundException, match=f"a version {version}"):
        Model.get_model_path("a", version)


def test_another_version_of_the_one_model_is_not_found(models: Callable[..., Path]) -> None:
    models("a/9/m.pkl", model_dir="a/9")
    with pytest.raises(ModelNotFoundException):
        Model.get_model_path("a", 8)


@pytest.mark.parametrize("name", ["model.pkl", "folder"])
def test_a_flat_folder_is_looked_in_by_file_name(name: str, models: Callable[..., Path]) -> None:
    root = models("model.pkl", "folder/weights.bin")
    assert found(name) == root / name


def test_a_folder_of_the_model_without_versions_is_the_model(models: Callable[..., Path]) -> None:
    root = models("a/weights.bin", "a/vocab.txt")
    assert found("a") == root / "a"


def test_without_the_variable_azureml_models_and_the_current_folder_are_looked_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models: Callable[..., Path]
) -> None:
    models()
    monkeypatch.delenv("AZUREML_MODEL_DIR")
    (tmp_path / "azureml-models/a/2").mkdir(parents=True)
    (tmp_path / "azureml-models/a/2/m.pkl").touch()
    (tmp_path / "local.pkl").touch()
    assert found("a").resolve() == tmp_path / "azureml-models/a/2/m.pkl"
    assert found("local.pkl").resolve() == tmp_path / "local.pkl"


def test_the_variables_folder_goes_first(tmp_path: Path, models: Callable[..., Path]) -> None:
    root = models("a/1/m.pkl")
    (tmp_path / "azureml-models/a/2").mkdir(parents=True)
    (tmp_path / "azureml-models/a/2/m.pkl").touch()
    assert found("a") == root / "a/1/m.pkl"


def test_the_message_says_where_was_looked_what_is_there_and_what_is_near(models: Callable[..., Path]) -> None:
    root = models("diabetes/1/m.pkl", "iris/1/m.pkl")
    with pytest.raises(ModelNotFoundException) as caught:
        Model.get_model_path("diabets")
    message = str(caught.value)
    assert "Model not found" in message
    assert str(root) in message
    assert "diabetes, iris" in message
    assert "Did you mean diabetes?" in message
    assert "AZUREML_MODEL_DIR" in message


def test_the_message_of_an_empty_folder_says_that_there_is_nothing(models: Callable[..., Path]) -> None:
    models()
    with pytest.raises(ModelNotFoundException, match="there is: nothing"):
        Model.get_model_path("diabetes")


def test_a_thousand_models_are_looked_through_quickly(models: Callable[..., Path]) -> None:
    root = models(*(f"model-{number:04}/1/m.pkl" for number in range(1000)))
    started = time.perf_counter()
    for number in range(1000):
        assert found(f"model-{number:04}") == root / f"model-{number:04}/1/m.pkl"
    with pytest.raises(ModelNotFoundException) as caught:
        Model.get_model_path("model-9999")
    assert time.perf_counter() - started < 5
    assert len(str(caught.value)) < 1000


def test_no_workspace_is_needed(models: Callable[..., Path]) -> None:
    root = models("a/1/m.pkl")
    assert Model.get_model_path(model_name="a", version=None, _workspace=None) == str(root / "a/1/m.pkl")
