"""Fixtures for all tests: entry scripts as text, the service in process, real servers on free ports."""

from __future__ import annotations

import functools
import logging
import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

import object_stores
from samples import make_sample
from scoredock.collection import current as collecting
from servers import InProcess, Server, serving

MEASURING = ("bench", "faults")  # folders of tests that nothing may run beside
# Share a Docker engine, whose containers change the machine's networks; Chromium ends its requests when that happens.
ENGINE_AND_BROWSER = ("tests/docker/", "tests/browser/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark those that measure."""
    for item in items:
        if item.path.relative_to(Path(__file__).parent).parts[0] in MEASURING:
            item.add_marker(pytest.mark.measuring)


class Together(LoadScopeScheduling):
    """With several processes, a file's tests stay together, and so do all with a Docker engine or a browser.

    Marks would say so too (``--dist loadgroup``), but xdist 3.8 cannot see them under pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return ENGINE_AND_BROWSER[0] if file.startswith(ENGINE_AND_BROWSER) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """What xdist asks for."""
    return Together(config, log)


@pytest.fixture(autouse=True)
def _process_state() -> Iterator[None]:
    """Give back what loading a script changes in the process."""
    environment, path, finders, stdout = dict(os.environ), list(sys.path), list(sys.meta_path), sys.stdout
    modules, arguments = set(sys.modules), sys.argv
    root = logging.getLogger()
    handlers, level, records = list(root.handlers), root.level, logging.getLogRecordFactory()
    yield
    collecting.install(None)
    root.handlers[:], root.level = handlers, level
    logging.setLogRecordFactory(records)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:], sys.meta_path[:], sys.stdout, sys.argv = path, finders, stdout, arguments
    vars(sys.modules["__main__"]).pop("__getattr__", None)
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
    with ExitStack() as stack:

        def start(script: str | Path | None, *arguments: str, **options: Any) -> Server:
            path = write_script(script) if isinstance(script, str) else script
            return stack.enter_context(serving(path, tmp_path, *arguments, **options))

        yield start


@pytest.fixture(scope="session")
def made_samples(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a sample, copied, with its model made in it once."""
    root = tmp_path_factory.mktemp("repository")
    return lambda name: make_sample(name, root)


@pytest.fixture(scope="session")
def sample(
    made_samples: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Server]]:
    """The server of a sample, started once for all tests."""
    folder = tmp_path_factory.mktemp("servers")
    with ExitStack() as stack:

        @functools.cache
        def serve(name: str) -> Server:
            home, names = made_samples(name), {"SERVICE_NAME": name, "SERVICE_VERSION": "3"}
            return stack.enter_context(serving(home / "score.py", folder, "--model_dir", str(home / "model"), **names))

        yield serve


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
