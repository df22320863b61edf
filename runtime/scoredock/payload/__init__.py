"""Between bytes and run(): request bodies and queries to arguments, results to response bodies."""

from scoredock.payload.arguments import query_text, query_values, schema_arguments, text_of
from scoredock.payload.json_body import object_of
from scoredock.payload.results import encode

__all__ = ["encode", "object_of", "query_text", "query_values", "schema_arguments", "text_of"]
