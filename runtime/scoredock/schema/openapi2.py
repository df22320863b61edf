"""The swagger 2.0 document."""

from __future__ import annotations

from typing import Any

import scoredock.schema.wording as wording

_ERROR = {"description": wording.FAILED, "schema": {"$ref": "#/definitions/ErrorResponse"}}


def swagger_20(service: dict[str, str], inputs: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
    """The document of ``service`` (name, version, prefix) with the schemas of its input and output."""
    return {
        "swagger": "2.0",
        "info": wording.info(service),
        "schemes": ["https"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "securityDefinitions": {"Bearer": wording.BEARER},
        "paths": {
            service["prefix"] + "/": {"get": _health()},
            service["prefix"] + "/score": {"post": _score()},
            service["prefix"] + "/swagger.json": {"get": _swagger()},
        },
        "definitions": {"ServiceInput": inputs, "ServiceOutput": outputs, "ErrorResponse": wording.ERROR_SCHEMA},
    }


def _health() -> dict[str, Any]:
    ok = {
        "description": wording.HEALTH_OK,
        "schema": {"type": "string"},
        "examples": {"application/json": "Healthy"},
    }
    return {**wording.HEALTH, "responses": {"200": ok, "default": _ERROR}}


def _score() -> dict[str, Any]:
    body = {
        "name": "serviceInputPayload",
        "in": "body",
        "description": wording.PAYLOAD,
        "schema": {"$ref": "#/definitions/ServiceInput"},
    }
    ok = {"description": wording.SCORE_OK, "schema": {"$ref": "#/definitions/ServiceOutput"}}
    return {
        **wording.SCORE,
        "security": [{"Bearer": []}],
        "parameters": [body],
        "responses": {"200": ok, "default": _ERROR},
    }


def _swagger() -> dict[str, Any]:
    version = {"name": "version", "in": "query", "required": False, "type": "integer", "enum": [2, 3]}
    ok = {"description": wording.SWAGGER_OK, "schema": {"type": "string"}}
    return {**wording.SWAGGER, "parameters": [version], "responses": {"200": ok, "default": _ERROR}}
