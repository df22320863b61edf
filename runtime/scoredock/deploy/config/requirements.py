"""What an environment needs installed: its packages, normalised, so that equal environments have equal digests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from packaging.requirements import Requirement
from packaging.version import Version

from scoredock.deploy.config.channels import Channel, parse_channel
from scoredock.deploy.config.conda_spec import CondaSpec, parse_spec
from scoredock.deploy.config.extras import extra_requirements
from scoredock.deploy.config.kinds import Report
from scoredock.deploy.config.node import shown
from scoredock.deploy.config.pip_line import (
    PipOption,
    PipPackage,
    RefusedLine,
    parse_line,
)
from scoredock.deploy.config.requirements_file import Line
from scoredock.errors import Problem

# What stands for the inference server, or what scoredock answers for: the image has it.
SERVER_PACKAGES = frozenset(
    {
        "azureml-ai-monitoring",
        "azureml-contrib-services",
        "azureml-core",
        "azureml-defaults",
        "azureml-inference-server-http",
        "azureml-model-management-sdk",
        "azureml-monitoring",
        "scoredock",
    }
)
INFERENCE_SCHEMA = "inference-schema"
OLDEST_SCHEMA = Version("1.8")  # the runtime's; its decorators serve the scripts of older ones
REAL = "real"  # azureml-core[real]: Microsoft's own package, not the stand-in
SERVER = frozenset({"azureml-contrib-services", "azureml-defaults", "azureml-inference-server-http", "scoredock"})
DEFAULT_CHANNELS = ("conda-forge",)  # Anaconda's own channels need a licence in larger companies


@dataclass(frozen=True)
class Requirements:
    """What is installed into an image, beside scoredock.

    ``python``: a version (``3.11``, ``3.11.4``), a condition (``>=3.10``), or None for the base image's. ``pip`` and
    ``conda``: sorted, normalised specifications. ``channels``: conda's, the most important first, without credentials;
    empty without conda. ``guarded``: those of them that want credentials.
    ``replaced``: packages that were left out because scoredock stands for them. ``notes``: what their owner should know
    of what is installed in another way than the lines say. ``pip_options``: index addresses and
    the like, in their order, for pip's command line; their ``text`` may hold credentials, so it belongs in no file
    and no log.
    """

    python: str | None = None
    pip: tuple[str, ...] = ()
    conda: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    needs_conda: bool = False
    replaced: tuple[str, ...] = ()
    pip_options: tuple[PipOption, ...] = field(default=())
    guarded: tuple[Channel, ...] = field(default=())
    notes: tuple[str, ...] = field(default=(), compare=False)

    def digest(self) -> str:
        """SHA-256, in hex, of what is installed: not of names, of the order of packages, of credentials, or of what
        was replaced."""
        content = [self.python, self.pip, self.conda, self.channels, [option.shown for option in self.pip_options]]
        return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()

    def requirements_txt(self) -> str:
        """``pip`` as a requirements file, without ``pip_options``."""
        return "".join(f"{line}\n" for line in self.pip)


def gather(pip: Iterable[Line], conda: Iterable[Line], channels: Iterable[str]) -> Requirements:
    """The requirements of lines for pip and for conda.

    Raises ConfigError with every line that is refused and every contradiction, where they stand.
    """
    report = Report()
    specs = _conda_specs(conda, report)
    python, others = _settle_conda(specs, report)
    packages, options, replaced, notes = _pip_packages(pip, report)
    merged = _merge(packages, report)
    report.finish()
    used = [parse_channel(text) for text in dict.fromkeys(channels)] if others else []
    return Requirements(
        python=python,
        pip=merged,
        conda=others,
        channels=tuple(one.shown for one in used) or DEFAULT_CHANNELS if others else (),
        needs_conda=bool(others),
        replaced=replaced,
        pip_options=tuple(dict.fromkeys(options)),
        guarded=tuple(one for one in used if one.credentials),
        notes=notes,
    )


def _conda_specs(lines: Iterable[Line], report: Report) -> list[tuple[CondaSpec, Line]]:
    specs = []
    for line in lines:
        try:
            spec = parse_spec(line.text)
        except ValueError as error:
            report.problems.append(line.problem(f"{error}, got {shown(line.text)!r}."))
            continue
        if spec.name not in ("pip", "setuptools", "wheel"):  # every Python that scoredock makes has them
            specs.append((spec, line))
    return specs


def _settle_conda(specs: list[tuple[CondaSpec, Line]], report: Report) -> tuple[str | None, tuple[str, ...]]:
    """Python's version, and the other packages."""
    by_name: dict[str, dict[str, tuple[CondaSpec, Line]]] = {}
    for spec, line in specs:
        known = by_name.setdefault(spec.name, {})
        for other, other_line in known.values():
            if spec.contradicts(other):
                report.problems.append(_contradiction(line, other_line))
        known.setdefault(spec.text, (spec, line))
    python = [spec for spec, _ in by_name.pop("python", {}).values() if spec.version]
    pinned = [spec.pin for spec in python if spec.pin]
    conditions = sorted(spec.version for spec in python if not spec.pin)
    version = max(pinned, key=len) if pinned else ",".join(conditions) or None
    others = [text for known in by_name.values() for text in known if len(known) == 1 or text != known[text][0].name]
    return version, tuple(sorted(others))


def _pip_packages(
    lines: Iterable[Line], report: Report
) -> tuple[list[tuple[PipPackage, Line]], list[PipOption], tuple[str, ...], tuple[str, ...]]:
    """Packages with their lines, options, the names of what scoredock stands for, and notes."""
    packages, options, replaced, notes = [], [], set(), []
    for line in lines:
        try:
            parsed = parse_line(line.text)
        except RefusedLine as error:
            report.problems.append(line.problem(f"expected a requirement of pip, got {shown(line.text)!r}: {error}."))
            continue
        if isinstance(parsed, PipOption):
            options.append(parsed)
            continue
        extras = parsed.requirement.extras if parsed.requirement is not None else set()
        if parsed.name == "scoredock":
            replaced.add(parsed.name)
            packages += [(one, line) for one in _of_extras(extras, line, report)]
        elif parsed.name in SERVER_PACKAGES and REAL in extras:
            extras.discard(REAL)
            packages.append((parsed, line))
        elif parsed.name in SERVER_PACKAGES:
            replaced.add(parsed.name)
        elif parsed.name == INFERENCE_SCHEMA and _is_older(parsed.requirement):
            notes.append(
                f"{line.text} is left out: scoredock brings inference-schema {OLDEST_SCHEMA} or newer, which serves "
                "scripts that were written for an older one."
            )
        else:
            packages.append((parsed, line))
    for name in sorted(replaced - SERVER):
        notes.append(
            f"{name} is left out: scoredock has stand-ins for what scripts import of it. To install Microsoft's own "
            f"package, write {name}[{REAL}]."
        )
    return packages, options, tuple(sorted(replaced)), tuple(notes)


def _of_extras(extras: Iterable[str], line: Line, report: Report) -> list[PipPackage]:
    """The packages of scoredock's own extras: scoredock itself is in the image, and comes from no index."""
    try:
        texts = extra_requirements(extras)
    except LookupError as error:
        report.problems.append(line.problem(f"expected extras that scoredock has, got {line.text!r}: {error.args[0]}"))
        return []
    return [one for text in texts if isinstance(one := parse_line(text), PipPackage)]


def _is_older(requirement: Requirement | None) -> bool:
    """Whether a requirement of inference-schema allows no version that scoredock runs with."""
    if requirement is None or requirement.url is not None or not requirement.specifier:
        return False
    newer = (f"{OLDEST_SCHEMA}", f"{OLDEST_SCHEMA}.1", f"{OLDEST_SCHEMA.major}.{OLDEST_SCHEMA.minor + 1}", "1.99")
    return not any(requirement.specifier.contains(one) for one in newer)


def _merge(packages: list[tuple[PipPackage, Line]], report: Report) -> tuple[str, ...]:
    """The lines, one for each package and marker; a contradiction is reported."""
    groups: dict[tuple[str, str], list[tuple[PipPackage, Line]]] = {}
    for package, line in packages:
        marker = str(package.requirement.marker or "") if package.requirement else ""
        groups.setdefault((package.name, marker), []).append((package, line))
    merged = [_merged(group, report) for group in groups.values()]
    hashed = [package for package, _ in packages if package.hashes]
    if hashed and len(hashed) < len(packages):
        bare, line = next((package, line) for package, line in packages if not package.hashes)
        text = f"expected a --hash for every package, since {hashed[0].name} has one, got none for {bare.name}."
        report.problems.append(line.problem(f"{text} pip refuses such a list. Make one with: pip-compile"))
    return tuple(sorted(merged))


def _merged(group: list[tuple[PipPackage, Line]], report: Report) -> str:
    for number, (package, line) in enumerate(group):
        for before, before_line in group[:number]:
            if package.hashes != before.hashes or _contradict(package.requirement, before.requirement):
                report.problems.append(_contradiction(line, before_line))
                return package.text
    texts = sorted({package.text for package, _ in group})  # so that the order in files does not matter
    first = parse_line(texts[0])
    if isinstance(first, PipOption) or first.requirement is None:
        return texts[0]
    for package, _ in group:
        if package.requirement is not None:
            first.requirement.extras |= package.requirement.extras
            first.requirement.specifier &= package.requirement.specifier
    return first.text


def _contradict(one: Requirement | None, other: Requirement | None) -> bool:
    """Whether one pins a version that the other does not allow, or comes from elsewhere."""
    if one is None or other is None:  # a bare address, which is only ever beside itself
        return False
    if one.url != other.url:
        return True
    for mine, theirs in ((one, other), (other, one)):
        pins = [spec.version for spec in mine.specifier if spec.operator in ("==", "===") and "*" not in spec.version]
        if any(not theirs.specifier.contains(pin, prereleases=True) for pin in pins):
            return True
    return False


def _contradiction(line: Line, before: Line) -> Problem:
    where = f" (line {before.line})" if before.line and before.file == line.file else ""
    where = where or (f" ({before.file}, line {before.line})" if before.line else "")
    text = f"expected one version of a package, got {line.text!r} and {before.text!r}{where}. Take one out."
    return line.problem(text)
