"""Between bytes and run(): request bodies and queries to arguments, results to response bodies.

``arguments`` picks the way in: JSON as a whole (``json_body``), straight into arrays and frames (``json_arrays``,
``json_frames``, ``json_records``), NumPy's files (``npy``), Arrow's streams (``arrow``). ``negotiation`` picks the way
out. ``refusals`` says why a value is refused, ``words`` what a type wants.
"""

from scoredock.payload.arguments import SchemaReader, query_text, query_values, schema_arguments, text_of
from scoredock.payload.json_results import encode
from scoredock.payload.negotiation import asks_for_binary, write

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
