"""References to what Azure ML keeps: ``azureml:NAME:VERSION``, and addresses of workspaces and registries."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = r"[A-Za-z0-9_][\w.\-]*"
_ADDRESS = re.compile(
    rf"azureml:/.*?(?:/registries/(?P<registry>[^/]+))?/(?P<kind>models|environments|codes|code)/(?P<name>{_NAME})"
    rf"(?:/(?:versions|labels)/(?P<version>{_NAME}))?/?"
)
_SHORT = re.compile(rf"(?:azureml:)?(?P<name>{_NAME})(?:[:@](?P<version>[\w.\-:]+))?")


@dataclass(frozen=True)
class Reference:
    """``name`` and ``version`` (None: the newest) of something in a workspace, or in ``registry``."""

    name: str
    version: str | None = None
    registry: str | None = None


def parse_reference(text: str) -> Reference | None:
    """The reference of a text; None for a text that is none."""
    match = _ADDRESS.fullmatch(text) or _SHORT.fullmatch(text)
    if match is None:
        return None
    found = match.groupdict()
    version = found["version"]
    return Reference(found["name"], None if version == "latest" else version, found.get("registry"))
