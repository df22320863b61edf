"""What a script imports of the files beside it, found without running it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from scoredock.deploy.local.source_folder import source_files

_MISSING = re.compile(r"No module named '(?P<module>[\w.]+)'|No such file or directory: '(?P<file>[^']+)'")


def imported_files(script: Path) -> list[Path]:
    """The modules beside a script that it imports, and what these import, relative to its folder and sorted.

    Of a package all files come, apart from what ignore files name. Names that only a running script knows are not
    found; nor is anything in a script that is no Python: the server says what is wrong with that one.
    """
    folder = script.parent
    found: set[Path] = set()
    waiting = [Path(script.name)]
    seen = set(waiting)
    while waiting:
        file = waiting.pop()
        for name in _names(folder / file, file.parent):
            new = [path for path in _files_of(folder, name) if path not in found]
            found.update(new)
            waiting += [path for path in new if path.suffix == ".py" and path not in seen]
            seen.update(new)
    return sorted(found - {Path(script.name)})


def cure(script: Path, failure: str) -> str:
    """What to do when a service misses something that lies beside its script on this machine; else empty.

    ``failure`` is what its server said. Says it as the end of that text, with the command's option.
    """
    missing = _MISSING.search(failure)
    if missing is None:
        return ""
    name = missing["module"].partition(".")[0] if missing["module"] else Path(missing["file"]).name
    beside = [script.parent / one for one in ((f"{name}.py", name) if missing["module"] else (name,))]
    found = next((path.name for path in beside if path.exists()), None)
    if found is None:
        return ""
    return (
        f" {found} lies beside {script.name} on this machine, but did not come along: only imports that can be seen "
        f"without running the script do. Deploy the whole folder: --sd {script.parent}, or sourceDirectory in the "
        "inference configuration."
    )


def _files_of(folder: Path, name: str) -> list[Path]:
    """The files that importing ``name`` (``a.b``) may need: a module, or the whole package at its beginning."""
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names:
        return []
    files = source_files(folder, only=(top, f"{top}.py"))
    package = [path for path in files if len(path.parts) > 1]
    if any(path.suffix == ".py" for path in package):
        return package
    return [path for path in files if path == Path(f"{top}.py")]


def _names(file: Path, package: Path) -> Iterator[str]:
    """The names that a module imports, from its folder on: those of relative imports too."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0 and node.module:
                yield node.module
            elif node.level and package.parts:  # inside a package, all of which comes along
                yield package.parts[0]
        elif _is_import_call(node):
            yield node.args[0].value  # type: ignore[attr-defined] # _is_import_call looked


def _is_import_call(node: ast.AST) -> bool:
    """``importlib.import_module("name")`` and ``__import__("name")``."""
    if not isinstance(node, ast.Call) or not node.args:
        return False
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    name = node.args[0]
    return called in ("import_module", "__import__") and isinstance(name, ast.Constant) and isinstance(name.value, str)
