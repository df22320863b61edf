"""Records: documents by name and version."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path

import pytest

from scoredock.deploy.registry.workspace import Workspace
from scoredock.errors import Damaged, NotFound, Refused


@pytest.fixture
def environments(location):
    return Workspace(location).records("environments")


@pytest.fixture
def services(workspace):
    return workspace.records("services")


def test_versions_count_from_one_and_the_newest_is_got(environments):
    assert environments.add_version("sklearn", {"a": 1}) == 1
    assert environments.add_version("sklearn", {"a": 2, "version": None}) == 2
    assert environments.get("sklearn") == {"a": 2, "name": "sklearn", "version": 2}
    assert (
        environments.get("sklearn", 1) == environments.get("sklearn", "1") == {"a": 1, "name": "sklearn", "version": 1}
    )
    assert environments.versions("sklearn") == [1, 2]
    assert environments.names() == ["sklearn"]


def test_a_deleted_version_is_gone_and_its_number_is_not_given_again(environments):
    for number in (1, 2):
        environments.add_version("sklearn", {"a": number})
    environments.delete("sklearn", 2)
    assert environments.versions("sklearn") == [1]
    assert environments.get("sklearn")["a"] == 1
    with pytest.raises(NotFound, match="no version 2"):
        environments.get("sklearn", 2)
    with pytest.raises(NotFound, match="no version 2"):
        environments.delete("sklearn", 2)
    assert environments.add_version("sklearn", {"a": 3}) == 3
    environments.delete("sklearn", 1)
    environments.delete("sklearn", 3)
    assert environments.names() == []
    assert environments.all() == []


def test_what_is_not_there_is_said_with_what_is_near(environments):
    with pytest.raises(NotFound, match=r"There is no environment sklear in .*There is none yet"):
        environments.get("sklear")
    environments.add_version("sklearn", {})
    with pytest.raises(NotFound, match="Did you mean sklearn"):
        environments.get("sklear")
    with pytest.raises(NotFound, match="Did you mean sklearn"):
        environments.update("sklear", lambda document: document)


def test_an_update_changes_one_version(environments):
    for number in (1, 2):
        environments.add_version("sklearn", {"a": number})
    assert environments.update("sklearn", lambda document: {"a": 5, "name": "x"}, 1)["a"] == 5
    assert environments.update("sklearn", lambda document: {**document, "b": 6})["version"] == 2
    assert [document["name"] for document in environments.all("sklearn")] == ["sklearn", "sklearn"]
    assert environments.get("sklearn", 1) == {"a": 5, "name": "sklearn", "version": 1}
    assert environments.get("sklearn", 2) == {"a": 2, "b": 6, "name": "sklearn", "version": 2}


def test_versions_added_at_once_are_all_kept(environments):
    given = []

    def add():
        for _ in range(4):
            given.append(environments.add_version("busy", {}))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == list(range(1, 17)) == environments.versions("busy")


def test_an_unversioned_name_is_put_replaced_and_deleted(services):
    services.put("web", {"models": ["a:1"]})
    services.put("web", {"models": ["a:2"]})
    assert services.get("web") == {"models": ["a:2"], "name": "web"}
    assert services.update("web", lambda document: {**document, "state": "Healthy"})["state"] == "Healthy"
    assert services.names() == ["web"]
    services.delete("web")
    assert services.names() == []
    for act in (services.get, services.delete):
        with pytest.raises(NotFound, match="There is no service web"):
            act("web")


def test_a_versioned_name_is_deleted_version_by_version(environments):
    environments.add_version("sklearn", {})
    with pytest.raises(Refused, match=re.escape("sklearn has versions [1]: say which one to delete.")):
        environments.delete("sklearn")


def test_records_are_files_that_people_can_read(workspace, services):
    services.put("web", {"text": "Grüße"})
    file = Path(workspace.location, "services", "web.json")
    assert file.read_text() == '{\n  "text": "Grüße",\n  "name": "web"\n}\n'


@pytest.mark.parametrize("content", ["", "{", "[]", "1", '{"name": "other"}', "\ufeff{}"])
def test_a_record_that_was_broken_by_hand_is_named(workspace, services, content):
    services.put("web", {})
    file = Path(workspace.location, "services", "web.json")
    file.write_text(content)
    with pytest.raises(Damaged, match=re.escape(str(file))):
        services.get("web")


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, b"bytes"])
def test_what_is_no_json_is_refused(services, value):
    with pytest.raises(Refused, match="The record web cannot be written as JSON"):
        services.put("web", {"value": value})
    assert services.names() == []


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".x", "x" * 251])
def test_bad_names_are_refused(services, name):
    with pytest.raises(Refused, match="service name: expected"):
        services.put(name, {})


def test_the_longest_names_fit(services, environments):
    services.put("x" * 250, {})
    assert environments.add_version("x" * 255, {}) == 1
    services.update("x" * 250, lambda document: {**document, "a": 1})
    assert json.dumps(services.all()) == json.dumps([{"name": "x" * 250, "a": 1}])
