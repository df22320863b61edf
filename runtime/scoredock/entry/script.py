"""Find and import the entry script."""

from __future__ import annotations

import difflib
import functools
import importlib.util
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from scoredock.entry.advice import advice, place
from scoredock.entry.contract import checked_init, signature_of
from scoredock.entry.failures import script_traceback
from scoredock.errors import BootError
from scoredock.settings import Settings
from scoredock.settings.paths import real
from scoredock.signature import Signature

MODULE_NAME = "entry_module"
_PACKAGE = Path(__file__).resolve().parent.parent  # scoredock's own

logger = logging.getLogger("scoredock.entry")


@dataclass(frozen=True)
class EntryScript:
    """An imported entry script: where it is, its module, its init(), and how to call its run()."""

    path: Path
    module: ModuleType
    init: Callable[[], Any]
    signature: Signature


def make_importable(settings: Settings) -> None:
    """Put the app root, the source directory and the script's folder at the end of the import path.

    The folder of AZUREML_EXTRA_PYTHON_LIB_PATH goes to the front: it is there to replace packages.
    Raises BootError when that folder does not exist.
    """
    for folder in map(str, _folders(settings)):
        if folder not in sys.path:
            sys.path.append(folder)
    extra = _extra(settings)
    if extra is not None:
        if not extra.is_dir():
            raise BootError(
                "settings", f"AZUREML_EXTRA_PYTHON_LIB_PATH: expected a folder, got {extra}, which is none."
            )
        if str(extra) not in sys.path:
            sys.path.insert(0, str(extra))


def own_files(settings: Settings) -> Callable[[str], bool]:
    """What tells whether a file lies in one of the folders that ``make_importable`` adds, as the script's own do.

    What replaces packages (AZUREML_EXTRA_PYTHON_LIB_PATH) is not the script's own.
    """
    folders = _folders(settings)
    own = {*folders, *map(real, folders)}  # what links lead to now: they may be turned
    extra = _extra(settings)

    @functools.lru_cache(1024)
    def is_own(filename: str) -> bool:
        replaced = extra is not None and real(Path(filename)).is_relative_to(extra)
        return not replaced and any(is_own_file(filename, folder) for folder in own)

    return is_own


def _folders(settings: Settings) -> list[Path]:
    """The folders that the script and its modules are imported from."""
    sources = [settings.app_root / settings.source_directory] if settings.source_directory else []
    return [settings.app_root, *sources, *settings.script_folders]


def _extra(settings: Settings) -> Path | None:
    """The folder of packages that replace installed ones, where one is set."""
    extra = settings.extra_python_lib_path
    return real(settings.script_folder / extra) if extra else None


def load(settings: Settings) -> EntryScript:
    """Import the entry script and check its contract. Raises BootError in phase import or contract."""
    path = settings.script_path
    module = _import(path, as_main=settings.entry_script is None)
    where = Path(getattr(module, "__file__", None) or path)
    for name, purpose in (("init", "loads the model once"), ("run", "scores a request")):
        if not callable(getattr(module, name, None)):
            raise BootError("contract", f"{where} does not define {name}(), the function that {purpose}.")

    # A driver module forwards to the script behind it: its init() may prepare things, its run() only forwards.
    driven = getattr(module, "driver_module", None)
    run = driven.run if isinstance(driven, ModuleType) and callable(getattr(driven, "run", None)) else module.run
    init = checked_init(module.init, where)
    return EntryScript(path=where, module=module, init=init, signature=signature_of(run, where))


def _import(path: Path, *, as_main: bool) -> ModuleType:
    try:
        if not path.is_file():
            raise BootError("import", _missing(path, by_default=as_main))
        return import_file(path, "main" if as_main else MODULE_NAME)
    except BootError:
        raise
    except BaseException as error:
        logger.error("importing the entry script failed:\n%s", script_traceback(error))
        said = f"importing {path} raised {type(error).__name__}: {error}{place(error, path)}{advice(error)}"
        raise BootError("import", said) from error


def import_file(path: Path, name: str) -> ModuleType:
    """The script as modules ``name`` and ``entry_module``. Raises BootError for no Python file, else what it raises."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise BootError("import", f"entry script {path}: expected a Python file, a name that ends with .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = sys.modules[MODULE_NAME] = module
    spec.loader.exec_module(module)
    return module


def is_own_module(module: ModuleType | None, folder: Path) -> bool:
    """Whether a module belongs to the script in ``folder``; see ``is_own_file``."""
    file = getattr(module, "__file__", None)
    return file is not None and is_own_file(file, folder)


def is_own_file(file: str, folder: Path) -> bool:
    """Whether a file belongs to the script in ``folder``: by its name, or by where links lead.

    Packages of an environment that lies inside the folder do not, nor does scoredock.
    """
    name, path = Path(file).absolute(), real(Path(file))
    inside = name.is_relative_to(folder) or path.is_relative_to(real(folder))
    installed = {"site-packages", "dist-packages"} & {*name.parts, *path.parts}
    return inside and not installed and not path.is_relative_to(_PACKAGE)


def _missing(path: Path, by_default: bool = False) -> str:
    scripts = sorted(entry.name for entry in path.parent.glob("*.py")) if path.parent.is_dir() else []
    near = ["score.py"] if by_default and "score.py" in scripts else []
    near = near or difflib.get_close_matches(path.name, scripts, n=1, cutoff=0.6)
    hint = f" Did you mean {path.parent / near[0]}?" if near else ""
    there = f" The folder has {', '.join(scripts[:10])}." if scripts and not near else ""
    if not path.parent.is_dir() or not any(path.parent.iterdir()):
        there = f" The folder {path.parent} is empty, or not there: is what is mounted there the right one?"
    name_it = " Name the script with --entry_script or AZUREML_ENTRY_SCRIPT." if by_default else ""
    return f"entry script {path}: no such file.{hint}{there}{name_it}"
