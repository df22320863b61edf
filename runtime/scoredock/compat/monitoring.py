"""Stand-in for ``azureml.monitoring``: data collection of the first generation.

Collected data is not stored. With ``AML_MODEL_DC_DEBUG=true`` it is printed, as the real package does.
"""

from __future__ import annotations

import os
from typing import Any

_DESIGNATIONS = ("inputs", "predictions", "labels", "signals", "general")


class ModelDataCollector:
    """Takes what a script collects. Arguments are those of azureml-monitoring; ``identifier`` is the old
    name of ``designation``. Raises ValueError for a designation that Azure ML does not know."""

    def __init__(
        self,
        model_name: str,
        designation: str = "default",
        feature_names: list[str] | None = None,
        workspace: str = "default/default/default",
        webservice_name: str = "default",
        model_version: str = "default",
        collection_name: str = "default",
        identifier: str | None = None,
    ) -> None:
        designation = identifier or designation
        if designation != "default" and designation not in _DESIGNATIONS:
            raise ValueError(f"designation: expected one of {', '.join(_DESIGNATIONS)}, got {designation!r}")
        self.model_name = model_name
        self.designation = designation
        self.feature_names = feature_names

    def collect(self, input_data: Any, user_correlation_id: str = "") -> bool:
        """Take one set of values; True when it was shown."""
        if os.environ.get("AML_MODEL_DC_DEBUG", "").lower() != "true":
            return False
        print(f"collect {self.model_name}/{self.designation} {user_correlation_id}: {input_data!r}")  # noqa: T201 - what the variable asks for
        return True

    def add_correlations(self, input_data: Any, correlations: Any = None) -> Any:
        """The data as it came; there is no store that would need its correlations."""
        return input_data
