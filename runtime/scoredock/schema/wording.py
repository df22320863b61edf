"""What all swagger documents say in the same words. The words are part of the contract with clients."""

from __future__ import annotations

from typing import Any

FAILED = "The service failed to execute due to an error."
HEALTH_OK = "If service is up and running, this response will be returned with the content 'Healthy'"
PAYLOAD = "The input payload for executing the real-time machine learning service."
SCORE_OK = "The service processed the input correctly and provided a result prediction, if applicable."
SWAGGER_OK = "The Swagger specification."

HEALTH = {
    "operationId": "ServiceHealthCheck",
    "description": "Simple health check endpoint to ensure the service is up at any given point.",
}
SCORE = {
    "operationId": "RunMLService",
    "description": "Run web service's model and get the prediction output",
}
SWAGGER = {"operationId": "GetSwaggerSpec", "description": "Get the Swagger specification."}
BEARER = {"type": "apiKey", "name": "Authorization", "in": "header", "description": "For example: Bearer abc123"}
ERROR_SCHEMA = {"type": "object", "properties": {"message": {"type": "string"}}}


def info(service: dict[str, str]) -> dict[str, Any]:
    """The title block of ``service`` (name, version)."""
    return {
        "title": service["name"],
        "description": f"API specification for the Azure Machine Learning service {service['name']}",
        "version": service["version"],
    }
