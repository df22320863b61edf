"""What commands say beside their result, on standard error: progress, and remarks on the files that they read."""

from __future__ import annotations

from typing import Any

import click

from scoredock.cli.output import printable


def show(line: str) -> None:
    """A line of progress, on standard error."""
    click.echo(printable(line), err=True)


def show_remarks(config: Any) -> None:
    """What reading a configuration had to say: what is ignored of it, and what else a reader may not expect."""
    for warning in config.warnings:
        show(f"Warning: {warning}")
    for note in config.notes:
        show(f"Note: {note}")
