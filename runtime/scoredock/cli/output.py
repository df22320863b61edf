"""How the commands of the deployment workflow print: tables for people, plain lines for scripts, JSON for programs.

Results go to standard output; errors and progress to standard error.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import click

from scoredock.errors import DeployError, ExitCode
from scoredock.texts import printable as printable  # with what else the commands print by

_UNITS = ("B", "KB", "MB", "GB", "TB")
_WIDEST = 60


def output_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``-o/--output``; the command gets it as ``output``: json, table or plain."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice(["json", "table", "plain"]),
        default=lambda: "table" if sys.stdout.isatty() else "plain",
        help="plain: values between tabs, no headings, one line an item. Default: table on a terminal, else plain.",
    )(command)


def workspace_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--workspace``; the command gets its text, or None, as ``workspace``."""
    return click.option(
        "--workspace",
        metavar="FOLDER|URL",
        help="Where models and services are kept: a folder, or s3://…, az://…, gs://…. "
        "Default: ~/.scoredock. [SCOREDOCK_WORKSPACE]",
    )(command)


@contextmanager
def failing() -> Iterator[None]:
    """Turn what cannot be done into one line on standard error and exit code 1; take back what a signal interrupts."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        with suppress(ValueError):  # only the main thread may
            signal.signal(number, lambda given, _: sys.exit(128 + given))
    try:
        yield
    except (DeployError, OSError) as error:
        text = "\n".join(printable(line) for line in str(error).splitlines())
        click.echo(f"{_styled('Error:', fg='red', err=True)} {text}", err=True)
        sys.exit(ExitCode.REFUSED)


def print_items(items: Sequence[dict[str, Any]], columns: dict[str, str], output: str, none: str) -> None:
    """Print a list. ``columns``: heading by key of an item; ``none`` is said, on standard error, of an empty list."""
    if output == "json":
        print_json(items)
        return
    if not items:
        click.echo(none, err=True)
        return
    rows = [[_text(item.get(key)) for key in columns] for item in items]
    if output == "plain":
        for row in rows:
            click.echo("\t".join(row))
        return
    rows = [[cell if len(cell) <= _WIDEST else cell[: _WIDEST - 1] + "…" for cell in row] for row in rows]
    headings = list(columns.values())
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    click.echo(_styled(_line(headings, widths), bold=True))
    for row in rows:
        line = _line(row, widths)
        click.echo(_styled(line[: widths[0]], fg="cyan") + line[widths[0] :])


def print_item(item: dict[str, Any], output: str) -> None:
    """Print one thing: ``json``, or a line for each of its keys, dictionaries as ``key=value``."""
    if output == "json":
        print_json(item)
        return
    width = max(map(len, item))
    for key, value in item.items():
        if output == "plain":
            click.echo(f"{key}\t{_text(value)}")
        else:
            click.echo(f"{_styled(key.ljust(width), bold=True)}  {_text(value)}")


def print_done(text: str, item: dict[str, Any], output: str) -> None:
    """Say in a line what was done; as ``json``, the thing that it was done to."""
    if output == "json":
        print_json(item)
    else:
        click.echo(printable(text))


def print_json(value: Any) -> None:
    """Print a value as indented JSON, in UTF-8."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def size_text(count: float) -> str:
    """A number of bytes for people: ``3.1 MB``."""
    for unit in _UNITS:
        if count < 1000 or unit == _UNITS[-1]:
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{_text(name)}={_text(inner)}" for name, inner in value.items() if inner is not None)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_text, value))
    return printable(str(value))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _styled(text: str, err: bool = False, **style: Any) -> str:
    stream = sys.stderr if err else sys.stdout
    return click.style(text, **style) if stream.isatty() and not os.environ.get("NO_COLOR") else text
