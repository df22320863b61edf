"""What the settings say is collected, and what they are told when they cannot be."""

from __future__ import annotations

import json

import pytest

from scoredock.collection.config import collection_config
from scoredock.errors import SettingError


@pytest.fixture
def config_of(settings_of):
    return lambda **given: collection_config(settings_of(**given))


def test_nothing_is_stored_unless_somebody_asks(config_of):
    config = config_of()
    assert not any((config.own, config.first, config.second, config.payloads))


def test_a_place_switches_scripts_collectors_on(config_of, tmp_path):
    config = config_of(SCOREDOCK_COLLECT_TO="here")
    assert config.own == config.first == config.second
    assert config.own.url == str(tmp_path / "here")
    assert not config.payloads
    config = config_of(SCOREDOCK_COLLECT_TO="here", AML_MODEL_DC_STORAGE_ENABLED="false", AZUREML_MDC_ENABLED="false")
    assert config.own
    assert config.first is config.second is None


@pytest.mark.parametrize("variable", ["AML_MODEL_DC_STORAGE_ENABLED", "AZUREML_MDC_ENABLED"])
def test_without_a_place_it_is_a_private_temporary_folder_with_a_warning(config_of, variable):
    config = config_of(**{variable: "true"})
    target = config.first or config.second
    assert target.private
    assert target.url in config.warnings[0]
    assert config.own is None


def test_a_connection_string_is_a_secret_place_of_the_first_generation(config_of, settings_of):
    secret = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=c2VjcmV0"
    config = config_of(AML_MODEL_DC_STORAGE_ENABLED="true", AML_MODEL_DC_STORAGE=secret)
    assert config.first.url == "abfs://modeldata"
    assert "c2VjcmV0" not in repr(config) + repr(settings_of(AML_MODEL_DC_STORAGE=secret))
    with pytest.raises(SettingError, match="AML_MODEL_DC_STORAGE: expected the connection string") as refused:
        config_of(AML_MODEL_DC_STORAGE_ENABLED="true", AML_MODEL_DC_STORAGE="hunter2")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"SCOREDOCK_COLLECT_TO": "s3://key:secret@bucket"}, "without a password"),
        ({"SCOREDOCK_COLLECT_TO": "nope://bucket"}, "'nope'"),
        ({"SCOREDOCK_COLLECT_PAYLOADS": "answer"}, "expected request, response"),
        ({"SCOREDOCK_COLLECT_FORMAT": "xlsx"}, "SCOREDOCK_COLLECT_FORMAT"),
        ({"SCOREDOCK_COLLECT_SAMPLING": "101"}, "SCOREDOCK_COLLECT_SAMPLING"),
        ({"AZUREML_MDC_CONFIG_PATH": "missing.json"}, "not readable"),
    ],
)
def test_what_cannot_be_is_refused(config_of, given, message):
    with pytest.raises(SettingError, match=message):
        config_of(**given)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not readable as JSON"),
        ("[]", "expected an object"),
        ({"collections": {"a": 1}}, "collections.a: expected an object"),
        ({"collections": {"a": {"sampling_percentage": 101}}}, "number from 0 to 100, got 101"),
        ({"collections": {}, "captureHeaders": "x"}, "captureHeaders: expected a list"),
    ],
)
def test_a_wrong_file_of_collections_is_refused(config_of, tmp_path, content, message):
    (tmp_path / "mdc.json").write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(SettingError, match=message):
        config_of(AZUREML_MDC_CONFIG_PATH="mdc.json")


def test_headers_that_carry_keys_are_never_captured(config_of):
    config = config_of(SCOREDOCK_COLLECT_TO="x", SCOREDOCK_COLLECT_HEADERS="X-Ward, Authorization, cookie")
    assert config.headers == ("x-ward",)
    assert "authorization, cookie" in config.warnings[0]


@pytest.mark.parametrize("layout", ["map", "folders"])
def test_the_model_is_known_by_the_map_or_its_folders(config_of, tmp_path, layout):
    model = tmp_path / "app" / "azureml-models" / "prices" / "3"
    model.mkdir(parents=True)
    if layout == "map":
        content = {"models": {"prices": {"version": 4, "id": "prices:4"}, "other": {"version": 1}}}
        (tmp_path / "app" / "model_config_map.json").write_text(json.dumps(content))
    identity = config_of(model_dir=str(model)).model
    assert identity.version_of("prices") == ("4" if layout == "map" else "3")
    assert identity.version_of("unknown") == ("default" if layout == "map" else "3")


def test_workspaces_have_three_parts(config_of):
    assert config_of(WORKSPACE_NAME="lab").workspace == "default/default/lab"
    assert config_of(WORKSPACE_NAME="s/g/lab").workspace == "s/g/lab"
    assert config_of().workspace == "default/default/default"
