"""One Dockerfile for a whole service, from a public base image to the last layer: no other machine needs scoredock.

The Dockerfiles that images are built of one after another here become stages of one, and their contexts folders of one.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scoredock.deploy.config.channels import parse_channel
from scoredock.deploy.config.environment import Environment
from scoredock.deploy.config.requirements import Requirements
from scoredock.deploy.local import own_source, pythons
from scoredock.deploy.local.bases import STOCK
from scoredock.deploy.local.conda import check_channel, conda_context
from scoredock.deploy.local.images import environment_dockerfile, requirement_files
from scoredock.deploy.local.pulling import DEBIAN

LAST = "environment"  # the stage that a service is put on

_FROM = re.compile(r"FROM (?P<base>\S+)(?: AS (?P<name>\S+))?")
_COPY = re.compile(r"COPY (?P<options>(?:--\S+ )*)(?P<paths>.+)")
_ARGUMENT = re.compile(r"ARG (?P<name>\w+)(?:=(?P<value>.*))?")
_BASES = ("BASE_IMAGE", "TENSORRT_BASE_IMAGE")


@dataclass(frozen=True)
class Part:
    """A Dockerfile that becomes a stage: its name, its text, what its context has, what its arguments are."""

    name: str
    dockerfile: str
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    folders: Mapping[str, Path] = field(default_factory=dict)
    arguments: Mapping[str, str] = field(default_factory=dict)


def write_stages(folder: Path, environment: Environment, needed: Requirements, docker_steps: str) -> str:
    """Write the contexts of all stages into ``folder``; returns the Dockerfile's text up to the stage ``LAST``.

    No engine is asked: nothing is known of a base image of the user's but its name. Raises DeployError.
    """
    base, parts = _base(environment, needed)
    texts = []
    for part in [*parts, _environment(needed, docker_steps)]:
        context = folder / part.name
        context.mkdir(parents=True)
        for name, content in part.files.items():
            data = content.encode() if isinstance(content, str) else content
            (context / name).parent.mkdir(parents=True, exist_ok=True)
            (context / name).write_bytes(data)
        for name, source in part.folders.items():
            shutil.copytree(source, context / name, dirs_exist_ok=True)
        texts.append("\n".join(stage(part, base)))
        base = part.name
    return "\n\n".join(texts)


def stage(part: Part, base: str) -> Iterator[str]:
    """The lines of a part's Dockerfile as a stage on ``base``: its names and paths are made its own.

    Arguments before the first FROM, which are nobody's in one file, are replaced with their defaults there.
    """
    lines = part.dockerfile.splitlines()
    defaults, stages = dict.fromkeys(_BASES, base), dict[str, str]()
    first = next(number for number, line in enumerate(lines) if line.startswith("FROM "))
    last = max(number for number, line in enumerate(lines) if line.startswith("FROM "))
    for line in lines[:first]:
        if (found := _ARGUMENT.fullmatch(line)) and found["name"] not in defaults:
            defaults[found["name"]] = (found["value"] or "").strip("\"'")
    for number, line in enumerate(lines[first:], first):
        if found := _FROM.fullmatch(line):
            name = part.name if number == last else f"{part.name}-{found['name']}"
            below = re.sub(r"\$\{?(\w+)\}?", lambda match: defaults.get(match[1], match[0]), found["base"])
            yield f"FROM {stages.get(found['base'], below)} AS {name}"
            stages[found["name"]] = name
        elif found := _COPY.fullmatch(line):
            options, paths = found["options"], found["paths"]
            if "--from=" in options:  # a stage of this Dockerfile, or an image of its own
                options = re.sub(r"(?<=--from=)(\S+)", lambda match: stages.get(match[1], match[1]), options)
            else:
                *sources, target = paths.split()
                paths = " ".join([*(f"{part.name}/{one}" for one in sources), target])
            yield f"COPY {options}{paths}"
        elif (found := _ARGUMENT.fullmatch(line)) and found["name"] in part.arguments:
            yield f"ARG {found['name']}={part.arguments[found['name']]}"
        else:
            yield line


def _base(environment: Environment, needed: Requirements) -> tuple[str, list[Part]]:
    """The public image to start from, and the parts up to scoredock's own image."""
    section, kind = environment.docker, "cpu"
    if needed.needs_conda:
        channels = [parse_channel(one) for one in needed.channels]
        folders = [one.folder for one in channels if one.folder is not None]
        for folder in folders:
            check_channel(folder)
        context = conda_context(needed, channels)
        files: dict[str, str | bytes] = {**context, "channels/README": "The channels that were folders.\n"}
        channel_folders = {f"channels/{number}": folder for number, folder in enumerate(folders)}
        parts = [Part("conda", context["Dockerfile"].decode(), files, channel_folders)]
        return DEBIAN, [*parts, _cpu(SYSTEM_SITE_PACKAGES="true"), _runtime("cpu")]
    if section.base_dockerfile:
        context = section.build_context if isinstance(section.build_context, dict) else {}
        text, lies = str(section.base_dockerfile), dict[str, Path]()
        if str(context.get("locationType")) == "local":
            lies = {".": Path(str(context["location"]))}
            text = (lies["."] / str(context["dockerfilePath"])).read_text(encoding="utf-8")
        own = [Part("own", text, folders=lies)]
        return "", [*own, _cpu(SYSTEM_SITE_PACKAGES="true"), _runtime("cpu")]
    name = section.base_image or "scoredock:cpu"
    if name not in STOCK:
        return name, [_cpu(SYSTEM_SITE_PACKAGES="true"), _runtime("cpu")]
    if not pythons.stock_has(needed.python):
        return pythons.image_of(str(needed.python)), [_cpu(SYSTEM_SITE_PACKAGES="true"), _runtime("cpu")]
    kind = STOCK[name]
    parts = [_cpu()]
    if kind != "cpu":
        parts.append(_part("cuda"))
    if kind == "tensorrt":
        parts.append(_part("tensorrt"))
    return DEBIAN, [*parts, _runtime(kind)]


def _part(name: str, **arguments: str) -> Part:
    folder = own_source.dockerfiles() / "base-images" / name
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
    return Part(name, files["Dockerfile"].decode(), files, arguments=arguments)


def _cpu(**arguments: str) -> Part:
    return _part("cpu", **arguments)


def _runtime(kind: str) -> Part:
    """scoredock itself, as a wheel."""
    text = (own_source.dockerfiles() / ("Dockerfile.cpu" if kind == "cpu" else "Dockerfile.gpu")).read_text()
    if kind != "cpu":
        text = _with_target(text, kind)
    wheel = own_source.wheel_name()
    return Part("runtime", text, {wheel: own_source.wheel()}, arguments={"RUNTIME": wheel})


def _with_target(text: str, target: str) -> str:
    """A Dockerfile of several targets with one of them alone, and the stages that are none."""
    blocks = re.split(r"(?m)^(?=FROM )", text)
    others = {"cuda", "tensorrt"} - {target}
    return "".join(block for block in blocks if not re.match(rf"FROM \S+ AS ({'|'.join(others)})\b", block))


def _environment(needed: Requirements, docker_steps: str) -> Part:
    text = environment_dockerfile("${BASE_IMAGE}", docker_steps, needed)
    return Part(LAST, text, requirement_files(needed))
