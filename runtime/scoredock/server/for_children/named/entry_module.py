"""The entry script, in processes that it starts itself: of joblib, and of multiprocessing with spawn or forkserver.

They find functions of the script by the name of its module, on the import path that they are told, which has this
folder.
"""

import os
from pathlib import Path

from scoredock import compat
from scoredock.entry.script import import_file

compat.install()
import_file(Path(os.environ["AZUREML_ENTRY_SCRIPT"]), __name__)  # takes this module's place in sys.modules
