"""One Dockerfile out of several: names, paths and arguments are each stage's own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scoredock.deploy.config.environment import Environment
from scoredock.deploy.local.standalone import LAST, Part, stage, write_stages

DOCKERFILE = """\
# How to build this by itself.
ARG BASE_IMAGE=debian:1
ARG FLAVOUR=slim
FROM ${BASE_IMAGE} AS tools
ARG LIST=a
COPY one two /build/
FROM other:$FLAVOUR
COPY --from=tools /build /opt
COPY --chown=0:0 . /all/
"""


def test_a_dockerfile_becomes_a_stage_on_another():
    assert list(stage(Part("mine", DOCKERFILE, arguments={"LIST": "b"}), "below")) == [
        "FROM below AS mine-tools",
        "ARG LIST=b",
        "COPY mine/one mine/two /build/",
        "FROM other:slim AS mine",
        "COPY --from=mine-tools /build /opt",
        "COPY --chown=0:0 mine/. /all/",
    ]


def environment(base: str | None = None, dockerfile: str | None = None, *packages: str) -> Environment:
    made = Environment("own")
    made.docker.base_image, made.docker.base_dockerfile = base, dockerfile
    for package in packages:
        made.python.conda_dependencies.add_conda_package(package)
    return made


@pytest.mark.parametrize(
    ("made", "first", "contexts"),
    [
        (environment(), "debian:bookworm-slim", {"cpu", "runtime"}),
        (environment("scoredock:cuda"), "debian:bookworm-slim", {"cpu", "cuda", "runtime"}),
        (environment("scoredock:tensorrt"), "debian:bookworm-slim", {"cpu", "cuda", "tensorrt", "runtime"}),
        (environment("company/base:1"), "company/base:1", {"cpu", "runtime"}),
        (environment(None, "FROM company/base:2\nRUN true\n"), "company/base:2", {"own", "cpu", "runtime"}),
        (environment(None, None, "python=3.12"), "python:3.12-slim", {"cpu", "runtime"}),
        (environment(None, None, "numpy"), "debian:bookworm-slim", {"conda", "cpu", "runtime"}),
    ],
)
def test_every_base_is_written_from_a_public_image_on(tmp_path: Path, made, first, contexts):
    text = write_stages(tmp_path, made, made.requirements(), "RUN echo a step")
    starts = re.findall(r"(?m)^FROM (\S+) AS (\S+)$", text)
    assert starts[0][0] == first
    names = [name for _, name in starts]
    assert names[-1] == LAST
    for number, (base, _) in enumerate(starts):
        assert base in names[:number] or ":" in base, "a stage starts from one before it, or from a public image"
    assert "${" not in "".join(base for base, _ in starts)
    assert {path.name for path in tmp_path.iterdir()} >= contexts | {LAST}
    assert "RUN echo a step" in text
    for source in re.findall(r"(?m)^COPY (?!--from)(?:--\S+ )*(.+) \S+$", text):
        for one in source.split():
            assert (tmp_path / one).exists(), f"{one} is copied, but not there"
