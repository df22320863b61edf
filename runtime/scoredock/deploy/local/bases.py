"""What a service's image starts from: scoredock's own images, or a user's base with scoredock put into it."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path

import docker
from docker.errors import DockerException
from docker.utils import parse_repository_tag
from packaging.specifiers import InvalidSpecifier, SpecifierSet

import scoredock
from scoredock.deploy.config.container_registry import ContainerRegistry
from scoredock.deploy.config.environment import Environment
from scoredock.deploy.config.environment_parts import DockerSection
from scoredock.deploy.config.requirements import Requirements
from scoredock.deploy.local import own_source
from scoredock.deploy.local.engine import Show, build, image_id
from scoredock.deploy.registry.hashing import hash_file
from scoredock.errors import BuildFailed, DeployError

STOCK = {f"scoredock:{kind}": kind for kind in ("cpu", "cuda", "tensorrt")}
PYTHON_OF_STOCK = "3.11"
DEBIAN = "debian:bookworm-slim"
MICROMAMBA = "mambaorg/micromamba:2.3.2"
TITLE = "org.opencontainers.image.title"


def base_of(engine: docker.DockerClient, environment: Environment, needed: Requirements, show: Show) -> str:
    """The image with scoredock that an environment's packages go into; made when it is missing.

    Raises DeployError for a Python that it cannot have, BuildFailed for an image that cannot be had.
    """
    section = environment.docker
    if needed.needs_conda:
        return with_runtime(engine, _conda_base(engine, needed, show), show)
    if section.base_dockerfile:
        return with_runtime(engine, _users_base(engine, section, show), show)
    name = section.base_image or "scoredock:cpu"
    if name in STOCK:
        check_python(environment.name, needed.python)
        return stock_image(engine, STOCK[name], show)
    return with_runtime(engine, have(engine, name, section.base_image_registry, show), show)


def _users_base(engine: docker.DockerClient, section: DockerSection, show: Show) -> str:
    """The image of a user's Dockerfile; one that stands in a folder of this machine is built with what lies there."""
    context = section.build_context if isinstance(section.build_context, dict) else {}
    if context.get("locationType") == "local":
        folder = Path(context["location"])
        tag = f"scoredock-user-base:{short(content_of(folder))}"
        if image_id(engine, tag) is None:
            build(engine, tag, folder, show, dockerfile=context["dockerfilePath"])
        return tag
    tag = f"scoredock-user-base:{short(str(section.base_dockerfile))}"
    if image_id(engine, tag) is None:
        build(engine, tag, archive({"Dockerfile": str(section.base_dockerfile)}), show)
    return tag


def content_of(folder: Path) -> str:
    """The names and the content of a folder's files, as text to hash."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return "\n".join(f"{path.relative_to(folder)} {hash_file(path, lambda _: None)}" for path in files)


def check_python(environment: str, wanted: str | None) -> None:
    """Raises DeployError when scoredock's own images do not have the Python that is asked for."""
    if wanted is None:
        return
    try:
        fits = SpecifierSet(wanted).contains(f"{PYTHON_OF_STOCK}.2")
    except InvalidSpecifier:  # a version, not a condition
        fits = wanted in (PYTHON_OF_STOCK, "3") or wanted.startswith(f"{PYTHON_OF_STOCK}.")
    if not fits:
        version = re.sub(r"[^0-9.].*", "", wanted.lstrip("<>=~! "))  # of a range, its first
        raise DeployError(
            f"environment {environment}: expected Python {PYTHON_OF_STOCK}, which scoredock's image has, got {wanted}. "
            f"Ask for python={PYTHON_OF_STOCK}, or leave it out; or name a base image that has it (docker.baseImage, "
            f"such as python:{version}-slim; 3.10 is the oldest); or list a conda package: conda brings its Python."
        )


def stock_image(engine: docker.DockerClient, kind: str, show: Show) -> str:
    """scoredock's own image, ``cpu``, ``cuda`` or ``tensorrt``, with this very scoredock; built when it is missing."""
    tag = f"scoredock:{scoredock.__version__}-{kind}-{own_source.digest()[:12]}"
    if image_id(engine, tag) is None:
        show(f"Building scoredock's own image, {tag}: once for this version, in about a minute.")
        base = _stock_base(engine, "cpu", show)
        if kind != "cpu":
            base = _stock_base(engine, "cuda", show, base)
        arguments = {"BASE_IMAGE": base, "RUNTIME": own_source.wheel_name()}
        if kind == "tensorrt":
            arguments["TENSORRT_BASE_IMAGE"] = _stock_base(engine, "tensorrt", show, base)
        file, target = ("Dockerfile.cpu", None) if kind == "cpu" else ("Dockerfile.gpu", kind)
        build(engine, tag, own_source.context(), show, dockerfile=file, arguments=arguments, target=target)
    return tag


def with_runtime(engine: docker.DockerClient, base: str, show: Show) -> str:
    """An image with scoredock in it, on a user's base; the base itself when it has scoredock."""
    image = engine.images.get(base)
    if image.labels.get(TITLE) == "scoredock":
        return base
    key = short(f"{image.id}{own_source.digest()}")
    tag = f"scoredock:{scoredock.__version__}-on-{key}"
    if image_id(engine, tag) is None:
        show(f"Putting scoredock into {base}: once for this base.")
        below, folder = f"scoredock-base:on-{key}", own_source.dockerfiles() / "base-images" / "cpu"
        build(engine, below, folder, show, arguments={"BASE_IMAGE": base, "SYSTEM_SITE_PACKAGES": "true"})
        arguments = {"BASE_IMAGE": below, "RUNTIME": own_source.wheel_name()}
        build(engine, tag, own_source.context(), show, dockerfile="Dockerfile.cpu", arguments=arguments)
    return tag


def have(engine: docker.DockerClient, name: str, registry: ContainerRegistry | None, show: Show) -> str:
    """See that the engine has an image, pulling it if it has not; returns its whole name, with the registry's address.

    Raises BuildFailed; no message has a password.
    """
    full, credentials = name, None
    if registry is not None and registry.address:
        address = registry.address.partition("://")[2] or registry.address
        full = name if name.startswith(f"{address}/") else f"{address.rstrip('/')}/{name}"
        if registry.username:
            credentials = {"username": registry.username, "password": registry.password or ""}
    if image_id(engine, full) is not None:
        return full
    show(f"Pulling {full} ...")
    try:
        engine.images.pull(*_parted(full), auth_config=credentials)
        return full
    except DockerException as error:
        said = getattr(error, "explanation", None) or error
        own = " Without a registry, base-images/rootfs/build makes it." if name == DEBIAN else ""
        raise BuildFailed(
            f"the base image {full} is not in the engine and cannot be pulled: {said}. Check its "
            f"name, the registry's address and its credentials (docker login).{own}"
        ) from None


def archive(files: Mapping[str, str | bytes]) -> io.BytesIO:
    """A build context of these files, as a tar archive."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for name, text in files.items():
            data = text.encode() if isinstance(text, str) else text
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))
    content.seek(0)
    return content


def short(text: str) -> str:
    """Twelve hexadecimal digits of a text's hash, for names."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def conda_dockerfile() -> str:
    """The Dockerfile of a base with conda packages, which micromamba installs in a stage of its own."""
    return f"""\
FROM {MICROMAMBA} AS conda
COPY environment.yml /tmp/environment.yml
RUN micromamba create --yes --prefix /tmp/conda --file /tmp/environment.yml && micromamba clean --all --yes

FROM {DEBIAN}
COPY --from=conda /tmp/conda /opt/conda
ENV PATH=/opt/conda/bin:$PATH
"""


def conda_file(needed: Requirements) -> str:
    """The conda file for ``conda_dockerfile``: its packages and Python alone; pip's packages come later."""
    python = needed.python or PYTHON_OF_STOCK
    entries = (f"python{python}" if python[:1] in "<>=!~" else f"python={python}", "pip", *needed.conda)
    lines = ["channels:", *(f"  - {json.dumps(channel)}" for channel in needed.channels)]
    return "\n".join([*lines, "dependencies:", *(f"  - {json.dumps(entry)}" for entry in entries), ""])


def _conda_base(engine: docker.DockerClient, needed: Requirements, show: Show) -> str:
    files = {"Dockerfile": conda_dockerfile(), "environment.yml": conda_file(needed)}
    tag = f"scoredock-conda:{short(json.dumps(files))}"
    if image_id(engine, tag) is None:
        have(engine, MICROMAMBA, None, show)
        have(engine, DEBIAN, None, show)
        build(engine, tag, archive(files), show)
    return tag


def _stock_base(engine: docker.DockerClient, kind: str, show: Show, below: str = DEBIAN) -> str:
    folder = own_source.dockerfiles() / "base-images" / kind
    content = "".join(f"{path.name}{path.read_text()}" for path in sorted(folder.iterdir()) if path.is_file())
    tag = f"scoredock-base:{kind}-{short(below + content)}"
    if image_id(engine, tag) is None:
        have(engine, below, None, show)
        build(engine, tag, folder, show, arguments={"BASE_IMAGE": below})
    return tag


def _parted(name: str) -> tuple[str, str]:
    repository, tag = parse_repository_tag(name)  # the tag of name@sha256:… is its digest
    return repository, tag or "latest"
