"""What comes along with a script that is deployed alone: what it imports of the files beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scoredock.deploy.local.imported_files import cure, imported_files


@pytest.fixture
def beside(tmp_path: Path) -> Callable[..., list[str]]:
    """Write ``score.py`` with this text, and files beside it by name; returns what comes along."""

    def write(script: str, **files: str) -> list[str]:
        for name, text in {"score.py": script, **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return [str(path) for path in imported_files(tmp_path / "score.py")]

    return write


def test_modules_and_packages_come_along_and_what_they_import(beside):
    files = {
        "features.py": "from units import METRE\n",
        "units.py": "METRE = 1\n",
        "helpers/__init__.py": "from .inner import work\n",
        "helpers/inner.py": "import constants\n",
        "helpers/words.txt": "a",
        "constants.py": "",
        "unused.py": "import units\n",
        "train.py": "",
        "data/rows.csv": "1",
    }
    script = "import json, features\nfrom helpers.inner import work\n\ndef run(data):\n    import numpy\n"
    assert beside(script, **files) == [
        "constants.py", "features.py", "helpers/__init__.py", "helpers/inner.py", "helpers/words.txt", "units.py"
    ]  # fmt: skip


def test_imports_by_a_literal_name_and_inside_functions_are_found(beside):
    script = "import importlib\n\ndef init():\n    importlib.import_module('one.two')\n    __import__('three')\n"
    files = {"one/two.py": "", "three.py": "", "four.py": ""}
    assert beside(script, **files) == ["one/two.py", "three.py"]


@pytest.mark.parametrize(
    ("script", "files"),
    [
        ("import json", {"json.py": ""}),  # the standard library comes first
        ("import data", {"data/rows.csv": "1"}),  # a folder without a module
        ("import helper", {"helper.py": "", ".amlignore": "helper.py\n"}),
        ("import venv_tools, env", {"env/lib/x.py": ""}),
        ("this is no Python", {"helper.py": ""}),
        ("from . import helper", {"helper.py": ""}),  # a script is no package
    ],
)
def test_what_does_not_come_along(beside, script, files):
    assert beside(script, **files) == []


def test_a_module_that_imports_the_script_ends(beside):
    assert beside("import a", **{"a.py": "import b, score", "b.py": "import a"}) == ["a.py", "b.py"]


@pytest.mark.parametrize(
    ("failure", "found"),
    [
        (
            "init() raised ModuleNotFoundError: No module named 'late.inner'. Install 'late'",
            "late.py lies beside score.py",
        ),
        (
            "init() raised FileNotFoundError: [Errno 2] No such file or directory: './words.txt'",
            "words.txt lies beside",
        ),
        ("No module named 'elsewhere'", ""),
        ("init() raised ValueError: no model", ""),
    ],
)
def test_what_a_service_misses_and_lies_beside_its_script_is_told(tmp_path, failure, found):
    for name in ("score.py", "late.py", "words.txt"):
        (tmp_path / name).touch()
    said = cure(tmp_path / "score.py", failure)
    assert (said == "") is (found == "")
    assert found in said
    assert said == "" or f"--sd {tmp_path}" in said
