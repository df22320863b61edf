"""A real Docker engine, the images built in it once, containers that are gone after each test.

Without an engine these tests are skipped, with its answer as the reason.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from containers import BASE_IMAGES, PROJECT, Container
from deployments import ECHO, Place
from docker.errors import APIError, DockerException, ImageNotFound, NotFound

STOCK = "scoredock:cpu"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is a test with a Docker engine, unless it says that it is not."""
    for item in items:
        if Path(__file__).parent in item.path.parents and "no_engine" not in item.keywords:
            item.add_marker(pytest.mark.docker)


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """The engine that DOCKER_HOST, or the default socket, leads to."""
    try:
        client = docker.from_env(timeout=600)
        client.ping()
    except DockerException as error:
        pytest.skip(f"no Docker engine answers: {error}")
    yield client
    client.close()


@pytest.fixture(scope="session")
def debian(engine: docker.DockerClient) -> Callable[[str], None]:
    """Have the engine hold ``debian:SUITE-slim``: it may have it, pull it, or get it made without a registry."""

    def have(suite: str) -> None:
        try:
            engine.images.get(f"debian:{suite}-slim")
        except ImageNotFound:
            try:
                engine.images.pull("debian", f"{suite}-slim")
            except APIError:
                subprocess.run([sys.executable, str(BASE_IMAGES / "rootfs" / "build"), "--suite", suite], check=True)

    return have


@pytest.fixture(scope="session")
def build(engine: docker.DockerClient) -> Callable[..., str]:
    """Build an image with the classic builder: ``build("name:tag", folder, dockerfile=..., BASE_IMAGE=...)``."""

    def make(tag: str, folder: Path, dockerfile: Path | None = None, **arguments: str) -> str:
        options: dict[str, Any] = {"dockerfile": str(dockerfile)} if dockerfile else {}
        engine.images.build(path=str(folder), tag=tag, buildargs=arguments, rm=True, **options)
        return tag

    return make


@pytest.fixture(scope="session")
def base(debian: Callable[[str], None], build: Callable[..., str]) -> str:
    """The name of the CPU base image."""
    debian("bookworm")
    return build("scoredock-base:cpu", BASE_IMAGES / "cpu")


@pytest.fixture(scope="session")
def image(base: str, build: Callable[..., str]) -> str:
    """The name of the CPU image, built from this tree."""
    return build(STOCK, PROJECT, PROJECT / "Dockerfile.cpu", BASE_IMAGE=base)


@pytest.fixture
def run(engine: docker.DockerClient, image: str) -> Iterator[Callable[..., Container]]:
    """Start a container: ``run(command, image=..., wait=True, volumes=..., AZUREML_ENTRY_SCRIPT="score.py")``.

    Keywords in capitals are variables, others go to the engine; ``script`` is an entry script's text. Port 5001 is
    published on a free port of the loopback address.
    """
    started: list[Any] = []

    def start(
        command: list[str] | str | None = None, *, wait: bool = True, script: str | None = None, **options: Any
    ) -> Container:
        variables = {name: value for name, value in options.items() if name.isupper()}
        rest = {name: value for name, value in options.items() if not name.isupper()}
        if script is not None:
            variables.setdefault("AZUREML_ENTRY_SCRIPT", "score.py")
        port = rest.pop("port", 5001)
        raw = engine.containers.create(
            rest.pop("image", image), command, environment=variables, ports={f"{port}/tcp": ("127.0.0.1", None)}, **rest
        )
        started.append(raw)
        container = Container(raw, port)
        if script is not None:
            container.put("/var/azureml-app/score.py", script)
        raw.start()
        return container.wait_until_ready() if wait else container

    yield start
    for raw in started:
        try:
            raw.remove(force=True, v=True)
        except NotFound:
            continue


@pytest.fixture
def place(engine: docker.DockerClient, debian: Callable[[str], None], tmp_path: Path) -> Iterator[Place]:
    """A folder to deploy from, with a script that echoes; its services are gone after the test."""
    debian("bookworm")
    place = Place(tmp_path / "place", engine)
    place.script(ECHO)
    yield place
    place.clean()
