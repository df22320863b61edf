"""How large a request's line and headers may be, and what is said of larger ones."""

from __future__ import annotations

MAX_HEAD = 64 * 1024  # bytes of a request's line and headers, about; and in a row of a chunked body's frame
MAX_HEADERS = 100
MAX_TARGET = 32 * 1024  # bytes of a request's target: path and query
MAX_SHOWN = 200  # bytes of the target of a request that is refused
NOT_HTTP = "Invalid HTTP request received."
HEAD_TOO_LARGE = f"The request's line and headers, or the trailers behind its body, have more than {MAX_HEAD} bytes."
TOO_MANY_HEADERS = f"The request has more than {MAX_HEADERS} headers."
TARGET_TOO_LONG = f"The request's target, its path and query, has more than {MAX_TARGET} bytes. Send data in a body."
