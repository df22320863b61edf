"""scoredock's own extras, as the packages that they stand for: an image has scoredock, and gets the packages."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def extra_requirements(extras: Iterable[str]) -> list[str]:
    """The requirements of these extras, those of the extras that they name included; without markers of extras.

    Raises LookupError for an extra that scoredock has not, with those that it has.
    """
    known = {canonicalize_name(one) for one in importlib.metadata.metadata("scoredock").get_all("Provides-Extra") or []}
    found: list[str] = []
    wanted, seen = [canonicalize_name(one) for one in extras], set[str]()
    while wanted:
        extra = wanted.pop()
        if extra not in known:
            raise LookupError(f"there is no extra {extra}. There are: {', '.join(sorted(known))}.")
        if extra in seen:
            continue
        seen.add(extra)
        for text in importlib.metadata.requires("scoredock") or []:
            requirement = Requirement(text)
            if requirement.marker is None or not requirement.marker.evaluate({"extra": extra}):
                continue
            if requirement.marker.evaluate({"extra": ""}):  # one of scoredock itself
                continue
            if canonicalize_name(requirement.name) == "scoredock":
                wanted += [canonicalize_name(one) for one in requirement.extras]
            else:
                requirement.marker = None
                found.append(str(requirement))
    return sorted(set(found))
