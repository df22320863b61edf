"""Registering models and finding them again."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from scoredock.deploy.registry.model import Model
from scoredock.deploy.registry.model_resources import ResourceConfiguration
from scoredock.deploy.registry.workspace import Workspace
from scoredock.errors import NotFound, Refused


@pytest.fixture
def models(tree):
    """The folder of the documents' sample."""
    return tree("models", {"model.h5": "weights", "encoder.pkl": "encoder", "more/tokenizer.pkl": "tokenizer"})


def test_azures_sample_registers_and_finds_a_model(location, models):
    ws = Workspace(location)
    model = Model.register(
        workspace=ws,
        model_path=models / "model.h5",
        model_name="onnx_mnist",
        tags={"onnx": "demo"},
        description="MNIST image classification CNN from ONNX Model Zoo",
    )
    assert (model.name, model.id, model.version) == ("onnx_mnist", "onnx_mnist:1", 1)
    again = Model(ws, "onnx_mnist")
    assert (again.tags, again.description) == ({"onnx": "demo"}, "MNIST image classification CNN from ONNX Model Zoo")
    assert again.model_framework == "Custom"
    assert abs((datetime.now(timezone.utc) - again.created_time).total_seconds()) < 60
    assert again.verify() == []
    assert (again.local_path() / "model.h5").read_text() == "weights"


def test_a_folder_lies_under_its_own_name(location, models):
    path = Model.register(Workspace(location), models, "sentiment").local_path()
    assert [entry.name for entry in path.iterdir()] == ["models"]
    assert (path / "models" / "more" / "tokenizer.pkl").read_text() == "tokenizer"


def test_what_is_registered_is_no_longer_the_users_file(workspace, models):
    model = Model.register(workspace, models, "sentiment")
    copy = model.local_path() / "models" / "model.h5"
    assert copy.stat().st_ino != (models / "model.h5").stat().st_ino
    assert copy.stat().st_mode & 0o222 == 0
    (models / "model.h5").write_text("changed")
    assert copy.read_text() == "weights"
    assert model.verify() == []


def test_versions_count_up_and_the_newest_is_found(location, models):
    ws = Workspace(location)
    for number in (1, 2, 3):
        assert Model.register(ws, models / "model.h5", "m", tags={"n": number}).version == number
    assert Model(ws, "m").version == 3
    for found in (Model(ws, "m", version=2), Model(ws, id="m:2"), Model(ws, "m:2"), Model(ws, "m", version="2")):
        assert found.id == "m:2"
    with pytest.raises(NotFound, match="no version 4"):
        Model(ws, "m:4")
    with pytest.raises(Refused, match="expected a name or an id"):
        Model(ws)


def test_models_are_found_by_tags_properties_and_framework(workspace, models):
    def register(**more):
        Model.register(workspace, models / "model.h5", "m", **more)

    register(tags={"area": "qna", "format": "onnx"}, model_framework="onnx", model_framework_version="1.4")
    register(tags={"area": "vision"}, properties={"run": "7"})
    assert Model(workspace, "m", tags=["area"]).version == 2
    assert Model(workspace, "m", tags=[["area", "qna"], "format"]).version == 1
    assert Model(workspace, "m", tags={"area": "qna"}).version == 1
    assert Model(workspace, "m", properties=[["run", "7"]]).version == 2
    found = Model(workspace, "m", model_framework=Model.Framework.ONNX)
    assert (found.version, found.model_framework, found.model_framework_version) == (1, "ONNX", "1.4")
    with pytest.raises(NotFound, match="No version of the model m has these"):
        Model(workspace, "m", tags=["other"])
    with pytest.raises(NotFound, match="m:1 has not these"):
        Model(workspace, "m:1", tags=["run"])


def test_a_list_has_each_names_newest_version_first(location, models):
    ws = Workspace(location)
    assert Model.list(ws) == []
    for name in ("b", "a", "a", "c.d"):
        Model.register(ws, models / "model.h5", name, tags={"of": name})
    assert [model.id for model in Model.list(ws)] == ["a:2", "a:1", "b:1", "c.d:1"]
    assert [model.id for model in Model.list(ws, latest=True)] == ["a:2", "b:1", "c.d:1"]
    assert [model.id for model in Model.list(ws, name="a")] == ["a:2", "a:1"]
    assert [model.id for model in Model.list(ws, tags=[["of", "b"]])] == ["b:1"]
    assert Model.list(ws, name="none") == []


def test_tags_change_and_properties_are_only_added(location, models):
    ws = Workspace(location)
    model = Model.register(ws, models / "model.h5", "m", tags={"a": "1"}, properties={"p": 1})
    model.add_tags({"b": 2.5})
    model.add_properties({"q": "x", "p": "1"})
    model.update_tags_properties(add_tags={"c": True}, remove_tags=["a", "none"])
    model.update(description="new")
    for seen in (model, Model(ws, "m")):
        assert seen.tags == {"b": "2.5", "c": "True"}
        assert seen.properties == {"p": "1", "q": "x"}
        assert seen.description == "new"
        assert seen.modified_time > seen.created_time
    with pytest.raises(Refused, match=r"m:1: the property p is '1' already, and properties never change"):
        model.add_properties({"p": "2", "r": "3"})
    assert Model(ws, "m").properties == {"p": "1", "q": "x"}
    model.update(tags={"only": "this"})
    assert Model(ws, "m").tags == {"only": "this"}


def test_a_sample_comes_back_and_can_be_replaced(location, models, tree):
    ws = Workspace(location)
    samples = tree("samples", {"request.json": '{"data": [1]}', "newer.json": "{}", "answer.json": "[1]"})
    model = Model.register(
        ws,
        models,
        "m",
        sample_input_dataset=samples / "request.json",
        sample_output_dataset=str(samples / "answer.json"),
        resource_configuration=ResourceConfiguration(cpu=0.5, memory_in_gb=2),
        datasets=[("training", "rows")],
    )
    assert (model.sample_input_dataset, model.sample_output_dataset) == ("request.json", "answer.json")
    assert model.sample_path().read_text() == '{"data": [1]}'
    assert model.sample_path("output").read_text() == "[1]"
    assert model.resource_configuration == ResourceConfiguration(0.5, 2, None)
    assert model.serialize()["resourceRequirements"] == {"cpu": 0.5, "memoryInGB": 2, "gpu": None}
    assert [file.path for file in model.files] == [
        "models/encoder.pkl",
        "models/model.h5",
        "models/more/tokenizer.pkl",
    ], "a sample is no part of what is deployed"
    model.update(sample_input_dataset=samples / "newer.json")
    assert Model(ws, "m").sample_path().read_text() == "{}"
    with pytest.raises(Refused, match="sampleInput: expected the path of a file"):
        Model.register(ws, models, "m", sample_input_dataset=object())
    assert Model(ws, "m").version == 1


def test_a_download_is_the_registered_file_or_folder(location, models, tmp_path):
    ws = Workspace(location)
    Model.register(ws, models, "folder")
    Model.register(ws, models / "model.h5", "file")
    assert Model(ws, "file").download(tmp_path / "to") == str(tmp_path / "to" / "model.h5")
    path = Path(Model(ws, "folder").download(tmp_path / "to"))
    assert path == tmp_path / "to" / "models"
    assert {file.relative_to(path).as_posix(): file.read_text() for file in path.rglob("*") if file.is_file()} == {
        "model.h5": "weights",
        "encoder.pkl": "encoder",
        "more/tokenizer.pkl": "tokenizer",
    }
    (path / "model.h5").write_text("mine")
    with pytest.raises(Refused, match="is there already"):
        Model(ws, "folder").download(tmp_path / "to")
    assert (path / "model.h5").read_text() == "mine"
    Model(ws, "folder").download(tmp_path / "to", exist_ok=True)
    assert (path / "model.h5").read_text() == "weights"


def test_a_deleted_model_is_gone_with_its_files(location, models):
    ws = Workspace(location)
    model = Model.register(ws, models, "m")
    Model.register(ws, models, "m")
    here = model.local_path()
    model.delete()
    assert [one.id for one in Model.list(ws)] == ["m:2"]
    assert not here.exists()
    assert len(ws.storage.listing("models/m").folders) == 1
    with pytest.raises(NotFound):
        model.delete()
    assert Model(ws, "m").verify() == []


def test_a_model_that_a_service_uses_is_deleted_by_force_alone(workspace, models):
    model = Model.register(workspace, models, "m")
    workspace.records("services").put("web", {"models": ["m:1", "other:2"]})
    workspace.records("services").put("idle", {"models": ["m:2"]})
    with pytest.raises(Refused, match="The model m:1 is used by the service web"):
        model.delete()
    assert Model(workspace, "m").verify() == []
    model.delete(force=True)
    assert Model.list(workspace) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"model_name": "a/b"}, "model name: expected letters"),
        ({"tags": ["a"]}, "tags: expected a dictionary"),
        ({"tags": {"a": object()}}, "tags: expected texts"),
        ({"model_framework_version": "1"}, "needs model_framework"),
    ],
)
def test_what_cannot_be_registered_leaves_nothing(workspace, models, more, said):
    with pytest.raises(Refused, match=said):
        Model.register(workspace, **{"model_path": models, "model_name": "m", **more})
    assert not Path(workspace.location).exists()


@pytest.mark.parametrize("value", [-1, "many", True, float("nan"), 1e9])
def test_resources_are_numbers(value):
    with pytest.raises(Refused, match=r"resource_configuration.cpu: expected a number of 0 or more"):
        ResourceConfiguration(cpu=value)


def test_the_workspace_itself_is_not_registered(tmp_path, models):
    workspace = Workspace(tmp_path / "home" / ".scoredock")
    model = Model.register(workspace, models, "m")
    with pytest.raises(Refused, match="holds the workspace"):
        Model.register(workspace, tmp_path / "home", "home")
    assert Model.register(workspace, model.local_path() / "models", "m").files == model.files
