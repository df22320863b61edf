"""How settings are settled: flag, then environment, then config file, then default."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterable, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

from scoredock.errors import SettingError
from scoredock.settings.declaration import Declaration
from scoredock.settings.doubts import doubts
from scoredock.settings.paths import absolute
from scoredock.settings.table import Settings, declarations
from scoredock.texts import why_unreadable

NOT_THE_SERVERS = ("SCOREDOCK_KEY", "SCOREDOCK_WORKSPACE")  # of clients, and of the deployment workflow
_PREFIX = "SCOREDOCK_"
TRUE = {"true", "1", "yes", "on", "y", "t"}
FALSE = {"false", "0", "no", "off", "n", "f", ""}


def resolve(
    flags: Mapping[str, Any], environment: Mapping[str, str], current_folder: Path
) -> tuple[Settings, list[str]]:
    """Settle every setting: flag, then environment, then config file, then default.

    ``flags`` maps setting names to values (None: not given). Returns the settings and warnings about variables and
    keys of the config file that no setting has. Raises SettingError, which names the setting, where its value
    came from, what was expected and what came.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    if "health_port" in given:
        given.setdefault("separate_health_endpoint", True)
    if given.get("entry_script"):
        given["entry_script"] = str(absolute(current_folder / given["entry_script"]))
    if given.get("app_insights_key"):
        given.setdefault("app_insights_enabled", True)

    table = declarations()
    values: dict[str, Any] = {}
    warnings: list[str] = []
    for declaration in table:
        if declaration.name in given:
            values[declaration.name] = _convert(
                declaration, given[declaration.name], declaration.flag or "flag", warnings
            )
            continue
        for variable in (declaration.variable, *declaration.aliases):
            if declaration.guards and environment.get(variable) == "":
                raise SettingError(
                    f"{variable} (environment variable) is empty and would guard nothing. Give it a value, or unset it."
                )
            if environment.get(variable):
                values[declaration.name] = _convert(
                    declaration, environment[variable], "environment variable", warnings
                )
                break

    path = _config_file(values, current_folder)
    warnings += _unknown_variables(environment, table)
    if path is not None:
        warnings += _read_config_file(path, table, values)
    values.setdefault("app_root", Path())
    for declaration in table:
        if declaration.kind == "path" and values.get(declaration.name) is not None:
            values[declaration.name] = absolute(current_folder / values[declaration.name])
    settings = Settings(**values)
    _check_ports(settings, given)
    return settings, [*warnings, *doubts(settings)]


def wished_log_format(flags: Mapping[str, Any], environment: Mapping[str, str], current_folder: Path) -> str:
    """The format of the log for the line that says why settings cannot be settled; ``text`` where it is not known."""
    wished = environment.get("SCOREDOCK_LOG_FORMAT")
    try:
        if not wished:
            where = ("app_root", "config_file", "entry_script")
            named = {one.name: flags.get(one.name) or environment.get(one.variable) for one in declarations()}
            path = _config_file({name: named[name] for name in where if named[name]}, current_folder)
            wished = _content(path).get("SCOREDOCK_LOG_FORMAT") if path is not None else None
    except SettingError:
        pass
    return "json" if str(wished).strip().lower() == "json" else "text"


def _check_ports(settings: Settings, given: Mapping[str, Any]) -> None:
    numbers = {
        "port": settings.port,
        "health_port": settings.health_listener_port,
        "metrics_port": settings.metrics_port if settings.metrics else None,
    }
    ports = {
        f"{entry.variable} ({entry.flag})" if entry.name in given else entry.variable: numbers[entry.name]
        for entry in declarations()
        if entry.name in numbers
    }
    for one, other in combinations(ports, 2):
        if ports[one] is not None and ports[one] == ports[other]:
            raise SettingError(f"{one} and {other} are both {ports[one]}. Give each a port of its own.")


def _unknown_variables(environment: Mapping[str, str], table: tuple[Declaration, ...]) -> list[str]:
    """Warnings about variables that look like settings: one that is misspelt may leave a service without its key."""
    known = [entry.variable for entry in table]
    warnings = []
    for name in environment:
        if name.startswith(_PREFIX) and name not in known and name not in NOT_THE_SERVERS:
            warnings.append(f"variable {name} is not a setting and is ignored.{_nearest(name, known)}")
    return warnings


def _nearest(name: str, known: Iterable[str]) -> str:
    """The setting that was meant, perhaps. All are compared without the prefix, which some have and others have not."""
    by_bare_name = {one.removeprefix(_PREFIX): one for one in known}
    near = difflib.get_close_matches(name.removeprefix(_PREFIX), by_bare_name, n=1, cutoff=0.5)
    return f" Did you mean {by_bare_name[near[0]]}?" if near else ""


def _config_file(values: Mapping[str, Any], current_folder: Path) -> Path | None:
    named = values.get("config_file")
    if named is not None:
        path: Path = current_folder / named
        if not path.is_file():
            raise SettingError(f"config file {path}: no such file. Check --config_file or AZUREML_CONFIG_FILE.")
        return path
    root: Path = current_folder / values.get("app_root", Path())
    candidates = [root / "config.json"]
    if values.get("entry_script"):
        candidates.append((root / values["entry_script"]).parent / "config.json")
    try:
        return next((path for path in candidates if path.is_file() and path.stat().st_size), None)
    except OSError as error:
        raise SettingError(
            f"the folder {root} cannot be read: {error.strerror}. The server runs as user {os.getuid()}: chmod -R a+rX "
            "on the folder (where it is mounted from, on the host), or run as its owner (docker run --user)."
        ) from None


def _read_config_file(path: Path, table: tuple[Declaration, ...], values: dict[str, Any]) -> list[str]:
    content = _content(path)
    by_variable = {name: entry for entry in table for name in (entry.variable, *entry.aliases)}
    warnings: list[str] = []
    for key, value in content.items():
        declaration = by_variable.get(key)
        if declaration is None:
            hint = _nearest(key.upper(), by_variable)
            warnings.append(f"config file {path}: {key!r} is not a setting and is ignored.{hint}")
        elif declaration.name not in values and value is not None:
            values[declaration.name] = _convert(declaration, value, f"config file {path}", warnings)
    return warnings


def _content(path: Path) -> dict[str, Any]:
    """What a config file holds. Raises SettingError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingError(f"config file {path} {why_unreadable(error)}") from None
    except ValueError as error:
        raise SettingError(f"config file {path}: not readable as JSON: {error}") from None
    if not isinstance(content, dict):
        raise SettingError(f"config file {path}: expected a JSON object, got {type(content).__name__}.")
    return content


def _convert(declaration: Declaration, value: Any, source: str, warnings: list[str]) -> Any:
    try:
        return _checked(declaration, value)
    except ValueError as expected:
        if declaration.kind == "bool_or_off":
            warnings.append(
                f"{declaration.variable} ({source}): expected {expected}, got {value!r}, which counts as false."
            )
            return False
        shown = "a value that is not shown" if declaration.secret else repr(value)
        raise SettingError(
            f"{declaration.variable} ({source}): expected {expected}, got {shown}. {declaration.meaning}"
        ) from None


def _checked(declaration: Declaration, value: Any) -> Any:
    if declaration.kind in ("bool", "bool_or_off"):
        return _bool(value)
    if declaration.kind == "int":
        return _int(declaration, value)
    if isinstance(value, (dict, list)) or (isinstance(value, bool) and declaration.kind != "true_only"):
        raise ValueError("a path" if declaration.kind == "path" else "text")
    text = str(value)
    if declaration.kind == "true_only":
        return text.strip().lower() == "true"
    if declaration.kind == "path":
        return Path(text).expanduser()
    if not declaration.choices:
        return text
    chosen = next((choice for choice in declaration.choices if choice.casefold() == text.strip().casefold()), None)
    if chosen is None:
        raise ValueError(f"one of {', '.join(declaration.choices)}")
    return chosen


def _bool(value: Any) -> bool:
    text = str(value).strip().lower()
    if text not in TRUE | FALSE:
        raise ValueError("true or false")
    return text in TRUE


def _int(declaration: Declaration, value: Any) -> int:
    low, high = declaration.minimum, declaration.maximum
    bounds = f" from {low} to {high}" if high is not None else f" of at least {low}" if low is not None else ""
    if declaration.auto is not None:
        if str(value).strip().lower() == "auto":
            return declaration.auto()
        bounds += ", or auto"
    try:
        if isinstance(value, (bool, float)):
            raise ValueError
        number = int(value)
    except (TypeError, ValueError):
        raise ValueError(f"a whole number{bounds}") from None
    if (low is not None and number < low) or (high is not None and number > high):
        raise ValueError(f"a whole number{bounds}")
    return number
