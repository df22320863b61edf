"""Swagger documents of a service."""

from scoredock.schema.samples import schemas_of
from scoredock.schema.swagger import Documents, as_json, build_documents

__all__ = ["Documents", "as_json", "build_documents", "schemas_of"]
