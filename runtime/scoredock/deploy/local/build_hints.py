"""What to do about a build that failed, from the last lines of its output."""

from __future__ import annotations

import re
from collections.abc import Sequence

from packaging.requirements import InvalidRequirement, Requirement

_HINTS = (  # the first that fits: without a network, pip says that there is no such version as well
    (r"Temporary failure in name resolution|Could not resolve|Connection refused|Max retries exceeded|SSLError",
     "The build cannot reach the package index. Behind a proxy or a mirror, give the base image its pip settings and "
     "certificates."),
    (r"No matching distribution found|Could not find a version", "Check the package's name and version: does it exist "
     "for the image's Python? pip index versions NAME lists them."),
    (r"ResolutionImpossible|conflicting dependencies", "Packages ask for different versions of another one: the lines "
     "above name them. Loosen one of the pins, or leave it out."),
    (r"command .(gcc|cc|g\+\+). failed|No such file or directory: .(gcc|cc|g\+\+).|metadata-generation-failed",
     "A package has no wheel for the image's Python and would be compiled: ask for a newer version, or install a "
     "compiler in the Docker steps."),
    (r"no space left on device", "The disk is full: docker system df shows why, docker image prune frees it."),
)  # fmt: skip
_CONFLICT = "The conflict is caused by:"
_OWN = re.compile(r"The user requested \(constraint\) (?P<line>.+)")
_PIN = re.compile(r"The user requested (?!\(constraint\) )(?P<line>.+)")
_DEPENDS = re.compile(r"(?P<who>\S+ \S+) depends on (?P<line>.+)")


def hint_of(lines: Sequence[str]) -> str:
    """What to do, as sentences; empty when nothing is known of such a failure."""
    text = "\n".join(lines)
    return conflict_hint(lines) or next((hint for pattern, hint in _HINTS if re.search(pattern, text)), "")


def conflict_hint(lines: Sequence[str]) -> str:
    """Who asks for what, when the environment asks for another version of a package than the runtime; else empty.

    pip tells it in lines behind "The conflict is caused by:"; the runtime's own requirements are its constraints.
    """
    stripped = [line.strip() for line in lines]
    if _CONFLICT not in stripped:
        return ""
    causes = stripped[stripped.index(_CONFLICT) + 1 :]
    own = next((found for line in causes if (found := _OWN.fullmatch(line))), None)
    if own is None:
        return ""
    name = _name(own["line"])
    for line in causes:
        asks = _DEPENDS.fullmatch(line) or _PIN.fullmatch(line)
        if asks is None or _name(asks["line"]) != name:
            continue
        wanted = _plain(asks["line"])
        runtime = f"scoredock asks for {_plain(own['line'])}"
        if "who" in asks.groupdict():
            package = asks["who"].partition(" ")[0]
            return (
                f"{asks['who']} asks for {wanted}, {runtime}. Three ways out: ask for a version of {package} that "
                f"takes it; leave {package} out, if the script does without; or install it without its requirements, "
                f"by a Docker step: RUN pip install --no-deps {package}=={asks['who'].partition(' ')[2]}"
            )
        return (
            f"The environment asks for {wanted}, {runtime}. Three ways out: leave the line out, since the image has "
            f"{name}; ask for a version that suits both; or put yours over it by a Docker step, if you know that "
            f"scoredock works with it: RUN pip install --no-deps {wanted.replace(' ', '')}"
        )
    return ""


def _name(line: str) -> str:
    try:
        return Requirement(line).name.lower()
    except InvalidRequirement:
        return ""


def _plain(line: str) -> str:
    """A requirement without its marker."""
    requirement = Requirement(line)
    requirement.marker = None
    return str(requirement)
