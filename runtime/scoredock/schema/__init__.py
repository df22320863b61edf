"""Swagger documents of a service."""

from scoredock.schema.swagger import Documents, build_documents

__all__ = ["Documents", "build_documents"]
