"""Settings: where a value comes from, what it may be, and what is said about one that it may not be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scoredock.cgroups import available_cpus
from scoredock.errors import SettingError
from scoredock.settings import Declaration, Settings, declarations, resolve, wished_log_format

ALL = {declaration.name: declaration for declaration in declarations()}
IN_A_FILE = [one for one in ALL.values() if one.name != "config_file"]
BOUNDED = [one for one in ALL.values() if one.minimum is not None]


def each(chosen: Any) -> Any:
    """Parametrise a test over declarations."""
    return pytest.mark.parametrize("declaration", chosen, ids=lambda one: one.name)


def samples(one: Declaration, folder: Path) -> list[tuple[Any, Any]]:
    """Three values of a setting, each unlike the one before, the first not its default: as given, and as resolved."""
    if one.kind in ("bool", "true_only", "bool_or_off"):
        flipped = "false" if one.default else "true"
        same = "true" if one.default else "false"
        return [(flipped, not one.default), (same, one.default), (flipped, not one.default)]
    if one.kind == "int":
        return [(str(number), number) for number in (11, 12, 13)]
    if one.choices:
        others = [choice for choice in one.choices if choice != one.default]
        return [(choice.swapcase(), choice) for choice in [*others[:1], *(others[1:] or [one.default]), *others][:3]]
    if one.kind == "path":
        for name in ("a", "b", "c"):
            (folder / name).write_text("{}") if one.name == "config_file" else (folder / name).mkdir()
        return [(str(folder / name), folder / name) for name in ("a", "b", "c")]
    if one.name == "entry_script":
        return [(str(folder / name), str(folder / name)) for name in ("a.py", "b.py", "c.py")]
    shape = {"cors_origins": "https://{}.example", "forwarded_allow_ips": "10.0.0.0/8, fe80::{}"}.get(one.name, "{}")
    return [(text, text) for text in map(shape.format, ("a", "b", "c"))]


@pytest.fixture
def config_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a config file; returns its path."""

    def write(content: Any, name: str = "config.json") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


@each(ALL.values())
def test_the_default_is_that_of_the_table(declaration: Declaration, tmp_path: Path) -> None:
    settings, warnings = resolve({}, {}, tmp_path)
    expected = tmp_path if declaration.name == "app_root" else declaration.default
    assert getattr(settings, declaration.name) == expected
    assert warnings == []


@each(ALL.values())
def test_a_flag_wins_over_the_variable(declaration: Declaration, tmp_path: Path) -> None:
    (flag, expected), (variable, _), _ = samples(declaration, tmp_path)
    settings, _ = resolve({declaration.name: flag}, {declaration.variable: variable}, tmp_path)
    assert getattr(settings, declaration.name) == expected


@each(IN_A_FILE)
def test_the_variable_wins_over_the_file(
    declaration: Declaration, tmp_path: Path, config_file: Callable[..., Path]
) -> None:
    (variable, expected), (in_file, _), _ = samples(declaration, tmp_path)
    path = config_file({declaration.variable: in_file}, "named.json")
    environment = {declaration.variable: variable, "AZUREML_CONFIG_FILE": str(path)}
    settings, _ = resolve({}, environment, tmp_path)
    assert getattr(settings, declaration.name) == expected


@each(IN_A_FILE)
def test_every_setting_works_from_the_file(
    declaration: Declaration, tmp_path: Path, config_file: Callable[..., Path]
) -> None:
    in_file, expected = samples(declaration, tmp_path)[0]
    path = config_file({declaration.variable: in_file}, "named.json")
    settings, warnings = resolve({}, {"AZUREML_CONFIG_FILE": str(path)}, tmp_path)
    assert getattr(settings, declaration.name) == expected
    assert warnings == []


@each([one for one in ALL.values() if one.aliases])
def test_every_spelling_of_a_name_works(
    declaration: Declaration, tmp_path: Path, config_file: Callable[..., Path]
) -> None:
    for spelling in (declaration.variable, *declaration.aliases):
        is_bool = declaration.kind == "bool"
        assert getattr(resolve({}, {spelling: "true"}, tmp_path)[0], declaration.name) == (True if is_bool else "true")
        config_file({spelling: True if is_bool else "other"})
        settings, warnings = resolve({}, {}, tmp_path)
        assert getattr(settings, declaration.name) == (True if is_bool else "other")
        assert warnings == []


@each(BOUNDED)
def test_values_out_of_bounds_are_refused_and_the_bounds_are_not(declaration: Declaration, tmp_path: Path) -> None:
    for bound in filter(lambda value: value is not None, (declaration.minimum, declaration.maximum)):
        settings, _ = resolve({}, {declaration.variable: str(bound)}, tmp_path)
        assert getattr(settings, declaration.name) == bound
    outside = [declaration.minimum - 1] + ([declaration.maximum + 1] if declaration.maximum else [])
    for value in outside:
        with pytest.raises(SettingError, match=declaration.variable) as caught:
            resolve({}, {declaration.variable: str(value)}, tmp_path)
        assert str(declaration.minimum) in str(caught.value)
        assert repr(str(value)) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *((text, True) for text in ("true", "True", "TRUE", "1", "yes", "on", " true ")),
        *((text, False) for text in ("false", "False", "0", "no", "off")),
    ],
)
def test_booleans_are_read_as_people_write_them(text: str, expected: bool, tmp_path: Path) -> None:
    assert resolve({}, {"WORKER_PRELOAD": text}, tmp_path)[0].worker_preload is expected


def test_a_wrong_value_names_setting_source_expected_and_got(tmp_path: Path, config_file: Callable[..., Path]) -> None:
    def message(flags: dict[str, Any], environment: dict[str, str]) -> str:
        with pytest.raises(SettingError) as caught:
            resolve(flags, environment, tmp_path)
        return str(caught.value)

    flag = message({"worker_count": "many"}, {})
    assert "WORKER_COUNT (--worker_count): expected a whole number of at least 1, or auto, got 'many'" in flag
    variable = message({}, {"WORKER_PRELOAD": "perhaps"})
    assert "WORKER_PRELOAD (environment variable): expected true or false, got 'perhaps'" in variable
    path = config_file({"AZUREML_LOG_LEVEL": "LOUD"})
    file = message({}, {})
    assert f"AZUREML_LOG_LEVEL (config file {path}): expected one of DEBUG, INFO" in file
    assert "got 'LOUD'" in file


@pytest.mark.parametrize("value", [True, 1.5, [1], {"a": 1}, "one"])
def test_a_number_in_the_file_must_be_a_whole_number(
    value: Any, tmp_path: Path, config_file: Callable[..., Path]
) -> None:
    config_file({"WORKER_COUNT": value})
    with pytest.raises(SettingError, match=r"WORKER_COUNT .*whole number"):
        resolve({}, {}, tmp_path)


@pytest.mark.parametrize("value", [["a", "b"], {"a": 1}])
def test_a_text_in_the_file_cannot_be_an_array_or_object(
    value: Any, tmp_path: Path, config_file: Callable[..., Path]
) -> None:
    config_file({"SERVICE_NAME": value})
    with pytest.raises(SettingError, match="SERVICE_NAME"):
        resolve({}, {}, tmp_path)


def test_numbers_and_booleans_of_the_file_may_be_json_or_text(tmp_path: Path, config_file: Callable[..., Path]) -> None:
    config_file({"WORKER_COUNT": 3, "HEALTH_PORT": "4", "WORKER_PRELOAD": True, "SERVICE_VERSION": 2.5})
    settings, _ = resolve({}, {}, tmp_path)
    assert (settings.worker_count, settings.health_port, settings.worker_preload) == (3, 4, True)
    assert settings.service_version == "2.5"


def test_an_empty_variable_counts_as_absent(tmp_path: Path) -> None:
    settings, _ = resolve({}, {"WORKER_COUNT": "", "AZUREML_ENTRY_SCRIPT": ""}, tmp_path)
    assert (settings.worker_count, settings.entry_script) == (1, None)


def test_a_secret_is_never_shown(tmp_path: Path) -> None:
    secrets = [one for one in ALL.values() if one.secret]
    known = {"app_insights_key", "primary_key", "secondary_key", "token_secret", "model_data_storage"}
    assert {one.name for one in secrets} == known
    settings, _ = resolve({}, {one.variable: "hush-hush" for one in secrets}, tmp_path)
    assert {getattr(settings, one.name) for one in secrets} == {"hush-hush"}
    assert "hush-hush" not in repr(settings)


@pytest.mark.parametrize("variable", [one.variable for one in ALL.values() if one.guards])
def test_what_guards_the_service_is_not_empty(variable: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=f"{variable} .* is empty and would guard nothing"):
        resolve({}, {variable: ""}, tmp_path)


def test_a_mounted_secret_is_found_by_its_link(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to("data")
    settings, _ = resolve({}, {"SCOREDOCK_PRIMARY_KEY_FILE": "link/key"}, tmp_path)
    assert settings.primary_key_file == tmp_path / "link" / "key"


class TestConfigFile:
    """Where the file is looked for, and what is said about its content."""

    @pytest.fixture(autouse=True)
    def _three_files(self, config_file: Callable[..., Path]) -> None:
        config_file({"SERVICE_NAME": "named"}, "elsewhere/named.json")
        config_file({"SERVICE_NAME": "root"}, "root/config.json")
        config_file({"SERVICE_NAME": "beside"}, "code/config.json")

    def resolve(self, folder: Path, flags: dict[str, Any] | None = None, **environment: str) -> Settings:
        return resolve(flags or {}, environment, folder)[0]

    def test_the_named_file_wins_over_the_app_root_and_that_over_the_script_folder(self, tmp_path: Path) -> None:
        places = {"AML_APP_ROOT": "root", "AZUREML_ENTRY_SCRIPT": "../code/score.py"}
        named = self.resolve(tmp_path, AZUREML_CONFIG_FILE="elsewhere/named.json", **places)
        assert named.service_name == "named"
        assert self.resolve(tmp_path, **places).service_name == "root"
        (tmp_path / "root/config.json").unlink()
        assert self.resolve(tmp_path, **places).service_name == "beside"

    def test_the_flag_wins_over_the_variable(self, tmp_path: Path) -> None:
        flags = {"config_file": "code/config.json"}
        settings = self.resolve(tmp_path, flags, AZUREML_CONFIG_FILE="elsewhere/named.json")
        assert settings.service_name == "beside"

    def test_it_lies_beside_a_script_given_by_flag(self, tmp_path: Path) -> None:
        assert self.resolve(tmp_path, {"entry_script": "code/score.py"}).service_name == "beside"

    def test_an_empty_file_is_passed_over(self, tmp_path: Path) -> None:
        (tmp_path / "root/config.json").write_text("")
        settings = self.resolve(tmp_path, AML_APP_ROOT="root", AZUREML_ENTRY_SCRIPT="../code/score.py")
        assert settings.service_name == "beside"

    def test_a_named_file_that_is_missing_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(SettingError, match=r"missing\.json: no such file"):
            self.resolve(tmp_path, AZUREML_CONFIG_FILE="missing.json")

    @pytest.mark.parametrize(
        ("content", "told"), [("[1]", "expected a JSON object, got list"), ("{", "not readable as JSON")]
    )
    def test_a_file_that_is_no_json_object_is_refused(self, tmp_path: Path, content: str, told: str) -> None:
        path = tmp_path / "root/config.json"
        path.write_text(content)
        with pytest.raises(SettingError) as caught:
            self.resolve(tmp_path, AML_APP_ROOT="root")
        assert str(path) in str(caught.value)
        assert told in str(caught.value)

    def test_an_unknown_key_is_told_with_the_nearest_known_one(self, tmp_path: Path) -> None:
        (tmp_path / "root/config.json").write_text('{"WORKER_CUONT": 2, "worker_timeout": 1, "Zebra": 0}')
        settings, warnings = resolve({}, {"AML_APP_ROOT": "root"}, tmp_path)
        assert (settings.worker_count, settings.worker_timeout_s) == (1, 300)
        assert "'WORKER_CUONT' is not a setting" in warnings[0]
        assert "Did you mean WORKER_COUNT?" in warnings[0]
        assert "Did you mean WORKER_TIMEOUT?" in warnings[1]
        assert "'Zebra'" in warnings[2]
        assert "Did you mean" not in warnings[2]

    def test_null_counts_as_absent(self, tmp_path: Path) -> None:
        (tmp_path / "root/config.json").write_text('{"WORKER_COUNT": null}')
        assert self.resolve(tmp_path, AML_APP_ROOT="root").worker_count == 1


def test_relative_paths_start_where_they_are_given(tmp_path: Path) -> None:
    environment = {
        "AML_APP_ROOT": "root",
        "AZUREML_ENTRY_SCRIPT": "code/score.py",
        "AZUREML_MODEL_DIR": "model",
    }
    settings, _ = resolve({}, environment, tmp_path)
    assert settings.script_path == tmp_path / "root/code/score.py"
    assert settings.model_dir == tmp_path / "model"
    by_flag, _ = resolve({"entry_script": "code/score.py"}, environment, tmp_path)
    assert by_flag.script_path == tmp_path / "code/score.py"


def test_without_an_entry_script_it_is_main_in_the_app_root(tmp_path: Path) -> None:
    assert resolve({}, {"AML_APP_ROOT": "root"}, tmp_path)[0].script_path == tmp_path / "root/main.py"


def test_the_flag_for_the_health_port_switches_its_listener_on(tmp_path: Path) -> None:
    assert resolve({"health_port": "5050"}, {}, tmp_path)[0].health_listener_port == 5050
    assert resolve({}, {"HEALTH_PORT": "5050"}, tmp_path)[0].health_listener_port is None


def test_the_flag_for_the_instrumentation_key_switches_insights_on(tmp_path: Path) -> None:
    assert resolve({"app_insights_key": "k"}, {}, tmp_path)[0].app_insights_enabled is True
    assert resolve({}, {"AML_APP_INSIGHTS_KEY": "k"}, tmp_path)[0].app_insights_enabled is False


@pytest.mark.parametrize("word", ["auto", " AUTO "])
def test_auto_is_as_many_workers_as_there_are_cpus(config_file, word):
    cpus = available_cpus()
    assert resolve({}, {"WORKER_COUNT": word}, Path("/srv"))[0].worker_count == cpus
    assert resolve({"worker_count": word}, {}, Path("/srv"))[0].worker_count == cpus
    path = config_file({"WORKER_COUNT": word})
    assert resolve({"config_file": str(path)}, {}, Path("/srv"))[0].worker_count == cpus
    with pytest.raises(SettingError, match=r"SCOREDOCK_PORT .*: expected a whole number from 1 to 65535, got"):
        resolve({}, {"SCOREDOCK_PORT": word}, Path("/srv"))


def test_a_variable_that_looks_like_a_setting_is_told(tmp_path: Path) -> None:
    misspelt = {"SCOREDOCK_PRIMRY_KEY": "hush-hush", "SCOREDOCK_KEY": "a", "SCOREDOCK_WORKSPACE": "b"}
    _, warnings = resolve({}, misspelt, tmp_path)
    expected = "variable SCOREDOCK_PRIMRY_KEY is not a setting and is ignored. Did you mean SCOREDOCK_PRIMARY_KEY?"
    assert warnings == [expected]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SCOREDOCK_WORKERS", "WORKER_COUNT"),
        ("SCOREDOCK_WORKER_COUNT", "WORKER_COUNT"),
        ("SCOREDOCK_LOG_LEVEL", "AZUREML_LOG_LEVEL"),
        ("SCOREDOCK_MAX_WORKER_MEM", "SCOREDOCK_MAX_WORKER_MB"),
    ],
)
def test_names_without_the_prefix_are_among_the_guesses(name: str, meant: str, tmp_path: Path) -> None:
    _, warnings = resolve({}, {name: "2"}, tmp_path)
    assert warnings == [f"variable {name} is not a setting and is ignored. Did you mean {meant}?"]


@pytest.mark.parametrize(
    "origin", ["shop.example", "https://shop.example/", "https://shop.example/app", "//shop.example"]
)
def test_an_origin_that_no_browser_sends_is_told(origin: str, tmp_path: Path) -> None:
    right = "https://a.example, http://localhost:3000, null, *, https://.*\\.b\\.example"
    assert resolve({}, {"AML_CORS_ORIGINS": right}, tmp_path)[1] == []
    (warning,) = resolve({}, {"AML_CORS_ORIGINS": f"{right}, {origin}"}, tmp_path)[1]
    assert warning.startswith(f"AML_CORS_ORIGINS: no browser sends the origin '{origin}'")
    assert "https://shop.example" in warning


def test_a_proxy_that_is_no_address_is_told(tmp_path: Path) -> None:
    settings, (warning,) = resolve({}, {"FORWARDED_ALLOW_IPS": "proxy.example, 10.1.2.3/8, *"}, tmp_path)
    assert warning.startswith("FORWARDED_ALLOW_IPS: 'proxy.example' is no address or network")
    assert [str(one) for one in settings.trusted_proxies] == ["10.0.0.0/8", "0.0.0.0/0", "::/0"]


def test_a_config_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(b"\xef\xbb\xbf" + b'{"WORKER_COUNT": 3}')
    settings, warnings = resolve({}, {}, tmp_path)
    assert (settings.worker_count, warnings) == (3, [])


@pytest.mark.parametrize(
    ("environment", "content", "expected"),
    [
        ({"SCOREDOCK_LOG_FORMAT": "JSON", "WORKER_COUNT": "x"}, "", "json"),
        ({"SCOREDOCK_LOG_FORMAT": "text"}, '{"SCOREDOCK_LOG_FORMAT": "json"}', "text"),
        ({"WORKER_COUNT": "x"}, '{"SCOREDOCK_LOG_FORMAT": "json"}', "json"),
        ({}, "{", "text"),
        ({"AZUREML_CONFIG_FILE": "nowhere.json"}, "", "text"),
    ],
)
def test_the_wished_log_format_is_known_before_the_settings_are(
    environment: dict[str, str], content: str, expected: str, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(content)
    assert wished_log_format({}, environment, tmp_path) == expected


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"SCOREDOCK_METRICS_PORT": "5001"}, "SCOREDOCK_PORT and SCOREDOCK_METRICS_PORT are both 5001"),
        (
            {"SCOREDOCK_PORT": "5000", "SEPARATE_HEALTH_ENDPOINT": "true"},
            "SCOREDOCK_PORT and HEALTH_PORT are both 5000",
        ),
        (
            {"SCOREDOCK_METRICS_PORT": "5000", "SEPARATE_HEALTH_ENDPOINT": "true"},
            "HEALTH_PORT and SCOREDOCK_METRICS_PORT are both 5000",
        ),
    ],
    ids=["metrics", "health", "metrics and health"],
)
def test_two_listeners_with_one_port_are_named(environment: dict[str, str], said: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=said):
        resolve({}, environment, tmp_path)


def test_of_two_listeners_with_one_port_the_flags_are_named(tmp_path: Path) -> None:
    said = r"SCOREDOCK_PORT \(--port\) and HEALTH_PORT \(--health_port\) are both 5005\."
    with pytest.raises(SettingError, match=said):
        resolve({"port": 5005, "health_port": 5005}, {}, tmp_path)
    with pytest.raises(SettingError, match=r"SCOREDOCK_PORT \(--port\) and SCOREDOCK_METRICS_PORT are both 5005\."):
        resolve({"port": 5005}, {"SCOREDOCK_METRICS_PORT": "5005"}, tmp_path)


def test_a_port_that_nobody_listens_on_may_be_anothers(tmp_path: Path) -> None:
    unused = {"SCOREDOCK_METRICS_PORT": "5001", "SCOREDOCK_METRICS": "false", "HEALTH_PORT": "5001"}
    assert resolve({}, unused, tmp_path)[0].port == 5001


def test_telemetry_is_off_where_nobody_can_tell_what_was_meant(
    tmp_path: Path, config_file: Callable[..., Path]
) -> None:
    settings, warnings = resolve({}, {"AML_APP_INSIGHTS_ENABLED": "asdf"}, tmp_path)
    assert settings.app_insights_enabled is False
    assert warnings == [
        "AML_APP_INSIGHTS_ENABLED (environment variable): expected true or false, got 'asdf', which counts as false."
    ]
    config_file({"AML_APP_INSIGHTS_ENABLED": "on, please"})
    settings, (warning,) = resolve({}, {}, tmp_path)
    assert settings.app_insights_enabled is False
    assert "got 'on, please', which counts as false" in warning
