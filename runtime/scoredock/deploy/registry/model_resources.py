"""What a model needs to be served, as ``Model.register`` takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scoredock.errors import Refused


@dataclass(frozen=True)
class ResourceConfiguration:
    """CPUs (may be fractional), memory in GB, GPUs; None: no wish. Raises Refused for other than numbers from 0 on."""

    cpu: float | None = None
    memory_in_gb: float | None = None
    gpu: int | None = None

    @classmethod
    def of(cls, given: Any) -> ResourceConfiguration:
        """The same out of any object with these attributes, such as Azure's class of the same name."""
        return cls(*(getattr(given, name, None) for name in ("cpu", "memory_in_gb", "gpu")))

    def __post_init__(self) -> None:
        for name, value in (("cpu", self.cpu), ("memory_in_gb", self.memory_in_gb), ("gpu", self.gpu)):
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e6:
                raise Refused(f"resource_configuration.{name}: expected a number of 0 or more, got {value!r}.")

    def document(self) -> dict[str, Any]:
        """As it stands in the model's record."""
        return {"cpu": self.cpu, "memoryInGB": self.memory_in_gb, "gpu": self.gpu}

    @classmethod
    def from_document(cls, document: dict[str, Any] | None) -> ResourceConfiguration | None:
        """Out of the model's record; None where that has no wish."""
        if not document:
            return None
        return cls(document.get("cpu"), document.get("memoryInGB"), document.get("gpu"))
