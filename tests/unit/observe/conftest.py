"""Builders of the logging tests."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

import pytest

from scoredock.observe import context, logs


@pytest.fixture(autouse=True)
def _loggers_as_before() -> Iterator[None]:
    """Give back the loggers that configuring changes, beside the root's."""
    names = ("scoredock", "azmlinfsrv", "scoredock.print", "azmlinfsrv.print", "gunicorn.error", "uvicorn.error")
    before = {
        name: (list(logger.handlers), list(logger.filters), logger.level, logger.propagate)
        for name in names
        for logger in [logging.getLogger(name)]
    }
    yield
    logging.captureWarnings(False)
    for name, (handlers, filters, level, propagate) in before.items():
        logger = logging.getLogger(name)
        logger.handlers[:], logger.filters[:] = handlers, filters
        logger.setLevel(level)
        logger.propagate = propagate


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., Callable[[], list[str]]]]:
    """Configure logging to a standard output of its own; returns a function that gives the lines so far.

    Standard output is replaced in the test's body, because pytest replaces it between setup and body.
    """

    opened: list[TextIO] = []

    def configure(level: str = "INFO", *folders: Path, as_json: bool = False) -> Callable[[], list[str]]:
        file = tmp_path / "stdout.txt"
        monkeypatch.setattr(sys, "stdout", file.open("w", encoding="utf-8"))
        opened.append(sys.stdout)
        logs.configure(level, list(folders) or [tmp_path], as_json)
        return lambda: file.read_text(encoding="utf-8").splitlines()

    yield configure
    for stream in opened:
        stream.close()


@pytest.fixture
def request_id() -> Iterator[str]:
    """The id of the request that the test's thread is in."""
    token = context.request_id.set("request-7")
    yield "request-7"
    context.request_id.reset(token)
