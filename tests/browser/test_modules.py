"""The page's modules alone: node's test runner, linter, types, and what they may weigh."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGE = ROOT / "runtime" / "scoredock" / "web" / "docs_page"


def run(*command: str, cwd: Path = HERE) -> None:
    finished = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"})
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_the_logic_passes_its_own_tests():
    run("node", "--experimental-detect-module", "--test", "unit/")


def test_the_modules_are_lint_free(node_modules):
    config = shutil.copy(HERE / "eslint.config.js", node_modules.parent)  # beside the packages that it imports
    run(str(node_modules / ".bin" / "eslint"), "--max-warnings", "0", "-c", config, str(PAGE), str(HERE), cwd=ROOT)


def test_the_types_hold(node_modules):
    run(str(node_modules / ".bin" / "tsc"), "-p", ".")


def test_the_page_is_light():
    files = [path for path in PAGE.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 150_000
    assert {path.suffix for path in files} == {".html", ".css", ".js"}


@pytest.mark.parametrize("module", sorted(PAGE.glob("*.js")), ids=lambda path: path.name)
def test_a_module_says_what_it_is_and_stays_small(module):
    text = module.read_text()
    assert text.startswith("// ")
    assert text.count("\n") < 300
    assert not re.search(r"\.innerHTML|outerHTML|insertAdjacentHTML|localStorage|sessionStorage|document\.cookie", text)


def test_the_html_has_no_inline_script_or_style():
    text = (PAGE / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", text)
