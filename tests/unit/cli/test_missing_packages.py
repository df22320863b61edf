"""Commands whose packages are not installed."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "command", [["service", "list"], ["deploy", "-n", "it", "--es", "score.py"], ["package", "--ic", "ic.json"]]
)
def test_a_command_names_the_package_that_it_lacks_and_what_brings_it(command, tmp_path):
    missing = "import sys; sys.modules.update(dict.fromkeys(['yaml', 'docker', 'fsspec', 'pathspec', 'packaging']))"
    code = f"{missing}; from scoredock.cli import main; main({command!r}, prog_name='scoredock')"
    (tmp_path / "score.py").write_text("def init(): pass\ndef run(data): return data\n")
    (tmp_path / "ic.json").write_text('{"entryScript": "score.py"}')
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {command[0]} needs a package that is not installed, '")
    assert done.stderr.endswith(": pip install 'scoredock[deploy]'\n")
