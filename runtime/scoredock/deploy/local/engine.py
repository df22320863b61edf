"""The Docker engine: connecting to it, building in it, and what its refusals mean."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound

from scoredock.errors import BuildFailed, EngineUnavailable

Show = Callable[[str], None]
"""Called with each line of progress."""
KEPT_LINES = 25
DEFAULT_HOST = "unix:///var/run/docker.sock"
_STEP = re.compile(r"^Step \d+/\d+ : ")
_HINTS = (  # the first that fits: without a network, pip says that there is no such version as well
    (r"Temporary failure in name resolution|Could not resolve|Connection refused|Max retries exceeded|SSLError",
     "The build cannot reach the package index. Behind a proxy or a mirror, give the base image its pip settings and "
     "certificates."),
    (r"No matching distribution found|Could not find a version", "Check the package's name and version: does it exist "
     "for the image's Python? pip index versions NAME lists them."),
    (r"ResolutionImpossible|conflicting dependencies", "Two packages ask for different versions of a third: loosen "
     "the pin that the lines above name."),
    (r"command .(gcc|cc|g\+\+). failed|No such file or directory: .(gcc|cc|g\+\+).|metadata-generation-failed",
     "A package has no wheel for the image's Python and would be compiled: ask for a newer version, or install a "
     "compiler in the Docker steps."),
    (r"no space left on device", "The disk is full: docker system df shows why, docker image prune frees it."),
)  # fmt: skip


def silent(line: str) -> None:
    """A ``Show`` that shows nothing."""


def connect(timeout_s: float = 600) -> docker.DockerClient:
    """The engine that DOCKER_HOST, or the default socket, leads to. Raises EngineUnavailable."""
    where = os.environ.get("DOCKER_HOST") or DEFAULT_HOST
    try:
        client = docker.from_env(timeout=timeout_s)
        client.ping()
    except DockerException as error:
        raise EngineUnavailable(
            f"no Docker engine answers: {_innermost(error)} ({where}). Start it (systemctl start docker, or Docker "
            "Desktop), and see that `docker info` works for this user."
        ) from None
    return client


def image_id(engine: docker.DockerClient, name: str) -> str | None:
    """The id of an image that the engine has; None when it has none of that name."""
    try:
        return str(engine.images.get(name).id)
    except ImageNotFound:
        return None


def build(
    engine: docker.DockerClient,
    tag: str,
    context: Path | IO[bytes],
    show: Show,
    *,
    dockerfile: str | None = None,
    arguments: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    target: str | None = None,
) -> None:
    """Build an image; each line of the build's output goes to ``show``.

    ``context`` is a folder, or a tar archive. Raises BuildFailed with the failing step, its last lines and a hint.
    """
    options: dict[str, Any] = (
        {"path": str(context)} if isinstance(context, Path) else {"fileobj": context, "custom_context": True}
    )
    stream = engine.api.build(
        tag=tag,
        dockerfile=dockerfile,
        buildargs=dict(arguments or {}),
        labels=dict(labels or {}),
        target=target,
        rm=True,
        forcerm=True,
        decode=True,
        **options,
    )
    step, last = "", deque[str](maxlen=KEPT_LINES)
    for line in _lines(stream, tag):
        if _STEP.match(line):
            step = line
            last.clear()
        else:
            last.append(line)
        if not line.startswith(_NOISE):
            show(line)
        if line.startswith(_ERROR):
            raise BuildFailed(_failure(tag, step, list(last)))
    if image_id(engine, tag) is None:
        raise BuildFailed(f"building {tag} ended without an image; the lines above say how far it came.")


_ERROR = "ERROR: "
_NOISE = (" --->", "Removing intermediate container", "Successfully tagged")


def _lines(stream: Iterator[dict[str, Any]], tag: str) -> Iterator[str]:
    """The output in whole lines; an error that the engine reports becomes a last one."""
    try:
        for part in stream:
            if "error" in part:
                yield f"{_ERROR}{part['error'].strip()}"
                return
            for line in str(part.get("stream") or part.get("status") or "").splitlines():
                if line.strip():
                    yield re.sub(r"\x1b\[[0-9;]*m", "", line)
    except APIError as error:
        yield f"{_ERROR}{error.explanation or error}"


def _failure(tag: str, step: str, lines: list[str]) -> str:
    text = "\n".join(f"  {line}" for line in lines)
    hint = next((hint for pattern, hint in _HINTS if re.search(pattern, text)), "")
    return f"building {tag} failed at\n  {step or 'its start'}\n{text}\n{hint}".rstrip()


def _innermost(error: BaseException) -> str:
    """The cause that a person can use, out of the layers that the SDK wraps around it."""
    found = re.findall(r"(?:FileNotFoundError|ConnectionRefusedError|PermissionError)\(\d+, '([^']+)'\)", str(error))
    return found[-1] if found else str(error)
