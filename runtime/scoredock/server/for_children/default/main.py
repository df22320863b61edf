"""The same as ``entry_module``, for the script that is served where none is named: module ``main``."""

import os
from pathlib import Path

from scoredock import compat
from scoredock.entry.script import import_file

compat.install()
import_file(Path(os.environ["AZUREML_ENTRY_SCRIPT"]), __name__)
