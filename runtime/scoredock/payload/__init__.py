"""Between bytes and run(): request bodies and queries to arguments, results to response bodies."""

from scoredock.payload.arguments import SchemaReader, query_text, query_values, schema_arguments, text_of
from scoredock.payload.formats import asks_for_binary, write
from scoredock.payload.results import encode

__all__ = [
    "SchemaReader",
    "asks_for_binary",
    "encode",
    "query_text",
    "query_values",
    "schema_arguments",
    "text_of",
    "write",
]
