"""Debian's root file system without a registry: the image, and which pip settings go into it."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import subprocess

import pytest
from containers import BASE_IMAGES

SCRIPT = BASE_IMAGES / "rootfs" / "build"


@pytest.fixture(scope="module")
def rootfs():
    """The script as a module."""
    loader = importlib.machinery.SourceFileLoader("rootfs_build", str(SCRIPT))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.mark.no_engine
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["global.index-url='https://mirror.example/simple'"], {"index-url": "https://mirror.example/simple"}),
        (
            [
                "global.timeout='60'",
                "global.trusted-host='a b'",
                "install.no-binary=':all:'",
                ":env:.default-timeout='9'",
            ],
            {"trusted-host": "a b", "default-timeout": "9"},
        ),
        (
            [
                "global.extra-index-url='file:///opt/simple https://two.example/simple'",
                ":env:.find-links='/opt/wheels'",
            ],
            {"extra-index-url": "https://two.example/simple"},
        ),
        (["global.index-url='https://one.example'", ":env:.index-url='https://two'"], {"index-url": "https://two"}),
        (["", "nonsense", "global.index-url='file:///only/here'"], {}),
    ],
)
def test_pip_settings_that_hold_elsewhere_go_in(rootfs, lines, expected):
    assert rootfs.pip_settings(lines) == expected


@pytest.mark.no_engine
@pytest.mark.parametrize(
    "line",
    [
        "global.index-url='https://lovelace:pass@mirror.example/simple'",
        "global.index-url='https://lovelace@mirror.example/simple'",
        "global.proxy='lovelace:pass@mirror:3128'",
        "global.extra-index-url='https://one.example https://mirror.example/simple?token=lovelace'",
    ],
)
def test_a_password_does_not(rootfs, capsys, line):
    assert rootfs.pip_settings([line]) == {}
    said = capsys.readouterr().out
    assert "may hold a password or a token and is left out" in said
    assert "lovelace" not in said
    assert "mirror" not in said


@pytest.mark.no_engine
def test_a_mirror_with_a_password_is_refused():
    done = subprocess.run([str(SCRIPT), "--mirror", "http://ada:pass@mirror"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "expected an address without user, password or query" in done.stderr


@pytest.mark.no_engine
def test_its_help_teaches():
    done = subprocess.run([str(SCRIPT), "--help"], capture_output=True, text=True, check=True)
    for part in ("--suite", "--mirror", "--ca", "bookworm", "debian:SUITE-slim"):
        assert part in done.stdout


def test_what_is_there_is_not_made_again(debian):
    debian("bookworm")
    done = subprocess.run([str(SCRIPT), "--if-missing"], capture_output=True, text=True, check=True)
    assert done.stdout == "debian:bookworm-slim is there.\n"
