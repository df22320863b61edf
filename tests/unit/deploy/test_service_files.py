"""What a service's container finds below its app root."""

from __future__ import annotations

import json
import os

import pytest

from scoredock.deploy import InferenceConfig, Model
from scoredock.deploy.local.engine import silent
from scoredock.deploy.local.service_config import built_environment
from scoredock.deploy.local.service_files import model_dir, model_map, write_layout
from scoredock.errors import ConfigError, DeployError


@pytest.fixture
def register(workspace, tree):
    """Register a model: ``register("alpha", {"weights.txt": "1"})``; a folder's files where there are several."""

    def add(name: str, files: dict[str, str]) -> Model:
        folder = tree(f"models-{name}-{len(Model.list(workspace))}", files)
        path = folder if len(files) > 1 else folder / next(iter(files))
        return Model.register(workspace, path, name)

    return add


def test_the_model_dir_is_the_one_models_folder_or_that_of_all(register):
    one, two = register("alpha", {"w.txt": "1"}), register("alpha", {"w.txt": "2"})
    assert model_dir([]) == "/var/azureml-app/azureml-models"
    assert model_dir([two]) == "/var/azureml-app/azureml-models/alpha/2"
    assert model_dir([one, two]) == "/var/azureml-app/azureml-models"


def test_the_model_map_names_every_version(register):
    models = [register("alpha", {"w.txt": "1"}), register("alpha", {"w.txt": "2"}), register("beta", {"b.txt": "3"})]
    found = model_map(models)
    assert found["models"] == {"alpha": {"version": 2, "id": "alpha:2"}, "beta": {"version": 1, "id": "beta:1"}}
    assert found["modelsInfo"]["alpha"] == {"1": {"version": 1, "id": "alpha:1"}, "2": {"version": 2, "id": "alpha:2"}}


def test_a_layout_has_script_map_and_models(register, tree, tmp_path):
    alpha, forest = register("alpha", {"w.txt": "1"}), register("forest", {"a/one.txt": "1", "two.txt": "2"})
    source = tree("my source", {"score.py": "script", "lib/util.py": "util", "big.csv": "", ".amlignore": "*.csv"})
    config = InferenceConfig(entry_script="score.py", source_directory=str(source))
    layout = write_layout(tmp_path / "1", config, [alpha, forest])
    assert layout.environment == {
        "AML_APP_ROOT": "/var/azureml-app",
        "AZUREML_MODEL_DIR": "/var/azureml-app/azureml-models",
        "AZUREML_ENTRY_SCRIPT": "my source/score.py",
        "AZUREML_SOURCE_DIRECTORY": "my source",
    }
    files = {str(one.relative_to(layout.app)) for one in layout.app.rglob("*") if one.is_file()}
    assert files == {"my source/score.py", "my source/lib/util.py", "my source/.amlignore", "model_config_map.json"}
    assert json.loads((layout.app / "model_config_map.json").read_text()) == model_map([alpha, forest])
    models = {str(one.relative_to(layout.models)) for one in layout.models.rglob("*") if one.is_file()}
    root = forest.files[0].path.split("/")[0]
    assert models == {"alpha/1/w.txt", f"forest/1/{root}/a/one.txt", f"forest/1/{root}/two.txt"}


def test_every_user_may_read_a_layout_and_models_take_no_second_space(register, tree, tmp_path):
    alpha = register("alpha", {"w.txt": "1"})
    source = tree("source", {"score.py": "script"})
    config = InferenceConfig(entry_script="score.py", source_directory=str(source))
    before = os.umask(0o077)
    try:
        layout = write_layout(tmp_path / "1", config, [alpha])
        copies = write_layout(tmp_path / "2", config, [alpha], link=False)
    finally:
        os.umask(before)
    for one in (tmp_path / "1", *(tmp_path / "1").rglob("*")):
        assert one.stat().st_mode & 0o005 == (0o005 if one.is_dir() else 0o004), one
    stored = alpha.local_path() / "w.txt"
    assert (layout.models / "alpha" / "1" / "w.txt").samefile(stored)
    assert not (copies.models / "alpha" / "1" / "w.txt").samefile(stored)


def test_a_script_alone_lies_at_the_app_root(tree, tmp_path):
    folder = tree("scripts", {"own.py": "script", "beside.txt": ""})
    config = InferenceConfig(entry_script=str(folder / "own.py"))
    layout = write_layout(tmp_path / "1", config, [])
    assert layout.environment["AZUREML_ENTRY_SCRIPT"] == "own.py"
    assert "AZUREML_SOURCE_DIRECTORY" not in layout.environment
    assert [one.name for one in layout.app.iterdir() if one.is_file()].count("own.py") == 1
    assert not (layout.app / "beside.txt").exists()
    assert layout.models.is_dir()


def test_a_script_that_is_missing_is_named_before_the_engine_is_asked_for_an_image(workspace, tmp_path):
    with pytest.raises(ConfigError, match=r"other\.py, where there is none"):
        built_environment(None, workspace, InferenceConfig(entry_script="other.py", folder=tmp_path), silent)


def test_a_script_that_is_missing_or_left_out_is_named(tree, tmp_path):
    source = tree("source", {"score.py": "", ".gitignore": "score.py\n"})
    with pytest.raises(DeployError, match=r"score\.py is left out by an ignore file of .*source: take it out"):
        write_layout(tmp_path / "1", InferenceConfig(entry_script="score.py", source_directory=str(source)), [])
    with pytest.raises(ConfigError, match=r"other\.py, where there is none"):
        write_layout(tmp_path / "2", InferenceConfig(entry_script="other.py", source_directory=str(source)), [])
