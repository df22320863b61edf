"""Importing the entry script: where it is looked for, what it may import, what is said when it fails."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scoredock.entry import EntryScript
from scoredock.errors import BootError

MINIMAL = """
    def init(): pass
    def run(data): return data
"""


def write(path: Path, text: str) -> None:
    """Write a file and its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_missing_script_is_told_with_the_nearest_name(tmp_path: Path, boot_error: Callable[..., BootError]) -> None:
    write(tmp_path / "score.py", "")
    write(tmp_path / "train.py", "")
    error = boot_error(entry_script="scores.py")
    assert error.phase == "import"
    assert str(error) == (f"entry script {tmp_path / 'scores.py'}: no such file. Did you mean {tmp_path / 'score.py'}?")


def test_a_missing_script_without_neighbours_names_the_flag(boot_error: Callable[..., BootError]) -> None:
    assert "nowhere is empty, or not there" in str(boot_error(entry_script="nowhere/score.py"))
    assert "main.py: no such file" in str(boot_error())
    assert "--entry_script or AZUREML_ENTRY_SCRIPT" in str(boot_error())


def test_without_a_name_score_py_is_the_nearest(tmp_path: Path, boot_error: Callable[..., BootError]) -> None:
    write(tmp_path / "score.py", "")
    write(tmp_path / "train.py", "")
    assert f"main.py: no such file. Did you mean {tmp_path / 'score.py'}? Name the script" in str(boot_error())


def test_a_file_that_is_no_python_file_is_refused(tmp_path: Path, boot_error: Callable[..., BootError]) -> None:
    write(tmp_path / "score.txt", "def init(): pass")
    error = boot_error(entry_script="score.txt")
    assert error.phase == "import"
    assert "expected a Python file" in str(error)


def test_a_syntax_error_names_file_and_line(boot_error: Callable[..., BootError]) -> None:
    error = boot_error("""
        def init(): pass

        def run(data) return data
    """)
    assert error.phase == "import"
    assert "raised SyntaxError" in str(error)
    assert "score.py, line 4" in str(error)


def test_a_missing_module_is_told_with_what_to_do(boot_error: Callable[..., BootError]) -> None:
    error = boot_error("import no_such_package_of_ours")
    assert "raised ModuleNotFoundError: No module named 'no_such_package_of_ours'" in str(error)
    assert "Install 'no_such_package_of_ours'" in str(error)
    assert "AZUREML_SOURCE_DIRECTORY" in str(error)


def test_a_missing_module_is_told_by_the_name_of_its_package(
    boot_error: Callable[..., BootError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    assert "Install 'scikit-learn'" in str(boot_error("import sklearn.linear_model"))


@pytest.mark.parametrize("as_main", [True, False], ids=["main.py", "named"])
def test_a_failure_inside_an_import_of_the_script_is_not_taken_for_a_missing_script(
    as_main: bool, tmp_path: Path, boot_error: Callable[..., BootError], caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "broken_helper.py", "import no_such_package_of_ours\n")
    write(tmp_path / "main.py", "import broken_helper\n")
    error = boot_error() if as_main else boot_error(entry_script="main.py")
    assert "No module named 'no_such_package_of_ours'" in str(error)
    assert "no such file" not in str(error)
    assert 'broken_helper.py", line 1' in caplog.text


def test_an_exception_while_importing_is_named_and_its_traceback_logged(
    boot_error: Callable[..., BootError], caplog: pytest.LogCaptureFixture
) -> None:
    error = boot_error("""
        def helper():
            return {}["threshold"]
        helper()
    """)
    assert "raised KeyError: 'threshold'" in str(error)
    assert "in helper" in caplog.text
    assert "scoredock/entry/script.py" not in caplog.text


@pytest.mark.parametrize("statement", ["raise SystemExit(0)", "raise KeyboardInterrupt"])
def test_a_script_that_exits_while_it_is_imported_is_a_boot_failure(
    statement: str, boot_error: Callable[..., BootError]
) -> None:
    assert statement.split()[1].split("(")[0] in str(boot_error(statement))


def test_without_a_setting_the_script_is_main_in_the_app_root(
    tmp_path: Path, load_script: Callable[..., EntryScript]
) -> None:
    write(tmp_path / "root/main.py", "def init(): pass\ndef run(data): return 'main'\n")
    script = load_script(AML_APP_ROOT="root")
    assert script.path == tmp_path / "root/main.py"
    assert script.signature.call("x") == "main"


def test_helpers_beside_the_script_in_the_source_directory_and_in_the_app_root_import(
    tmp_path: Path, load_script: Callable[..., EntryScript]
) -> None:
    write(tmp_path / "root/helper_in_root.py", "WHERE = 'root'")
    write(tmp_path / "root/source/helper_in_source.py", "WHERE = 'source'")
    write(tmp_path / "root/code/helper_beside.py", "WHERE = 'beside'")
    write(
        tmp_path / "root/code/score.py",
        "import helper_in_root, helper_in_source, helper_beside\n"
        "def init(): pass\n"
        "def run(data): return [helper_in_root.WHERE, helper_in_source.WHERE, helper_beside.WHERE]\n",
    )
    script = load_script(AML_APP_ROOT="root", AZUREML_ENTRY_SCRIPT="code/score.py", AZUREML_SOURCE_DIRECTORY="source")
    assert script.signature.call("x") == ["root", "source", "beside"]


def test_the_users_folders_do_not_shadow_installed_packages(
    tmp_path: Path, load_script: Callable[..., EntryScript]
) -> None:
    write(tmp_path / "tarfile.py", "SHADOW = True")
    sys.modules.pop("tarfile", None)
    script = load_script("""
        import tarfile
        def init(): pass
        def run(data): return hasattr(tarfile, "SHADOW")
    """)
    assert script.signature.call("x") is False


def test_the_extra_library_folder_replaces_installed_packages(
    tmp_path: Path, load_script: Callable[..., EntryScript]
) -> None:
    write(tmp_path / "extra/colorsys.py", "NEWER = True")
    sys.modules.pop("colorsys", None)
    script = load_script(
        """
        import colorsys
        def init(): pass
        def run(data): return colorsys.NEWER
        """,
        AZUREML_EXTRA_PYTHON_LIB_PATH="extra",
    )
    assert script.signature.call("x") is True
    del sys.modules["colorsys"]


def test_an_extra_library_folder_that_is_missing_is_named(boot_error: Callable[..., BootError]) -> None:
    error = boot_error(MINIMAL, AZUREML_EXTRA_PYTHON_LIB_PATH="extra")
    assert error.phase == "settings"
    assert "AZUREML_EXTRA_PYTHON_LIB_PATH: expected a folder" in str(error)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("def run(data): pass", "init()"),
        ("def init(): pass", "run()"),
        ("init = 5\ndef run(data): pass", "init()"),
        ("def init(): pass\nrun = None", "run()"),
    ],
)
def test_a_script_without_init_or_run_is_told_which_one(
    text: str, missing: str, boot_error: Callable[..., BootError]
) -> None:
    error = boot_error(text)
    assert error.phase == "contract"
    assert f"does not define {missing}" in str(error)


def test_a_driver_module_is_run_behind_the_outer_init(tmp_path: Path, load_script: Callable[..., EntryScript]) -> None:
    write(
        tmp_path / "inner_score.py",
        "def init(): raise AssertionError\ndef run(data, request_headers): return ['inner', data]\n",
    )
    script = load_script("""
        import inner_score as driver_module
        started = []
        def init(): started.append("outer")
        def run(data): return driver_module.run(data, {})
    """)
    script.init()
    assert script.module.started == ["outer"]
    assert script.signature.wants_headers
    assert script.signature.call("x", {}) == ["inner", "x"]


@pytest.mark.parametrize("driver", ["driver_module = 5", "import json as driver_module"])
def test_a_driver_module_without_run_is_ignored(driver: str, load_script: Callable[..., EntryScript]) -> None:
    script = load_script(f"{driver}\ndef init(): pass\ndef run(data): return 'outer'\n")
    assert script.signature.call("x") == "outer"


def test_dataclasses_pickles_and_type_hints_work_inside_the_scripts_module(
    load_script: Callable[..., EntryScript],
) -> None:
    script = load_script("""
        from __future__ import annotations
        import dataclasses, pickle, typing

        @dataclasses.dataclass
        class Row:
            value: int

        def init(): pass

        def run(data):
            hints = typing.get_type_hints(Row)
            return pickle.loads(pickle.dumps(Row(1))) == Row(1) and hints == {"value": int}
    """)
    assert script.signature.call("x") is True


def test_the_name_of_the_script_may_have_dashes_and_spaces(load_script: Callable[..., EntryScript]) -> None:
    assert load_script(MINIMAL, name="my score-1.py").signature.call("x") == "x"


def test_importing_logs_nothing_for_a_sound_script(
    load_script: Callable[..., EntryScript], caplog: pytest.LogCaptureFixture
) -> None:
    load_script(MINIMAL)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
