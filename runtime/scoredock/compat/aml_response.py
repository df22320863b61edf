"""Stand-in for ``azureml.contrib.services.aml_response``: a response that run() makes itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Response

_NO_HEADERS: Mapping[str, str] = {}


class AMLResponse(Response):
    """A Flask response with Azure ML's constructor.

    ``message`` is the body: as it is, or as JSON with ``json_str``; None becomes ``{}``. A header value with
    commas goes out as repeated headers. ``run_function_failed`` sets ``x-ms-run-function-failed``.
    """

    def __init__(
        self,
        message: Any,
        status_code: int,
        response_headers: Mapping[str, str] = _NO_HEADERS,
        json_str: bool = False,
        run_function_failed: bool = False,
    ) -> None:
        if message is None or json_str:
            text = json.dumps({} if message is None else message)
            super().__init__(text, status=status_code, mimetype="application/json")
        else:
            super().__init__(message, status=status_code)
            if "Content-Type" in response_headers:
                self.headers.remove("Content-Type")
        self.headers["x-ms-run-function-failed"] = str(run_function_failed)
        for name, value in response_headers.items():
            for part in value.split(","):
                self.headers.add(name, part.strip())
