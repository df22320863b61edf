"""Between bytes and run(): request bodies and queries to arguments, results to response bodies.

Without a schema run() gets ``text``. With one, ``arguments`` picks the way in: JSON as a whole (``json_body``, then
``conversion``), in pieces where it is large (``json_pieces``), or straight into arrays and frames (``json_arrays``,
``json_frames``, ``json_records``); NumPy's files (``npy``), Arrow's streams (``arrow``). ``room`` bounds what values
take in memory. ``dtype_rules`` and ``dates`` say what a dtype takes of JSON; ``refusals``, ``array_refusals`` and
``frame_refusals`` why a value is refused. ``negotiation`` picks the way out.
"""

from scoredock.payload.arguments import SchemaReader, schema_arguments
from scoredock.payload.column_names import has_named_columns, other_columns
from scoredock.payload.json_results import encode
from scoredock.payload.negotiation import asks_for_binary, write
from scoredock.payload.text import query_text, query_values, text_of

__all__ = [
    "SchemaReader",
    "asks_for_binary",
    "encode",
    "has_named_columns",
    "other_columns",
    "query_text",
    "query_values",
    "schema_arguments",
    "text_of",
    "write",
]
