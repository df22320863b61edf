"""Type checkers know the installed package: they accept what a user writes, and refuse what cannot be."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
Check = Callable[..., set[tuple[str, int, str]]]


@pytest.fixture(scope="session")
def check(tmp_path_factory: pytest.TempPathFactory) -> Check:
    """``mypy --strict`` for someone who has installed scoredock; its errors as file, line and code."""
    folder = tmp_path_factory.mktemp("user")
    venv.create(folder / "venv")
    (site,) = (folder / "venv" / "lib").glob("python3*/site-packages")
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target", str(site)]
    subprocess.run([sys.executable, *install, str(PROJECT)], check=True, cwd=folder)
    (site / "others.pth").write_text(sysconfig.get_path("purelib"))  # what scoredock's modules import

    def run(*files: str) -> set[tuple[str, int, str]]:
        command = ["-m", "mypy", "--strict", "--config-file=", f"--cache-dir={folder / 'cache'}"]
        command += ["--no-pretty", "--python-executable", str(folder / "venv" / "bin" / "python")]
        done = subprocess.run(
            [sys.executable, *command, *(str(HERE / file) for file in files)],
            capture_output=True,
            text=True,
            cwd=folder,
            env={},  # no PYTHONPATH, which may lead to the sources
        )
        assert done.returncode in (0, 1), done.stdout + done.stderr
        errors = re.findall(r"^(.+):(\d+): error: .+  \[([\w-]+)\]$", done.stdout, re.MULTILINE)
        assert len(errors) == done.stdout.count(": error: "), done.stdout
        return {(Path(file).name, int(line), code) for file, line, code in errors}

    return run


def test_what_a_user_writes_is_accepted(check: Check):
    assert check("score.py", "deploy_service.py") == set()


def test_what_cannot_be_is_refused(check: Check):
    expected = {
        ("wrong.py", number, code)
        for number, line in enumerate((HERE / "wrong.py").read_text().splitlines(), 1)
        if "  # E: " in line
        for code in line.partition("  # E: ")[2].split(", ")
    }
    assert check("wrong.py") == expected


def test_the_entry_script_that_type_checkers_accept_is_served(serve):
    response = serve(HERE / "score.py").post(json={"data": [[1.0, 2.0], [3.0, 4.0]], "factor": 2.0})
    assert response.json() == {"sums": [6.0, 14.0]}
