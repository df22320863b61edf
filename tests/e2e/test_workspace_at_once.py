"""Several processes change one workspace at once, and nothing is lost; killed ones leave it readable."""

from __future__ import annotations

import os
import random
import secrets
import time
from pathlib import Path

import pytest

from registry import CHANGE, HOLD, assert_sound, register_at_once, start
from scoredock.deploy.registry.workspace import Workspace
from scoredock.errors import Busy

ROUNDS = int(os.environ.get("KILLS", "25"))


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    for number in range(4):
        (folder / f"part-{number}.bin").write_bytes(random.Random(number).randbytes(300_000))
    return folder


@pytest.mark.parametrize("processes", [2, 8])
def test_models_registered_at_once_each_get_a_version(tmp_path, files, processes):
    location = str(tmp_path / "workspace")
    given = register_at_once(location, files, processes, 3)
    assert sorted(given) == list(range(1, 3 * processes + 1))
    assert sorted(model.version for model in assert_sound(location)) == sorted(given)


@pytest.mark.parametrize("processes", [2, 8])
@pytest.mark.parametrize("store", ["s3", pytest.param("azure", marks=pytest.mark.azurite)])
def test_models_registered_at_once_in_an_object_store_each_get_a_version(request, tmp_path, files, processes, store):
    os.environ |= {"XDG_CACHE_HOME": str(tmp_path / "cache"), **request.getfixturevalue(f"{store}_variables")}
    location = f"{'s3' if store == 's3' else 'az'}://bucket/{secrets.token_hex(6)}"
    given = register_at_once(location, files / "part-0.bin", processes, 1)
    assert sorted(given) == list(range(1, processes + 1))
    assert sorted(model.version for model in assert_sound(location)) == sorted(given)


def test_killed_at_any_moment_a_process_leaves_a_sound_workspace(tmp_path, files):
    location = str(tmp_path / "workspace")
    chance = random.Random(7)
    registered: set[int] = set()
    maybe_deleted: set[int] = set()
    for _ in range(ROUNDS):
        process = start(CHANGE, location, files)
        assert process.stdout is not None
        said = "".join(process.stdout.readline() for _ in range(chance.choice([0, 1, 1, 2])))
        time.sleep(chance.uniform(0, 0.06))  # the moment of the kill is what is drawn here
        process.kill()
        said += process.communicate()[0]
        done = [line.split() for line in said.split("\n")[:-1]]
        versions = [int(version) for word, version in done if word == "registered"]
        assert all(version > max(registered, default=0) for version in versions), "no number is given twice"
        registered |= set(versions)
        there = {model.version for model in assert_sound(location)}
        deleted = {int(version) for word, version in done if word == "deleted"}
        assert not deleted & there
        maybe_deleted |= {*deleted, *versions[-1:]}  # the last one perhaps before it was said
        assert registered - there <= maybe_deleted, "what was registered is there"
    assert len(registered) > ROUNDS / 2
    # The next registration works, gets a new number, and removes what the killed ones left.
    (version,) = register_at_once(location, files, 1, 1)
    assert version == 1
    process = start(CHANGE, location, files)
    assert process.stdout is not None
    assert int(process.stdout.readline().split()[1]) > max(registered)
    process.kill()
    process.communicate()
    assert len(folders_of(location, "busy")) == 1
    live = {model._document["content"] for model in assert_sound(location)}
    left = folders_of(location, "m") - live
    assert len(left) <= 1, "only what the last killed process was copying"


@pytest.mark.parametrize("place", ["folder", "s3"])
def test_a_lock_of_a_killed_process_is_free_at_once(place, tmp_path, request):
    location = str(tmp_path / "workspace")
    if place == "s3":
        os.environ |= request.getfixturevalue("s3_variables")
        location = f"s3://bucket/{secrets.token_hex(6)}"
    process = start(HOLD, location)
    workspace = Workspace(location)
    with pytest.raises(Busy, match=f"web is in use by process {process.pid} of host"), workspace.lock("web"):
        pytest.fail("two hold the lock")
    process.kill()
    process.communicate()
    with workspace.lock("web"):
        pass
    assert workspace.storage.listing("locks/named").files == []


def folders_of(location: str, name: str) -> set[str]:
    return {path.name for path in Path(location, "models", name).iterdir() if path.is_dir()}
