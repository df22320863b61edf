"""The commands that the pages show for images and services do what they show.

The pages' commands run as they are, in a copy of the project; only ports and names of services become free ones.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from containers import PROJECT
from workspaces import own_workspace

from docs.examples import Command, commands, differs
from docs.pages import blocks
from servers import TRUSTS_NOBODY, free_port, wait_until

PAGES = [
    "README.md",
    "docs/images.md",
    "samples/extending/copy/README.md",
    "samples/extending/mount/README.md",
    "samples/extending/requirements/README.md",
    "samples/extending/base/README.md",
]
LEFT_OUT = ("build --target", "scoredock-base:cuda", "scoredock:cuda", "tensorrt", "--gpus")  # several GB, or a GPU
READY_S = 90.0
DEPLOY_PAGES = ["README.md", "docs/deploy.md"]
DEPLOYING = re.compile(r"scoredock (model|deploy|service) ")


def shown(page: str) -> list[Command]:
    """The page's commands from the first for Docker on, in order, but for those of GPU images."""
    found = [command for block in blocks(f"../{page}") if block.language == "console" for command in commands(block)]
    docker = [one for one in found if "docker" in one.text or "samples/extending" in one.text]
    if page == "README.md":  # its other commands are for a server without Docker
        first, last = found.index(docker[0]), found.index(docker[-1])
        found = found[first : last + 1]
    return [one for one in found if not any(part in one.text for part in LEFT_OUT)]


@dataclass
class Free:
    """Free ports and names in place of those that the pages have for containers and services."""

    container: int = field(default_factory=free_port)
    service: int = field(default_factory=free_port)
    name: str = field(default_factory=lambda: secrets.token_hex(4)[:7])

    def put(self, text: str) -> str:
        """The text with these; names stay as long as they are, for the tables."""
        text = text.replace("localhost:5001", f"localhost:{self.container}").replace("32267", str(self.service))
        return re.sub(r"\bdiabetes-(service|python)\b", lambda found: f"diabetes-{self.name[: len(found[1])]}", text)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the project, without what is not part of it."""
    ignored = shutil.ignore_patterns(".venv*", ".git", "model", "lib", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(PROJECT, tmp_path / "scoredock", ignore=ignored)
    for folder in (tmp_path, tmp_path.parent):  # containers run as another user
        folder.chmod(0o755)
    return tmp_path / "scoredock"


@pytest.fixture
def names(engine) -> Iterator[set[str]]:
    """Names of containers that are removed at the end, whatever happens; not those that there were before."""
    before = {container.name for container in engine.containers.list(all=True)}
    found: set[str] = set()
    yield found
    for container in engine.containers.list(all=True):
        if container.name in found - before:
            container.remove(force=True, v=True)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.usefixtures("image")
def test_the_commands_do_what_the_page_shows(page, copy, names, debian):
    if "extending/base" in page:
        debian("trixie")
    listed = shown(page)
    assert any("docker run" in command.text for command in listed), f"{page} shows no docker run"
    free = Free()
    for command in listed:
        run(command, copy, free, names, {})


def run(command: Command, folder: Path, free: Free, names: set[str], variables: dict[str, str]) -> None:
    """Run a page's command and compare what it prints; wait for the server of a container."""
    text = free.put(command.text).replace("-p 5001:", f"-p 127.0.0.1:{free.container}:")
    text = re.sub(r"^curl ", "curl --silent --show-error ", text)
    names |= set(re.findall(r"--name (\S+)", text))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, **variables}
    done = subprocess.run(
        ["bash", "-c", text], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, f"{command.text}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    difference = differs([free.put(line) for line in command.shown], done.stdout.splitlines())
    assert difference is None, f"{command.text}\n{difference}"
    if "docker run -d" in text:
        wait_until(lambda: _ready(free.container), READY_S, f"an answer after {command.text}")


@pytest.fixture
def workspace(tmp_path: Path, engine) -> Iterator[dict[str, str]]:
    """The variables of a workspace of the test's own; its services are deleted at the end."""
    with own_workspace(tmp_path) as variables:
        yield variables


@pytest.mark.parametrize("page", DEPLOY_PAGES)
def test_the_page_registers_deploys_and_changes_services(page, copy, names, workspace, debian):
    debian("bookworm")
    sample, free = copy / "samples" / "sklearn-diabetes", Free()
    subprocess.run([sys.executable, sample / "make_model.py"], check=True, capture_output=True)
    config = sample / "deploymentconfig.json"
    config.write_text(free.put(config.read_text()))
    ran = []
    for block in blocks(f"../{page}"):
        if block.file is not None:
            (copy / block.file).write_text(free.put(block.text))
        for command in commands(block) if block.language == "console" else ():
            if page != "README.md" or DEPLOYING.match(command.text):  # its other commands have tests of their own
                run(command, copy, free, names, workspace)
                ran.append(command.text)
    assert any(text.startswith("scoredock deploy ") for text in ran), f"{page} shows no scoredock deploy"


def _ready(port: int) -> bool:
    try:
        return httpx.get(f"http://localhost:{port}/readyz", verify=TRUSTS_NOBODY).status_code == 200
    except httpx.TransportError:
        return False
