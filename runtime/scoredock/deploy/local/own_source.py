"""scoredock itself, as what an image is built from: this source tree, or a wheel of the installed package.

An image never downloads scoredock: it gets the very code that builds it.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import scoredock
from scoredock.errors import BuildFailed

PACKAGE = Path(scoredock.__file__).parent
TREE = PACKAGE.parent.parent  # of a clone: runtime/scoredock
INSTALLED = PACKAGE / "dockerfiles"  # where a wheel has the Dockerfiles


def dockerfiles() -> Path:
    """The folder with ``Dockerfile.cpu``, ``Dockerfile.gpu`` and ``base-images``."""
    for folder in (INSTALLED, TREE):
        if (folder / "Dockerfile.cpu").is_file():
            return folder
    raise BuildFailed(f"scoredock's Dockerfiles are neither in {INSTALLED} nor in {TREE}: install scoredock again.")


def digest() -> str:
    """A hash over scoredock's code and Dockerfiles: two images with the same one have the same runtime."""
    total = hashlib.sha256()
    for name, content in _content():
        total.update(f"{name}\0{len(content)}\0".encode() + content)
    return total.hexdigest()


def context() -> io.BytesIO:
    """A build context for the Dockerfiles, as a tar archive: the wheel, named by ``wheel_name()``, and nothing else."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        files = {wheel_name(): wheel()}
        files |= {name: (dockerfiles() / name).read_bytes() for name in ("Dockerfile.cpu", "Dockerfile.gpu")}
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    archive.seek(0)
    return archive


def wheel_name() -> str:
    """The file name of the wheel in the context."""
    return f"scoredock-{scoredock.__version__}-py3-none-any.whl"


def _content() -> Iterator[tuple[str, bytes]]:
    for path in sorted(PACKAGE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and INSTALLED not in path.parents:
            yield str(path.relative_to(PACKAGE)), path.read_bytes()
    for path in sorted((dockerfiles() / "base-images").rglob("*")):
        if path.is_file():
            yield str(path.relative_to(dockerfiles())), path.read_bytes()
    for name in ("Dockerfile.cpu", "Dockerfile.gpu"):
        yield name, (dockerfiles() / name).read_bytes()


def wheel() -> bytes:
    """The package as a wheel, the same bytes for the same content, so that the engine finds its layer in the cache."""
    info = f"scoredock-{scoredock.__version__}.dist-info"
    installed = importlib.metadata.distribution("scoredock")
    files = {
        f"scoredock/{name}": content
        for name, content in _content()
        if not name.startswith(("base-images/", "Dockerfile"))
    }
    files[f"{info}/METADATA"] = (installed.read_text("METADATA") or "").encode()
    files[f"{info}/entry_points.txt"] = (installed.read_text("entry_points.txt") or "").encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: scoredock\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{info}/RECORD"] = (
        "".join(_record(name, content) for name, content in files.items()).encode() + f"{info}/RECORD,,\n".encode()
    )
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, content in files.items():
            wheel.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def _record(name: str, content: bytes) -> str:
    encoded = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={encoded},{len(content)}\n"
