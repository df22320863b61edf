"""Environments that the workspace keeps, by the SDK's names."""

from __future__ import annotations

import pytest

from scoredock.deploy import CondaDependencies, Environment
from scoredock.errors import NotFound


@pytest.fixture
def environment() -> Environment:
    made = Environment("tables")
    made.python.conda_dependencies = CondaDependencies.create(pip_packages=["pandas"])
    return made


def test_versions_count_up_and_what_is_the_same_is_kept_once(workspace, environment):
    assert environment.register(workspace).version == "1"
    assert environment.register(workspace).version == "1"
    environment.python.conda_dependencies.add_pip_package("joblib")
    assert environment.register(workspace).version == "2"
    assert Environment.get(workspace, "tables").requirements().pip == ("joblib", "pandas")
    assert Environment.get(workspace, "tables", 1).requirements().pip == ("pandas",)


def test_all_are_listed_in_their_newest_version(workspace, environment):
    environment.register(workspace)
    listed = Environment.list(workspace)
    assert {name: one.version for name, one in listed.items()} == {"tables": "1"}
    assert isinstance(listed["tables"], Environment)


def test_scoredocks_own_need_no_registration(workspace):
    assert Environment.get(workspace, "scoredock-cuda").docker.base_image == "scoredock:cuda"


def test_one_that_is_not_there_is_named_with_the_nearest(workspace, environment):
    environment.register(workspace)
    with pytest.raises(NotFound, match="tables"):
        Environment.get(workspace, "tabels")
