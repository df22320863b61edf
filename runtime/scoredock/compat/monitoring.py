"""Stand-in for ``azureml.monitoring``: data collection of the first generation, over ``scoredock.collection``."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from typing import Any

from scoredock.collection.current import current

logger = logging.getLogger("scoredock.compat")
_DESIGNATIONS = ("inputs", "predictions", "labels", "signals", "general")


class ModelDataCollector:
    """Takes what a script collects. Arguments are those of azureml-monitoring; ``identifier`` is the old
    name of ``designation``. One that Azure ML does not know collects nothing, and says so in the log, as the real
    package does.

    Stored where AML_MODEL_DC_STORAGE_ENABLED or SCOREDOCK_COLLECT_TO says so; printed with AML_MODEL_DC_DEBUG.
    """

    def __init__(
        self,
        model_name: str,
        designation: str = "default",
        feature_names: Sequence[str] | None = None,
        workspace: str = "default/default/default",
        webservice_name: str = "default",
        model_version: str = "default",
        collection_name: str = "default",
        identifier: str | None = None,
    ) -> None:
        designation = identifier or designation
        self._collects = designation == "default" or designation in _DESIGNATIONS
        if not self._collects:
            logger.warning(
                "ModelDataCollector: expected designation to be one of %s, got %r: what it is given is not collected.",
                ", ".join(_DESIGNATIONS),
                designation,
            )
        self.model_name = model_name
        self.designation = designation
        self.feature_names = list(feature_names) if feature_names is not None else None
        self._names = (workspace, webservice_name, str(model_version), collection_name)

    def collect(self, input_data: Any, user_correlation_id: str = "") -> bool:
        """Take one set of values, as ``scoredock.collect`` does; True when it is stored, or was printed.

        Its correlation id is the given one, else the id of the request that is being scored.
        """
        collection = current()
        if collection is None or not self._collects:
            return False
        if collection.config.first_debug:
            print(f"collect {self.model_name}/{self.designation} {user_correlation_id}: {input_data!r}")  # noqa: T201 - what the variable asks for
            return True
        stream = collection.first_stream(self.model_name, self.designation, self.feature_names, *self._names)
        if stream is None:
            return False
        return collection.take_if_drawn(stream, input_data, str(user_correlation_id or ""))

    def add_correlations(self, input_data: Any, correlations: Any = None) -> Any:
        """The data with the column ``$aml_dc_correlation_id``: the given ids (one, or one a row), or new ones.

        A frame or an object (dict) comes back as such; anything else as a frame.
        """
        from scoredock.collection.streams import CORRELATION

        if isinstance(input_data, dict):
            return {**input_data, CORRELATION: str(correlations or uuid.uuid4())}
        import pandas as pd

        frame = pd.DataFrame(input_data, columns=None if hasattr(input_data, "columns") else self.feature_names)
        ids = correlations
        if ids is None:
            ids = [str(uuid.uuid4()) for _ in range(len(frame))]
        return frame.assign(**{CORRELATION: ids})
