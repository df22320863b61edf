"""Processes that work on one workspace at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from scoredock.deploy.registry.model import Model
from scoredock.deploy.registry.workspace import Workspace

REGISTER = """
import sys
from scoredock.deploy.registry.model import Model
from scoredock.deploy.registry.workspace import Workspace

location, path, count = sys.argv[1:]
workspace = Workspace(location)
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(count)):
    print(Model.register(workspace, path, "busy").version, flush=True)
"""

# Everything that changes a workspace, again and again, until it is killed.
CHANGE = """
import sys
from scoredock.deploy.registry.model import Model
from scoredock.deploy.registry.workspace import Workspace

workspace = Workspace(sys.argv[1])
print("ready", flush=True)
while True:
    model = Model.register(workspace, sys.argv[2], "m", tags={"a": "1"})
    print("registered", model.version, flush=True)
    model.update_tags_properties(add_tags={"b": "2"}, add_properties={"p": "3"})
    workspace.records("services").put("web", {"models": [model.id], "filler": "x" * 10_000})
    workspace.records("services").update("web", lambda record: {**record, "models": []})
    if model.version % 3 == 0:
        model.delete()
        print("deleted", model.version, flush=True)
"""

HOLD = """
import sys
from scoredock.deploy.registry.workspace import Workspace

with Workspace(sys.argv[1]).lock("web"):
    print("ready", flush=True)
    sys.stdin.readline()
"""


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a program (text) and wait until it says that it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def register_at_once(location: str, path: Path, processes: int, each: int) -> list[int]:
    """The versions that so many processes got, which registered ``each`` models of one name at the same time."""
    started = [start(REGISTER, location, path, each) for _ in range(processes)]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    given = []
    for process in started:
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        given += [int(line) for line in output.split()]
    return given


def assert_sound(location: str) -> list[Model]:
    """Read a whole workspace: every record, every byte of every model; returns the models."""
    workspace = Workspace(location)
    models = Model.list(workspace)
    for model in models:
        assert model.verify() == []
        assert model.local_path().is_dir()
    workspace.records("services").all()
    return models
