"""Models in a service's container: Azure's layout, for one and for several, read-only."""

from __future__ import annotations

LOOK = """
    import os
    from pathlib import Path

    from azureml.core.model import Model

    def init():
        pass

    def run(data):
        root = Path(os.environ["AZUREML_MODEL_DIR"])
        models = Path("/var/azureml-app/azureml-models")
        try:
            (models / "own").write_text("")
            written = True
        except OSError:
            written = False
        return {
            "AZUREML_MODEL_DIR": str(root),
            "files": sorted(str(one.relative_to(models)) for one in models.rglob("*") if one.is_file()),
            "texts": {str(one.relative_to(models)): one.read_text() for one in models.rglob("*") if one.is_file()},
            "newest": Model.get_model_path("alpha"),
            "first": Model.get_model_path("alpha", version=1) if "several" in data else None,
            "written": written,
            "user": os.getuid(),
        }
"""


def test_several_models_lie_in_azures_layout(place):
    place.script(LOOK)
    place.register("alpha", "a/weights.txt", "alpha 1")
    place.register("alpha", "b/weights.txt", "alpha 2")
    place.write("forest/trees/one.txt", "tree")
    place.write("forest/index.txt", "index")
    place.cli("model", "register", "-n", "beta", "-p", "forest")
    (place.folder / "workspace").chmod(0o700)
    modes = {oct(one.stat().st_mode & 0o777) for one in (place.folder / "workspace").rglob("weights.txt")}
    assert modes == {"0o444"}
    name = place.name()
    place.deploy(name, "-m", "alpha:1", "-m", "alpha:2", "-m", "beta")
    seen = place.ask(name, '{"data": "several", "several": 1}')
    assert seen["AZUREML_MODEL_DIR"] == "/var/azureml-app/azureml-models"
    assert seen["texts"] == {
        "alpha/1/weights.txt": "alpha 1",
        "alpha/2/weights.txt": "alpha 2",
        "beta/1/forest/index.txt": "index",
        "beta/1/forest/trees/one.txt": "tree",
    }
    assert seen["newest"].endswith("/alpha/2/weights.txt")
    assert seen["first"].endswith("/alpha/1/weights.txt")
    assert seen["written"] is False
    assert seen["user"] != 0
    mounts = {one["Destination"]: one["RW"] for one in place.container(name).attrs["Mounts"]}
    assert mounts == {"/var/azureml-app": False, "/var/azureml-app/azureml-models": False}


def test_one_models_folder_is_the_model_dir(place):
    place.script(LOOK)
    place.register("alpha", "a/weights.txt", "alpha 1")
    name = place.name()
    place.deploy(name, "-m", "alpha")
    seen = place.ask(name)
    assert seen["AZUREML_MODEL_DIR"] == "/var/azureml-app/azureml-models/alpha/1"
    assert seen["newest"] == "/var/azureml-app/azureml-models/alpha/1/weights.txt"


def test_a_model_in_use_is_not_deleted(place):
    place.register("alpha", "a/weights.txt", "alpha 1")
    name = place.name()
    place.deploy(name, "-m", "alpha")
    refused = place.cli("model", "delete", "alpha:1", code=1)
    assert f"used by the service {name}" in refused.err
    assert "Delete the service first" in refused.err
    place.cli("service", "delete", name)
    place.cli("model", "delete", "alpha:1")


def test_a_model_of_an_object_store_is_deployed(place, s3_variables):
    place.more = {**s3_variables, "SCOREDOCK_WORKSPACE": f"s3://bucket/{place.folder.parent.name}"}
    place.script(LOOK)
    place.register("alpha", "a/weights.txt", "alpha 1")
    name = place.name()
    place.deploy(name, "-m", "alpha")
    assert place.ask(name)["texts"] == {"alpha/1/weights.txt": "alpha 1"}
    assert place.show(name)["models"] == ["alpha:1"]
    place.cli("service", "delete", name)
