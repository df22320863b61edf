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

from scoredock.deploy.local.build_hints import hint_of
from scoredock.errors import BuildFailed, EngineUnavailable

Show = Callable[[str], None]
"""Called with each line of progress."""
KEPT_LINES = 25
DEFAULT_HOST = "unix:///var/run/docker.sock"
_STEP = re.compile(r"^Step \d+/\d+ : ")


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
    try:
        for line in _lines(stream):
            if _STEP.match(line):
                step = line
                last.clear()
            else:
                last.append(line)
            if not line.startswith(_NOISE):
                show(line)
    except _EngineSays as error:
        show(f"ERROR: {error}")
        raise BuildFailed(_failure(tag, step, [*last, f"ERROR: {error}"])) from None
    if image_id(engine, tag) is None:
        raise BuildFailed(f"building {tag} ended without an image; the lines above say how far it came.")


_NOISE = (" --->", "Removing intermediate container", "Successfully tagged")


class _EngineSays(Exception):
    """The engine's own word that a build has failed. A line of the build's output never is: what it runs says ERROR:
    of its own accord, and goes on."""


def _lines(stream: Iterator[dict[str, Any]]) -> Iterator[str]:
    """The output in whole lines. Raises _EngineSays."""
    try:
        for part in stream:
            if "error" in part:
                raise _EngineSays(part["error"].strip())
            for line in str(part.get("stream") or part.get("status") or "").splitlines():
                if line.strip():
                    yield re.sub(r"\x1b\[[0-9;]*m", "", line)
    except APIError as error:
        raise _EngineSays(str(error.explanation or error)) from None


def _failure(tag: str, step: str, lines: list[str]) -> str:
    text = "\n".join(f"  {line}" for line in lines)
    return f"building {tag} failed at\n  {step or 'its start'}\n{text}\n{hint_of(lines)}".rstrip()


def _innermost(error: BaseException) -> str:
    """The cause that a person can use, out of the layers that the SDK wraps around it."""
    found = re.findall(r"(?:FileNotFoundError|ConnectionRefusedError|PermissionError)\(\d+, '([^']+)'\)", str(error))
    return found[-1] if found else str(error)
