"""Stand-in for ``sklearn.externals.joblib``, which scikit-learn had until 0.23: joblib itself."""

from __future__ import annotations

import importlib
import logging
import sys

logging.getLogger("scoredock.compat").warning(
    "sklearn.externals.joblib is gone from scikit-learn since 0.23; joblib itself stands in. Write: import joblib"
)
sys.modules[__name__] = importlib.import_module("joblib")  # scikit-learn brings it
