"""Stand-in for ``azureml.contrib.services.aml_request``: raw HTTP access for run()."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Request

RunT = TypeVar("RunT", bound=Callable[..., Any])


def rawhttp(func: RunT) -> RunT:
    """Mark a run() that wants the Flask request. The mark belongs to this function alone."""
    func.__scoredock_rawhttp__ = True  # type: ignore[attr-defined] # a mark on a function
    return func


class AMLRequest(Request):
    """The request that a raw run() gets, for type annotations."""
