"""A model's files stay what was registered, or the difference is found and named."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scoredock.deploy.registry.model import Model
from scoredock.deploy.registry.model_content import remove_left_over
from scoredock.deploy.registry.workspace import Workspace
from scoredock.errors import Damaged, Refused


@pytest.fixture
def files(tree):
    return tree("models", {"a.bin": "content", "b.bin": "more", "c/d.bin": "deep"})


class Seen:
    """Counts the bytes that each task reports."""

    def __init__(self) -> None:
        self.bytes: dict[str, int] = {}

    def __call__(self, task: str, done: int, total: int) -> None:
        assert done <= total
        self.bytes[task] = done


def damage(folder: Path) -> None:
    """Change one file (same size, same time), remove one, add one."""
    changed = folder / "models" / "a.bin"
    times = changed.stat().st_atime_ns, changed.stat().st_mtime_ns
    changed.chmod(0o644)
    changed.write_text("CONTENT")
    os.utime(changed, ns=times)
    (folder / "models" / "b.bin").unlink()
    (folder / "models" / "e.bin").write_text("new")


def test_changed_missing_and_added_files_are_named(workspace, files):
    model = Model.register(workspace, files, "m")
    damage(model.local_path())
    assert model.verify() == [
        "models/e.bin was added",
        "models/a.bin was changed: same size, other content",
        "models/b.bin is missing",
    ]
    with pytest.raises(Damaged, match=r"The model m:1 in .*models/e\.bin was added; models/b\.bin is missing"):
        model.local_path()


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda path: path.write_text("longer content"), "models/a.bin was changed"),
        (lambda path: path.write_text("CONTENT"), "models/a.bin was changed: same size, other content"),
        (lambda path: path.unlink(), "models/a.bin is missing"),
        (lambda path: (path.unlink(), path.symlink_to("b.bin")), "models/a.bin was changed"),
        (lambda path: (path.parent / "link").symlink_to("/etc"), "models/link was added"),
    ],
)
def test_a_local_path_is_never_of_damaged_files(workspace, files, act, said):
    model = Model.register(workspace, files, "m")
    path = model.local_path() / "models" / "a.bin"
    path.chmod(0o644)
    act(path)
    with pytest.raises(Damaged, match=re.escape(said)):
        model.local_path()


def test_files_are_hashed_again_only_when_they_look_different(workspace, files):
    seen = Seen()
    model = Model.register(workspace, files, "m", progress=seen)
    assert seen.bytes == {"register": 15}
    seen.bytes.clear()
    path = model.local_path(seen)
    assert seen.bytes == {}
    os.utime(path / "models" / "a.bin", (1, 1))
    model.local_path(seen)
    assert seen.bytes == {"verify": 7}
    seen.bytes.clear()
    model.local_path(seen)
    assert seen.bytes == {}


def test_a_remote_model_is_fetched_once_and_again_when_the_cache_is_damaged(files):
    workspace = Workspace("memory://remote")
    model = Model.register(workspace, files, "m")
    seen = Seen()
    path = model.local_path(seen)
    assert seen.bytes.pop("fetch") == 30
    assert path.is_relative_to(workspace.cache_folder)
    assert (path / "models" / "c" / "d.bin").read_text() == "deep"
    assert Model(workspace, "m").local_path(seen) == path
    assert "fetch" not in seen.bytes
    (path / "models" / "a.bin").unlink()
    assert (model.local_path(seen) / "models" / "a.bin").read_text() == "content"
    assert "fetch" in seen.bytes
    assert list((workspace.cache_folder / "incoming").iterdir()) == []


@pytest.mark.parametrize("act", ["change", "remove"])
def test_a_remote_file_that_was_changed_is_neither_cached_nor_downloaded(files, tmp_path, act):
    workspace = Workspace(f"memory://{act}")
    model = Model.register(workspace, files, "m")
    key = f"{model._key}/model/models/a.bin"
    if act == "change":
        workspace.storage.write(key, b"CONTENT")
        said = "models/a.bin was changed"
    else:
        workspace.storage.remove(key)
        said = "models/a.bin is missing"
    assert model.verify()[0].startswith(said)
    for act in (model.local_path, lambda: model.download(tmp_path / "to")):
        with pytest.raises(Damaged, match=said):
            act()
    assert not [path for path in tmp_path.joinpath("to").rglob("*") if path.is_file()]
    assert not list(workspace.cache_folder.rglob("*.bin"))


def test_a_file_that_grows_while_it_is_copied_is_refused(workspace, files):
    def grow(task, done, total):
        (files / "b.bin").write_text("more and more")

    with pytest.raises(Refused, match="was changed while it was copied"):
        Model.register(workspace, files, "m", progress=grow)
    assert Model.list(workspace) == []
    assert workspace.storage.sizes("models") == {}


def test_an_interrupted_registration_leaves_no_files(workspace, files):
    def interrupt(task, done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Model.register(workspace, files, "m", progress=interrupt)
    assert workspace.storage.sizes("models") == {}
    assert Model.register(workspace, files, "m").version == 1


@pytest.mark.parametrize(
    "change",
    [
        {"content": "../../../etc"},
        {"content": None},
        {"files": [{"path": "../../x", "size": 1, "sha256": ""}]},
        {"files": [{"path": "/etc/passwd", "size": 1, "sha256": ""}]},
        {"files": [{"path": "a"}]},
        {"files": None},
    ],
)
def test_a_record_that_points_outside_is_refused(workspace, files, tmp_path, change):
    Model.register(workspace, files, "m")
    record = Path(workspace.location, "models", "m", "1.json")
    record.write_text(json.dumps({**json.loads(record.read_text()), **change}))
    model = Model(workspace, "m")
    for act in (model.local_path, model.verify, lambda: model.download(tmp_path / "to")):
        with pytest.raises(Damaged, match="Register the model again"):
            act()


def test_left_over_files_are_removed_by_the_next_registration(workspace, files):
    model = Model.register(workspace, files, "m")
    left = Path(workspace.location, "models", "m", "files-20200101T000000Z-0123456789ab", "model")
    left.mkdir(parents=True)
    (left / "half").write_text("x")
    with workspace.storage.lock(f"uploads/{left.parent.name}"):
        Model.register(workspace, files, "m")
        assert left.exists(), "somebody is still writing it"
    Model.register(workspace, files, "m")
    assert not left.parent.exists()
    assert model.verify() == []


def test_files_are_removed_when_there_is_no_room(workspace, tmp_path):
    """A limit on the size of files stands for a full disk: the write fails in the same place."""
    (tmp_path / "large.bin").write_bytes(bytes(3_000_000))
    program = (
        "import resource, sys\nfrom scoredock.deploy.registry.model import Model\n"
        "from scoredock.deploy.registry.workspace import Workspace\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))\n"
        "Model.register(Workspace(sys.argv[1]), sys.argv[2], 'm')\n"
    )
    command = [sys.executable, "-c", program, workspace.location, tmp_path / "large.bin"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert re.search(r"Unreachable: .*/large\.bin cannot be written: File too large\.", done.stderr)
    assert workspace.storage.sizes("models") == {}
    assert Model.list(workspace) == []


def test_a_registry_of_many_versions_is_read_once_for_each_registration(workspace, files, monkeypatch):
    for _ in range(12):
        Model.register(workspace, files / "a.bin", "m")
    reads = []
    read = workspace.storage.read
    monkeypatch.setattr(workspace.storage, "read", lambda key: reads.append(key) or read(key))
    Model.register(workspace, files / "a.bin", "m")
    assert len(reads) < 12 * 3


def test_files_whose_record_came_in_between_are_kept(workspace):
    folder = "files-20200101T000000Z-0123456789ab"
    workspace.prepare()
    workspace.storage.write(f"models/m/{folder}/model/a", b"a")
    answers = iter([set(), {folder}])
    remove_left_over(workspace.storage, "m", lambda: next(answers))
    assert workspace.storage.sizes(f"models/m/{folder}") == {"model/a": 1}
    remove_left_over(workspace.storage, "m", set)
    assert workspace.storage.sizes("models/m") == {}
