"""Fixtures for all tests: entry scripts as text, the service in process, real servers on free ports."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

import object_stores
from scoredock.collection import current as collecting
from servers import InProcess, Server, free_port

MEASURING = ("bench", "faults")  # folders of tests that nothing may run beside
DOCKER = "tests/docker/"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark those that measure."""
    for item in items:
        if item.path.relative_to(Path(__file__).parent).parts[0] in MEASURING:
            item.add_marker(pytest.mark.measuring)


class Together(LoadScopeScheduling):
    """With several processes, a file's tests stay together, and so do all that share a Docker engine.

    Marks would say so too (``--dist loadgroup``), but xdist 3.8 cannot see them under pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return DOCKER if file.startswith(DOCKER) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """What xdist asks for."""
    return Together(config, log)


@pytest.fixture(autouse=True)
def _process_state() -> Iterator[None]:
    """Give back what loading a script changes in the process."""
    environment, path, finders, stdout = dict(os.environ), list(sys.path), list(sys.meta_path), sys.stdout
    modules = set(sys.modules)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    collecting.install(None)
    root.handlers[:], root.level = handlers, level
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:], sys.meta_path[:], sys.stdout = path, finders, stdout
    for name in set(sys.modules) - modules:
        if name in ("entry_module", "main") or name.startswith("azureml"):
            del sys.modules[name]
    schemas = sys.modules.get("inference_schema.schema_util")
    if schemas is not None:  # it keeps the schemas of all scripts of a process by their functions' names
        schemas.__dict__["__functions_schema__"].clear()
        schemas.__dict__["__versions__"].clear()


@pytest.fixture
def write_script(tmp_path: Path) -> Callable[..., Path]:
    """Write an entry script (dedented) into the test's folder; returns its path."""

    def write(text: str, name: str = "score.py") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    return write


@pytest.fixture
def in_process(write_script: Callable[..., Path], tmp_path: Path) -> Iterator[Callable[..., InProcess]]:
    """Start a script (text) in process: ``in_process(text, AML_CORS_ORIGINS="*", model_dir=folder)``.

    Keywords in capitals are environment variables, others are flags.
    """
    started: list[InProcess] = []

    def start(script: str, **options: Any) -> InProcess:
        path = write_script(script)
        flags = {name: value for name, value in options.items() if not name.isupper()}
        environment = {name: value for name, value in options.items() if name.isupper()}
        service = InProcess({"entry_script": str(path), **flags}, environment, tmp_path)
        started.append(service)
        return service

    yield start
    for service in started:
        service.close()


@pytest.fixture
def serve(write_script: Callable[..., Path], tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start ``scoredock serve`` on a free port: ``serve(text_or_path, "--worker_count", "2", WORKER_TIMEOUT="5")``.

    Waits until it is ready, unless ``wait=False``; ``python`` is the interpreter that runs it.
    """
    started: list[Server] = []

    def start(
        script: str | Path | None,
        *arguments: str,
        wait: bool = True,
        python: str = sys.executable,
        **environment: str,
    ) -> Server:
        path = write_script(script) if isinstance(script, str) else script
        port, health_port = free_port(), free_port()
        command = [python, "-m", "scoredock", "serve", "--host", "127.0.0.1", "--port", str(port)]
        if path is not None:
            command += ["--entry_script", str(path)]
        output_file = tmp_path / f"server-{port}.log"
        variables = {name: value for name, value in os.environ.items() if not name.startswith(("AZUREML", "AML_"))}
        variables |= {"HEALTH_PORT": str(health_port), "PYTHONUNBUFFERED": "1", **environment}
        with output_file.open("wb") as output:
            process = subprocess.Popen(
                [*command, *arguments], stdout=output, stderr=subprocess.STDOUT, env=variables, cwd=tmp_path
            )
        server = Server(process, f"http://127.0.0.1:{port}", output_file, port, health_port)
        started.append(server)
        return server.wait_until_ready() if wait else server

    yield start
    for server in started:
        if server.process.poll() is None:
            server.process.send_signal(signal.SIGINT)
            try:
                server.process.wait(10)
            except subprocess.TimeoutExpired:
                server.process.kill()
                server.process.wait()


@pytest.fixture
def background() -> Iterator[Callable[..., Future[Any]]]:
    """Call something in another thread: ``background(service.post, content="x")``."""
    with ThreadPoolExecutor(8) as pool:
        yield pool.submit


@pytest.fixture(scope="session")
def s3_variables() -> Iterator[dict[str, str]]:
    """Variables of an environment in which ``s3://bucket`` is there."""
    with object_stores.s3() as variables:
        yield variables


@pytest.fixture(scope="session")
def azure_variables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Variables of an environment in which ``az://bucket`` is there."""
    with object_stores.azure(tmp_path_factory.mktemp("azurite")) as variables:
        yield variables
