"""What is given away: the wheel and the source distribution hold what they should, and nothing else."""

from __future__ import annotations

import configparser
import email
import re
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from distributions import ROOT, build
from scoredock import __version__

NAME = f"scoredock-{__version__}"
PACKAGE = ROOT / "runtime" / "scoredock"
OF_THE_PACKAGE = re.compile(r"([a-z_]+/)*(\w+\.py|py\.typed)|web/docs_page/(\w+\.js|index\.html|style\.css)")
OF_AN_IMAGE = re.compile(
    r"(conda|cpu|cuda|tensorrt)/("
    r"Dockerfile|README\.md|\.dockerignore|entrypoint|install-[a-z]+|requirements\.txt|[a-z]+-(packages|libraries)\.txt)"
)
IMAGES = {"conda", "cpu", "cuda", "tensorrt"}
DOCKERFILES = {"Dockerfile.cpu", "Dockerfile.gpu"}
TOOLS = {"base-images/lock", "base-images/rootfs/build"}


def files(folder: Path) -> Iterator[str]:
    """The files below a folder, apart from Python's caches."""
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(folder).as_posix()


def package() -> set[str]:
    """The files of the package in the source tree; each is of a kind that belongs there."""
    found = set(files(PACKAGE))
    assert {name for name in found if not OF_THE_PACKAGE.fullmatch(name)} == set()
    assert {"__init__.py", "py.typed", "cli/serve.py", "web/docs_page/index.html"} <= found
    return found


def images() -> set[str]:
    """The files that images are built from; each is of a kind that belongs there."""
    folder = ROOT / "base-images"
    found = {f"{image}/{name}" for image in IMAGES for name in files(folder / image)}
    assert {name for name in found if not OF_AN_IMAGE.fullmatch(name)} == set()
    assert {f"{image}/Dockerfile" for image in IMAGES} <= found
    return found


def contents(wheel: Path) -> dict[str, bytes]:
    """The files of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_holds_the_package_and_what_images_are_built_from(wheel):
    about = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    assert set(contents(wheel)) == {
        *(f"scoredock/{name}" for name in package()),
        *(f"scoredock/dockerfiles/{name}" for name in DOCKERFILES),
        *(f"scoredock/dockerfiles/base-images/{name}" for name in images()),
        *(f"{NAME}.dist-info/{name}" for name in about),
    }
    assert wheel.name == f"{NAME}-py3-none-any.whl"


def test_the_wheel_says_what_it_is(wheel):
    held = contents(wheel)
    entry_points = configparser.ConfigParser()
    entry_points.read_string(held[f"{NAME}.dist-info/entry_points.txt"].decode())
    assert {name: dict(entry_points[name]) for name in entry_points.sections()} == {
        "console_scripts": {"scoredock": "scoredock.cli:main", "azmlinfsrv": "scoredock.cli:azmlinfsrv"}
    }
    said = email.message_from_bytes(held[f"{NAME}.dist-info/METADATA"])
    assert (said["Name"], said["Version"], said["Requires-Python"]) == ("scoredock", __version__, ">=3.10")
    assert (said["License-Expression"], said["License-File"]) == ("MIT", "LICENSE")
    assert held[f"{NAME}.dist-info/licenses/LICENSE"] == (ROOT / "LICENSE").read_bytes()


def test_the_source_distribution_holds_what_the_wheel_is_made_of(sdist):
    with tarfile.open(sdist) as archive:
        held = {member.name for member in archive if member.isfile()}
    about = {"README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml", ".gitignore", "PKG-INFO"}
    assert held == {
        *(f"{NAME}/runtime/scoredock/{name}" for name in package()),
        *(f"{NAME}/base-images/{name}" for name in images()),
        *(f"{NAME}/{name}" for name in DOCKERFILES | TOOLS | about),
    }


def test_the_source_distribution_makes_the_same_wheel(sdist, wheel, tmp_path):
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    assert contents(build(tmp_path / NAME, "wheel", tmp_path / "built")) == contents(wheel)
