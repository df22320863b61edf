"""Which model, in which version, a service has: from its map of models, or from where its folder lies."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

MODEL_MAP = "model_config_map.json"


@dataclass(frozen=True)
class ModelIdentity:
    """The versions of the service's models by name."""

    versions: dict[str, str]

    def version_of(self, name: str) -> str:
        """The version of the model of that name, or of the only one there is; ``default`` where that is unknown."""
        if name in self.versions:
            return self.versions[name]
        return next(iter(self.versions.values())) if len(self.versions) == 1 else "default"


def model_identity(model_dir: Path | None) -> ModelIdentity:
    """Read ``model_config_map.json`` in the model folder or up to three above it; else ``<name>/<version>`` at the
    folder's end."""
    if model_dir is None:
        return ModelIdentity({})
    model_dir = model_dir.resolve()  # a link to the present version is not named like it
    for folder in (model_dir, *list(model_dir.parents)[:3]):
        try:
            models = json.loads((folder / MODEL_MAP).read_text(encoding="utf-8"))["models"]
            return ModelIdentity({str(name): str(entry["version"]) for name, entry in models.items()})
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    if model_dir.name.isdigit() and model_dir.parent.name:
        return ModelIdentity({model_dir.parent.name: model_dir.name})
    return ModelIdentity({})
