"""The workspace: where it is, what it holds, what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scoredock.deploy.registry import file_lock
from scoredock.deploy.registry.workspace import Workspace
from scoredock.errors import Busy, Damaged, Refused


def test_the_default_is_in_the_home_folder_and_the_variable_names_another(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Workspace().location == str(tmp_path / ".scoredock")
    monkeypatch.setenv("SCOREDOCK_WORKSPACE", str(tmp_path / "other"))
    assert Workspace().location == str(tmp_path / "other")
    assert Workspace("~/third").location == str(tmp_path / "third")
    assert not list(tmp_path.iterdir()), "nothing is made before something is stored"


def test_the_calls_of_azures_samples_give_the_default(monkeypatch, tmp_path):
    monkeypatch.setenv("SCOREDOCK_WORKSPACE", str(tmp_path / "own"))
    for made in (
        Workspace(subscription_id="<subscription_id>", resource_group="<group>", workspace_name="<name>"),
        Workspace("<subscription_id>", "<group>", "<name>"),
        Workspace.from_config(),
        Workspace.from_config(path="config.json"),
        Workspace.get(name="<name>", subscription_id="<subscription_id>", resource_group="<group>"),
    ):
        assert made.location == str(tmp_path / "own")
    assert made.name == "<name>"


def test_a_new_workspace_is_its_owners_alone(workspace):
    workspace.prepare()
    assert Path(workspace.location).stat().st_mode & 0o777 == 0o700


def test_a_folder_with_other_things_does_not_become_a_workspace(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(Refused, match=r"is no workspace \(no workspace.json\) and is not empty"):
        Workspace(tmp_path).records("services").put("web", {})
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_newer_format_is_not_touched(workspace):
    workspace.prepare()
    mark = Path(workspace.location, "workspace.json")
    mark.write_text('{"format": 2}')
    with pytest.raises(Damaged, match="has format 2, this scoredock knows 1: upgrade"):
        Workspace(workspace.location).records("models")
    mark.write_text("{}")
    with pytest.raises(Damaged, match="expected"):
        Workspace(workspace.location).records("models")


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Exception, match="file/workspace cannot be made"):
        Workspace(tmp_path / "file" / "workspace").records("services").put("web", {})


def test_a_lock_is_exclusive(workspace):
    with workspace.lock("web"), pytest.raises(Busy, match="web is in use"), Workspace(workspace.location).lock("web"):
        pytest.fail("two hold the lock")


def test_locks_leave_no_files(workspace):
    with workspace.lock("web"):
        pass
    workspace.records("services").put("web", {})
    workspace.records("services").update("web", lambda document: document)
    assert [path for path in Path(workspace.location, "locks").rglob("*") if path.is_file()] == []


def test_repr_shows_no_credentials():
    assert repr(Workspace("memory://user:secret@place/folder")) == "Workspace('memory://place/folder')"


def test_temporary_files_of_killed_writers_are_removed_after_an_hour(workspace):
    services = workspace.records("services")
    services.put("web", {})
    old, new = (Path(workspace.location, "services", f".tmp-1-{name}") for name in ("old", "new"))
    for path in (old, new):
        path.write_text("half")
    os.utime(old, (0, 0))
    assert services.names() == ["web"]
    services.put("web", {})
    assert (old.exists(), new.exists()) == (False, True)


def test_a_lock_whose_file_is_removed_before_it_is_locked_is_taken_anew(workspace, monkeypatch):
    """Its last holder removes the file; who opened that one must not believe that it holds the lock."""
    path = Path(workspace.location, "locks", "named", "web")
    flock = file_lock.fcntl.flock

    def late(descriptor, operation):
        monkeypatch.setattr(file_lock.fcntl, "flock", flock)
        path.unlink()
        flock(descriptor, operation)

    monkeypatch.setattr(file_lock.fcntl, "flock", late)
    with workspace.lock("web"), pytest.raises(Busy), workspace.lock("web"):
        pytest.fail("two hold the lock")
