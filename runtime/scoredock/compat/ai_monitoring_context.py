"""Stand-in for ``azureml.ai.monitoring.context``."""

from __future__ import annotations

import uuid


class CorrelationContext:
    """Ties the inputs and outputs of one request together by an id."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - the real name
        self._id = id or str(uuid.uuid4())

    def get_id(self) -> str:
        """The correlation id."""
        return self._id


class BasicCorrelationContext(CorrelationContext):
    """The context that scripts make themselves."""
