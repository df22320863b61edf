"""The OpenAPI 3.0 and 3.1 documents."""

from __future__ import annotations

from typing import Any

import scoredock.schema.wording as wording


def openapi_30(service: dict[str, str], inputs: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
    """The 3.0 document of ``service`` (name, version, prefix) with the schemas of its input and output."""
    return {
        "openapi": "3.0.3",
        "info": wording.info(service),
        "security": [{"Bearer": []}],
        "paths": {
            service["prefix"] + "/": {"get": _health()},
            service["prefix"] + "/score": {"post": _score()},
            service["prefix"] + "/swagger.json": {"get": _swagger()},
        },
        "components": {
            "schemas": {
                "ServiceInput": inputs,
                "ServiceOutput": outputs,
                "ErrorResponse": wording.ERROR_SCHEMA,
            },
            "securitySchemes": {"Bearer": wording.BEARER},
        },
    }


def openapi_31(service: dict[str, str], inputs: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
    """The 3.1 document: the one of 3.0 under another version."""
    return {**openapi_30(service, inputs, outputs), "openapi": "3.1.0"}


def _answer(description: str, mimetype: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {mimetype: {"schema": schema}}}


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _error() -> dict[str, Any]:
    return _answer(wording.FAILED, "application/json", _reference("ErrorResponse"))


def _health() -> dict[str, Any]:
    ok = _answer(wording.HEALTH_OK, "text/plain", {"type": "string", "example": "Healthy"})
    return {**wording.HEALTH, "responses": {"200": ok, "default": _error()}}


def _score() -> dict[str, Any]:
    return {
        **wording.SCORE,
        "security": [{"Bearer": []}],
        "requestBody": _answer(wording.PAYLOAD, "application/json", _reference("ServiceInput")),
        "responses": {
            "200": _answer(wording.SCORE_OK, "application/json", _reference("ServiceOutput")),
            "default": _error(),
        },
    }


def _swagger() -> dict[str, Any]:
    schema = {"type": "integer", "enum": [2, 3]}
    version = {"name": "version", "in": "query", "required": False, "schema": schema}
    ok = _answer(wording.SWAGGER_OK, "text/plain", {"type": "string"})
    return {**wording.SWAGGER, "parameters": [version], "responses": {"200": ok, "default": _error()}}
