"""A base image with conda's packages: py-rattler solves and installs them in a stage of the build."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import docker

from scoredock.deploy.config.channels import Channel, credentials_of, parse_channel
from scoredock.deploy.config.requirements import Requirements
from scoredock.deploy.local import own_source
from scoredock.deploy.local.build_context import archive
from scoredock.deploy.local.engine import Show, build, image_id
from scoredock.deploy.local.pulling import DEBIAN, have
from scoredock.deploy.local.pythons import STOCK
from scoredock.errors import DeployError

FOLDERS = "/build/channels"  # where the build has the channels that are folders
_OWN = ("Dockerfile", "install-packages", "python-packages.txt")


def conda_base(engine: docker.DockerClient, needed: Requirements, show: Show) -> str:
    """The name of the image with conda's packages and its Python; built when it is missing.

    Raises DeployError for a channel that is no channel, or whose credentials are not there; BuildFailed.
    """
    channels = [parse_channel(one) for one in needed.channels]
    folders = [one.folder for one in channels if one.folder is not None]
    for folder in folders:
        check_channel(folder)
    context = conda_context(needed, channels)
    tag = f"scoredock-conda:{_digest(context, folders)[:12]}"
    if image_id(engine, tag) is None:
        have(engine, DEBIAN, None, show)
        show(f"Installing conda's packages into {tag}: {', '.join(needed.conda)}")
        arguments = {"BASE_IMAGE": DEBIAN}
        if credentials := credentials_of(needed.guarded, os.environ):
            arguments["CONDA_CREDENTIALS"] = json.dumps(credentials)
        files = context | {"channels/README": b"The channels that are folders of the machine that builds.\n"}
        with archive(files, {f"channels/{number}": folder for number, folder in enumerate(folders)}) as content:
            build(engine, tag, content, show, arguments=arguments)
    return tag


def conda_context(needed: Requirements, channels: list[Channel]) -> dict[str, bytes]:
    """The files of the build, by name, without the channels that are folders."""
    home = own_source.dockerfiles() / "base-images"
    names = [home / "cpu" / "install-python", *(home / "conda" / one for one in _OWN)]
    return {path.name: path.read_bytes() for path in names} | {
        "environment.json": json.dumps(conda_environment(needed, channels), indent=1).encode()
    }


def conda_environment(needed: Requirements, channels: list[Channel]) -> dict[str, Any]:
    """Channels, as the build finds them, and packages: Python and pip too; pip's packages come later."""
    places, number = [], 0
    for channel in channels:
        if channel.folder is None:
            places.append(channel.shown)
        else:
            places.append(f"file://{FOLDERS}/{number}")
            number += 1
    python = needed.python or STOCK
    python = f"python{python}" if python[:1] in "<>=!~" else f"python={python}"
    return {"channels": places, "packages": [python, "pip", *needed.conda]}


def check_channel(folder: Path) -> None:
    """Raises DeployError for a folder that is no channel."""
    if not folder.is_dir():
        raise DeployError(f"channel {folder}: expected a folder of this machine; there is none.")
    if not any(folder.glob("*/repodata.json*")):
        raise DeployError(
            f"channel {folder}: expected a conda channel, with a repodata.json in linux-64 or noarch; there is none. "
            f"Make it with: conda index {folder} (package conda-index)"
        )


def _digest(context: dict[str, bytes], folders: list[Path]) -> str:
    """Of what is installed: a channel that is a folder counts by what its index says."""
    digest = hashlib.sha256()
    for name, content in sorted(context.items()):
        digest.update(name.encode() + content)
    for folder in folders:
        for index in sorted(folder.glob("*/repodata.json*")):
            digest.update(index.read_bytes())
    return digest.hexdigest()
