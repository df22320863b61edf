"""Lines of pip: what scoredock installs, what it keeps for pip, and what it refuses, with the reason.

An image is built away from the user's machine, of what the configuration says alone; so a line that points to files of
this machine, to a repository, or to a host without TLS is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

_HASH = re.compile(r"\s+--hash[=\s]([a-z0-9]+:[0-9a-fA-F]+)")
_INDEX_OPTIONS = {"-i": "--index-url", "--index-url": "--index-url", "--extra-index-url": "--extra-index-url",
                  "-f": "--find-links", "--find-links": "--find-links"}  # fmt: skip
_PLAIN_OPTIONS = {"--pre": 0, "--prefer-binary": 0, "--require-hashes": 0, "--only-binary": 1, "--no-binary": 1}
_HTTPS = re.compile(r"https://([^\s/@]+@)?[A-Za-z0-9.\-]+(:\d+)?(/\S*)?")
_VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")
_REFUSED_OPTIONS = {
    "-e": "an editable package is a folder of this machine; put its code into sourceDirectory",
    "-r": "there is no file beside it to follow; give the requirements themselves",
    "-c": "constraints are not read; write the versions beside the packages",
    "--trusted-host": "it switches off the check of a server's certificate; add the certificate to the base image",
    "--no-index": "the image's own packages come from the index; use --index-url for another one",
}
_LONG = {"--editable": "-e", "--requirement": "-r", "--constraint": "-c"}


class RefusedLine(ValueError):
    """A line that is no requirement, or none that an image can be built with; the text says why."""


@dataclass(frozen=True)
class PipPackage:
    """One package: ``name`` normalised (PEP 503); a wheel's bare URL is its own name."""

    requirement: Requirement | None
    name: str
    hashes: tuple[str, ...] = ()
    url: str | None = None

    @property
    def text(self) -> str:
        """The line, normalised."""
        text = self.url if self.requirement is None else str(self.requirement)
        return " ".join([text or "", *(f"--hash={one}" for one in self.hashes)])


@dataclass(frozen=True)
class PipOption:
    """An option that goes to pip as it is; ``text`` may hold credentials, ``shown`` holds none."""

    text: str

    @property
    def shown(self) -> str:
        """The option without credentials."""
        name, _, value = self.text.partition(" ")
        return f"{name} {_without_credentials(value)}" if value else name

    def __repr__(self) -> str:
        return f"PipOption({self.shown!r})"


def parse_line(line: str) -> PipPackage | PipOption:
    """What one line of pip says. Raises RefusedLine."""
    line = line.strip()
    if line.startswith("-"):
        return _option(line)
    hashes = tuple(sorted(set(_HASH.findall(line))))
    text = _HASH.sub("", line).strip()
    if " --" in text:
        raise RefusedLine("options of a single package are not passed on, --hash apart")
    scheme = re.match(r"(?:[^@\s:/]+\s*@\s*)?([a-z][a-z0-9+.\-]*):", text, re.IGNORECASE)
    if scheme:
        _check_url(scheme[1].lower(), text)
    if scheme and "@" not in text.split(":", 1)[0]:
        return PipPackage(None, text, hashes, text)
    if not scheme and (re.match(r"[./~]|[A-Za-z]:\\", text) or re.search(r"\.(whl|tar\.gz|zip)$", text)):
        raise RefusedLine("it is a file of this machine; publish it to an index, or give its https address")
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise RefusedLine(_why_invalid(text, error)) from None
    requirement.name = canonicalize_name(requirement.name)
    return PipPackage(requirement, requirement.name, hashes)


def _option(line: str) -> PipOption:
    name, _, value = re.sub(r"^(--?[a-z-]+)[=\s]\s*", r"\1 ", line).partition(" ")
    if name in _INDEX_OPTIONS:
        if not _HTTPS.fullmatch(value):
            raise RefusedLine(f"{name} takes an https address, so that nobody can exchange packages on their way")
        return PipOption(f"{_INDEX_OPTIONS[name]} {value}")
    if name in _PLAIN_OPTIONS:
        if bool(value) != bool(_PLAIN_OPTIONS[name]) or not re.fullmatch(r"[\w.,:\-]*", value):
            raise RefusedLine(f"{name} takes {'package names' if _PLAIN_OPTIONS[name] else 'no value'}")
        return PipOption(f"{name} {value}".strip())
    short = re.sub(r"^(-[erc])(?=[^\s-]).*", r"\1", name)
    reason = _REFUSED_OPTIONS.get(_LONG.get(name, short), "scoredock does not know the option")
    raise RefusedLine(reason)


def _check_url(scheme: str, text: str) -> None:
    if "+" in scheme:
        raise RefusedLine("an image is built without git; publish a wheel, or give its https address")
    if scheme == "file":
        raise RefusedLine("it is a file of this machine; publish it to an index, or give its https address")
    if scheme != "https":
        raise RefusedLine("packages come by https alone, so that nobody can exchange them on their way")
    url = text[text.lower().index("https:") :].split()[0]
    if _has_credentials(url):
        raise RefusedLine("its address holds credentials, which would stay in the image; use --extra-index-url")


def _has_credentials(url: str) -> bool:
    parts = urlsplit(url)
    return any(part and not _VARIABLE.fullmatch(part) for part in (parts.username, parts.password))


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return url if "@" not in parts.netloc else parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def without_literal_credentials(line: str) -> str:
    """The line without what stands before the ``@`` of an address, unless that is variables, ``${NAME}``."""
    return re.sub(
        r"(?<=://)([^/@\s]*)@",
        lambda match: match[0] if re.fullmatch(r"(\$\{[A-Z0-9_]+\}:?)+", match[1]) else "",
        line,
    )


def _why_invalid(text: str, error: InvalidRequirement) -> str:
    if re.fullmatch(r"[\w.\-]+(\[[\w,\s]*\])?=[\w.*]+", text):
        return f"pip pins a version with two signs: {text.replace('=', '==', 1)}"
    return " ".join(str(error).split("\n")[0].split())
