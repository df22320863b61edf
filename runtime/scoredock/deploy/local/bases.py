"""What a service's image starts from: scoredock's own images, or a user's base with scoredock put into it."""

from __future__ import annotations

from pathlib import Path

import docker

import scoredock
from scoredock.deploy.config.environment import Environment
from scoredock.deploy.config.environment_parts import DockerSection
from scoredock.deploy.config.requirements import Requirements
from scoredock.deploy.local import own_source, pythons
from scoredock.deploy.local.build_context import archive, content_of, short
from scoredock.deploy.local.conda import conda_base
from scoredock.deploy.local.engine import Show, build, image_id
from scoredock.deploy.local.pulling import DEBIAN, have
from scoredock.errors import BuildFailed, DeployError

STOCK = {f"scoredock:{kind}": kind for kind in ("cpu", "cuda", "tensorrt")}
TITLE = "org.opencontainers.image.title"


def base_of(engine: docker.DockerClient, environment: Environment, needed: Requirements, show: Show) -> str:
    """The image with scoredock that an environment's packages go into; made when it is missing.

    ``needed.python`` is one that scoredock runs on, or None. Raises DeployError for a Python that the image cannot
    have, BuildFailed for an image that cannot be had.
    """
    section = environment.docker
    if needed.needs_conda:
        return with_runtime(engine, conda_base(engine, needed, show), show)
    if section.base_dockerfile:
        base = with_runtime(engine, _users_base(engine, section, show), show)
        return _own_python(engine, base, environment.name, needed.python, show)
    name = section.base_image or "scoredock:cpu"
    if name in STOCK:
        if pythons.stock_has(needed.python):
            return stock_image(engine, STOCK[name], show)
        return _other_python(engine, name, environment.name, str(needed.python), show)
    base = have(engine, name, section.base_image_registry, show)
    return _own_python(engine, with_runtime(engine, base, show), environment.name, needed.python, show)


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
        with archive({"Dockerfile": str(section.base_dockerfile)}) as content:
            build(engine, tag, content, show)
    return tag


def _other_python(engine: docker.DockerClient, stock: str, environment: str, wanted: str, show: Show) -> str:
    """scoredock on an image of Python's own, for a version that the stock images have not."""
    if stock != "scoredock:cpu":
        raise DeployError(
            f"environment {environment}: expected Python {pythons.STOCK}, which {stock} has, got {wanted}. Ask for "
            f"python={pythons.STOCK}, or leave it out; or name a base image with a GPU's libraries and that Python."
        )
    image = pythons.image_of(wanted)
    show(f"environment {environment} asks for Python {wanted}: the base image is {image}.")
    try:
        return with_runtime(engine, have(engine, image, None, show), show)
    except BuildFailed as error:
        raise BuildFailed(
            f"{error} It was to bring Python {wanted}. Without it: ask for python={pythons.STOCK}, which scoredock's "
            "image has; name a base image of yours that has it (docker.baseImage); or list a conda package: conda "
            "brings Python."
        ) from None


def _own_python(engine: docker.DockerClient, image: str, environment: str, wanted: str | None, show: Show) -> str:
    """The image; said, when its Python is another one than the environment asks for."""
    if wanted is not None:
        command = ["-c", "import platform; print(platform.python_version())"]
        version = engine.containers.run(image, command, entrypoint="python", remove=True).decode().strip()
        if not pythons.has(version, wanted):
            show(
                f"Warning: environment {environment} asks for Python {wanted}; the base image has {version}, which is "
                "used. Take python= out, or name another base image."
            )
    return image


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


def _stock_base(engine: docker.DockerClient, kind: str, show: Show, below: str = DEBIAN) -> str:
    folder = own_source.dockerfiles() / "base-images" / kind
    content = "".join(f"{path.name}{path.read_text()}" for path in sorted(folder.iterdir()) if path.is_file())
    tag = f"scoredock-base:{kind}-{short(below + content)}"
    if image_id(engine, tag) is None:
        have(engine, below, None, show)
        build(engine, tag, folder, show, arguments={"BASE_IMAGE": below})
    return tag
