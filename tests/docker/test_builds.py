"""Other ways to build: with BuildKit, from a wheel, with model libraries; and the same result twice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from containers import BASE_IMAGES, PROJECT

LISTS = "pip list --format=freeze; dpkg-query -W"
SAMPLES = PROJECT / "samples"


def lists(engine, image: str) -> str:
    """The Python and Debian packages of an image, with their versions."""
    return engine.containers.run(image, ["sh", "-c", LISTS], entrypoint="", remove=True).decode()


@pytest.fixture(scope="session")
def buildkit(engine) -> str:
    """A docker client that builds with BuildKit: by its buildx plugin, or by itself before version 23."""
    folders = os.environ["PATH"].split(os.pathsep)
    clients = [path for folder in folders if (path := shutil.which("docker", path=folder))]
    for client in dict.fromkeys(map(os.path.realpath, clients)):
        command = [client, "build", "--quiet", "-"]
        done = subprocess.run(
            command, input=b"FROM scratch\nLABEL a=b\n", env={**os.environ, "DOCKER_BUILDKIT": "1"}, capture_output=True
        )
        if done.returncode == 0 and b"legacy" not in done.stderr:
            return client
    pytest.skip(f"none of these docker clients builds with BuildKit: {', '.join(clients) or 'there is none'}")


def test_buildkit_builds_the_same_anew(engine, image, base, buildkit):
    """Built a second time, with nothing from a cache, by the other builder: the packages are the same."""

    def build(tag: str, *arguments: str) -> str:
        command = [buildkit, "build", "--no-cache", "--quiet", "--tag", tag, *arguments]
        done = subprocess.run(
            command, cwd=PROJECT, env={**os.environ, "DOCKER_BUILDKIT": "1"}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return tag

    base_again = build("scoredock-base:again", "base-images/cpu")
    again = build("scoredock:again", "--file", "Dockerfile.cpu", "--build-arg", f"BASE_IMAGE={base_again}", ".")
    try:
        assert lists(engine, again) == lists(engine, image)
        first, second = (engine.images.get(name).attrs["Config"] for name in (image, again))
        for key in ("Entrypoint", "User", "Env", "ExposedPorts", "Healthcheck", "StopSignal", "WorkingDir", "Labels"):
            assert first.get(key) == second.get(key), key
    finally:
        engine.images.remove(again, force=True)
        engine.images.remove(base_again, force=True)


def test_the_runtime_can_come_from_a_wheel(base, build, run, tmp_path):
    """As it does where only the installed package is there: the build context is a folder with the wheel."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(PROJECT)]
    subprocess.run(command, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    tag = build("scoredock:from-wheel", tmp_path, PROJECT / "Dockerfile.cpu", BASE_IMAGE=base, RUNTIME=wheel.name)
    container = run(image=tag, script="def init(): pass\n\ndef run(data): return data\n")
    assert container.post(content=b"hello").json() == "hello"


def test_a_base_without_python_or_apt_is_refused_with_a_reason(engine, build):
    import docker.errors

    with pytest.raises(docker.errors.BuildError) as refused:
        build("scoredock-base:none", BASE_IMAGES / "cpu", BASE_IMAGE=_bare(engine))
    output = "".join(line.get("stream", "") for line in refused.value.build_log)
    assert "needs Python 3.10 or newer with venv, or apt-get to install it" in output


def _bare(engine) -> str:
    """An image with a shell and nothing else of use: Debian without apt."""
    import io

    dockerfile = b"FROM debian:bookworm-slim\nRUN rm /usr/bin/apt-get\n"
    engine.images.build(fileobj=io.BytesIO(dockerfile), tag="scoredock-test:bare", rm=True)
    return "scoredock-test:bare"


@pytest.mark.parametrize(
    ("packages", "sample", "limit_mb"),
    [("onnxruntime", "onnx-digits", 420), ("scikit-learn pandas", "pandas-frame", 560)],
)
def test_a_variant_serves_its_sample(engine, base, build, run, tmp_path, packages, sample, limit_mb):
    tag = build(
        f"scoredock:cpu-{packages.split()[0]}", PROJECT, PROJECT / "Dockerfile.cpu", BASE_IMAGE=base, PACKAGES=packages
    )
    assert engine.images.get(tag).attrs["Size"] / 1e6 < limit_mb
    folder = tmp_path / sample
    shutil.copytree(SAMPLES / sample, folder, ignore=shutil.ignore_patterns("model", "__pycache__"))
    subprocess.run([sys.executable, str(folder / "make_model.py")], check=True, capture_output=True)
    folder.chmod(0o755)
    volumes = {str(folder): {"bind": "/var/azureml-app", "mode": "ro"}}
    container = run(
        image=tag, volumes=volumes, AZUREML_ENTRY_SCRIPT="score.py", AZUREML_MODEL_DIR="/var/azureml-app/model"
    )
    answer = container.post(json=json.loads((folder / "request.json").read_text()))
    assert answer.status_code == 200, answer.text
