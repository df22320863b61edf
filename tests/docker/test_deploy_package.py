"""Images of whole services: they run with docker run alone; their Dockerfiles build elsewhere."""

from __future__ import annotations

import json
import secrets
import shutil

import pytest

SCRIPT = """
    import os
    from pathlib import Path

    from azureml.core.model import Model

    def init():
        global text
        text = Path(Model.get_model_path("text")).read_text()

    def run(data):
        return {"text": text, "beside": Path("./source/beside.txt").read_text(), "variable": os.environ["ODD"]}
"""
ODD = 'costs $HOME, "quoted" \\ and ü'


@pytest.fixture
def ready(place):
    """A place with a model, a file beside the script, and a variable whose text Dockerfiles could mistake."""
    place.script(SCRIPT)
    place.write("source/beside.txt", "beside")
    place.write("source/secret.txt", "left out")
    place.write("source/.amlignore", "secret.txt\n")
    place.write(
        "inferenceconfig.json",
        {
            "entryScript": "score.py",
            "sourceDirectory": "source",
            "environment": {"name": "own", "environmentVariables": {"ODD": ODD}},
        },
    )
    place.register("text", "one/text.txt", "v1")
    return place


@pytest.fixture
def tag(engine):
    """A name for an image that is removed after the test."""
    name = f"dt-{secrets.token_hex(4)}"
    yield name
    for image in engine.images.list(name):
        engine.images.remove(image.id, force=True)


def test_a_packaged_image_runs_and_answers(ready, tag, run):
    command = [
        "package",
        "-m",
        "text",
        "--ic",
        "inferenceconfig.json",
        "--image-name",
        tag,
        "--il",
        "one",
        "-o",
        "json",
    ]
    done = ready.cli(*command)
    assert json.loads(done.out) == {"image": f"{tag}:one"}
    container = run(image=f"{tag}:one")
    assert container.post(json={}).json() == {"text": "v1", "beside": "beside", "variable": ODD}
    assert container.sh("find /var/azureml-app -name secret.txt") == ""


def test_a_generated_dockerfile_builds(ready, tag, run, engine):
    command = ["package", "-m", "text", "--ic", "inferenceconfig.json", "--generate-dockerfile", "--output-path", "out"]
    done = ready.cli(*command, DOCKER_HOST="unix:///nonexistent")  # no engine is asked
    out = ready.folder / "out"
    assert "docker build -t NAME out" in done.out
    assert sorted(one.name for one in out.iterdir()) == ["Dockerfile", "app", "cpu", "environment", "models", "runtime"]
    starts = [line.split()[1] for line in (out / "Dockerfile").read_text().splitlines() if line.startswith("FROM ")]
    assert set(starts) <= {"debian:bookworm-slim", "cpu", "runtime", "environment"}, "nothing but a public image"
    told = ready.cli(*command, code=1).err
    assert "is not empty" in told
    elsewhere = ready.folder / "elsewhere"
    shutil.copytree(out, elsewhere)
    engine.images.build(path=str(elsewhere), tag=f"{tag}:two", rm=True)
    container = run(image=f"{tag}:two")
    assert container.post(json={}).json() == {"text": "v1", "beside": "beside", "variable": ODD}


def test_what_is_written_shares_no_file_with_the_registry(ready):
    command = ["package", "-m", "text", "--ic", "inferenceconfig.json", "--generate-dockerfile", "--output-path", "out"]
    ready.cli(*command)
    (model,) = (ready.folder / "out").rglob("text.txt")
    model.chmod(0o644)
    model.write_text("changed by its reader")
    ready.cli("model", "verify", "text:1")
