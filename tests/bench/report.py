"""Results as tables: in the terminal, in docs/benchmarks.md, as JSON, and as a picture."""

from __future__ import annotations

import dataclasses
import json
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path

import cases
import peers
from profiler import Profile
from results import Curve, Results, Row, Spread, Table, limit, times_as_fast

PICTURE = "benchmarks.png"
PLOT = peers.HERE / "plot.py"
FASTER = "scoredock is … times as fast"


@dataclasses.dataclass(frozen=True)
class Grid:
    """A table as text. A row shorter than the header has its last cell across the rest; ``notes`` come below."""

    title: str
    meaning: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


def grid_of_load(table: Table) -> Grid:
    """One case at one number of connections."""
    header = ["server", "requests/s", "p50 ms", "p99 ms", "errors", FASTER]
    rows = [_load_row(table, name, row) for name, row in table.rows.items()]
    found = limit(table)
    notes = []
    if found is not None:
        most, reached = found
        model_us = statistics.median(table.model_s) * 1e6
        notes.append(
            f"The limit, bare ASGI and then the model alone ({model_us:,.0f} µs), is {most:,.0f} requests/s; "
            f"scoredock reaches {_percent(reached)} of it."
        )
        if reached.median > 1:
            notes.append("More than the limit: something slows the bare row down, and it is no limit here.")
    return Grid(table.title, table.meaning, header, rows, notes)


def _load_row(table: Table, name: str, row: Row) -> list[str]:
    if row.reason is not None:
        return [row.title, f"left out: {row.reason}"]
    ratio = times_as_fast(table, name) if name != "scoredock" else None
    return [
        row.title,
        f"{statistics.median(load.requests_per_s for load in row.loads):,.0f}",
        f"{statistics.median(load.p50_ms for load in row.loads):,.2f}",
        f"{statistics.median(load.p99_ms for load in row.loads):,.2f}",
        "0",
        _ratio(ratio) if ratio is not None else "",
    ]


def grid_of_special(case: str, curves: dict[str, Curve]) -> Grid:
    """One of the special cases."""
    meaning = cases.SPECIAL[case]
    if case == "start":
        rows = [_curve_row(curve, curves, {"start": "{:.2f}"}) for curve in curves.values()]
        return Grid(case, meaning, ["server", "seconds (spread)", "times scoredock's"], rows)
    if case == "memory":
        rows = [
            _curve_row(curve, curves, {"after start": "{:.0f}", "after load": "{:.0f}"}) for curve in curves.values()
        ]
        return Grid(case, meaning, ["server", "MB after start", "MB after load", "times scoredock's"], rows)
    failed = [f"{curve.title}: left out: {curve.reason}" for curve in curves.values() if curve.reason]
    shown = [curve for curve in curves.values() if curve.reason is None]
    by_row = case == "growth-rows"
    unit = "µs a row" if by_row else "requests/s"
    header = ["rows a request" if by_row else "workers", *(f"{curve.title}, {unit}" for curve in shown)]
    points = cases.GROWTH_ROWS if by_row else cases.GROWTH_WORKERS
    table = [
        [f"{point:,}", *(_growth(curve.points[str(point)], point if by_row else None) for curve in shown)]
        for point in points
    ]
    return Grid(case, meaning, header, table, failed)


def _curve_row(curve: Curve, curves: dict[str, Curve], formats: dict[str, str]) -> list[str]:
    if curve.reason is not None:
        return [curve.title, f"left out: {curve.reason}"]
    spreads = [Spread.of(curve.points[point]) for point in formats]
    shown = [
        f"{form.format(spread.median)} ({form.format(spread.low)} to {form.format(spread.high)})"
        for form, spread in zip(formats.values(), spreads, strict=True)
    ]
    scoredock, last = curves["scoredock"], list(formats)[-1]
    known = curve is not scoredock and scoredock.reason is None
    return [curve.title, *shown, f"{curve.median(last) / scoredock.median(last):.1f}" if known else ""]


def _growth(values: Sequence[float], rows: int | None) -> str:
    if rows is None:
        return f"{statistics.median(values):,.0f}"
    return f"{statistics.median(values) / rows * 1e6:,.2f}"


def _ratio(spread: Spread) -> str:
    return f"{_times(spread.median)} ({_times(spread.low)} to {_times(spread.high)})"


def _times(value: float) -> str:
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _percent(spread: Spread) -> str:
    return f"{spread.median:.0%} ({spread.low:.0%} to {spread.high:.0%})"


# --- the terminal


def as_text(grid: Grid) -> str:
    """Aligned columns."""
    full = [row for row in [grid.header, *grid.rows] if len(row) == len(grid.header)]
    first = max(len(row[0]) for row in [grid.header, *grid.rows])
    widths = [first, *(max(len(row[column]) for row in full) for column in range(1, len(grid.header)))]
    lines = [f"{grid.title}: {grid.meaning}"]
    for row in [grid.header, *grid.rows]:
        if len(row) < len(grid.header):
            lines.append(f"  {row[0]:{first}}  {row[1]}")
        else:
            cells = (f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
            lines.append("  ".join(["", f"{row[0]:{first}}", *cells]).rstrip())
    return "\n".join([*lines, *(f"  {note}" for note in grid.notes), ""])


# --- docs/benchmarks.md


def as_markdown(grid: Grid, level: int = 3) -> str:
    """A table of Markdown with its heading."""
    lines = [f"{'#' * level} {grid.title}", "", grid.meaning[0].upper() + grid.meaning[1:] + ".", ""]
    lines += ["| " + " | ".join(grid.header) + " |", "|---" + "|---:" * (len(grid.header) - 1) + "|"]
    for row in grid.rows:
        cells = [*row, *[""] * (len(grid.header) - len(row))]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([*lines, "", *(f"{note}\n" for note in grid.notes)])


def overview(results: Results) -> Grid:
    """How many times as fast scoredock is than each peer, case by case."""
    chosen = [peer for peer in peers.PEERS if any(peer.name in table.rows for table in results.tables)]
    rows = []
    for table in results.tables:
        ratios = [times_as_fast(table, peer.name) for peer in chosen]
        rows.append([table.title, *(_times(ratio.median) if ratio is not None else "" for ratio in ratios)])
    meaning = "How many times as many requests a second scoredock answers as each peer; the median of the rounds"
    return Grid("Overview", meaning, ["case", *(peer.title for peer in chosen)], rows)


def profile_text(case: str, profile: Profile) -> str:
    """Where the time of one case goes, in Markdown."""
    shares = [f"{name} {spent / profile.total_us:.0%}" for name, spent in profile.packages.items()]
    shares = [share for share in shares if not share.endswith(" 0%")]
    lines = [f"### {case}, profiled", "", f"{profile.total_us:,.0f} µs of Python a request: {', '.join(shares)}.", ""]
    lines += ["| function | thread | calls | µs | share | mostly in |", "|---|---|---:|---:|---:|---|"]
    for spent in profile.functions:
        mostly = f"`{spent.mostly}`" if spent.mostly else ""
        share = f"{spent.own_us / profile.total_us:.0%}"
        name = f"`{spent.function}`"
        lines.append(f"| {name} | {spent.thread} | {spent.calls:.0f} | {spent.own_us:,.1f} | {share} | {mostly} |")
    return "\n".join([*lines, ""])


HEAD = """# Benchmarks

scoredock beside other servers: the same scikit-learn Ridge model, the same work, one worker process on one core.
This page and its picture are made by `make bench`; the figures are those of one machine, the ratios are what carries
over.

![How many times as many requests a second scoredock answers as each peer]({picture})

"""
METHOD = """## How it is measured

- One worker of each server is pinned to one core, the load generator (`wrk`, kept-alive connections) to the other.
  Processes that a server needs beside its worker share the worker's core.
- The servers of a case run side by side and take turns: every round measures each of them once, beginning with
  another one each time, so that what drifts on the machine hits all alike. An idle server costs no time.
- Before it is measured, each server answers the case once, and the answer has to be the right one; then it is
  warmed up. A row with a single error (no connection, no answer, a status of 400 or more) has no figures.
- Figures are medians over the rounds; ratios are taken round by round, and shown with their lowest and highest.
  Latencies are wrk's; it corrects them for requests that it could not send in time.
- Every peer gets the fastest of what its documentation offers for this work: uvloop and httptools, pydantic's own
  reading of the body and orjson where the code is ours (FastAPI), inference without a second process (MLServer),
  asynchronous methods (FastAPI, BentoML); its access log is off. scoredock and azureml-inference-server-http log
  every request, as they do by default. Numerical libraries have one thread.
- Under load, every server runs with the same thresholds of glibc's malloc (`MALLOC_MMAP_THRESHOLD_`,
  `MALLOC_TRIM_THRESHOLD_`). By default they move with what a process happened to allocate before, and a server
  that returns its blocks to the kernel after each request answers a body of 1 MB up to three times more slowly.
  Start and memory are measured with the defaults.
- scoredock and azureml-inference-server-http run the same entry scripts. What each other server runs is in
  `tests/bench/servers`.
- "Bare ASGI under uvicorn" reads the body and sends an answer made beforehand, on the same uvicorn as scoredock: the
  least that a request costs. With the model's own time, measured by itself on the server's core in every round,
  it is the limit that no server of this kind passes on one core, unless it scores several requests as one.
"""
WHERE = """## Where the time goes

Profiles of scoredock's two threads, the event loop and the scoring thread, while one client sends requests one after
another. Times are a function's own, with the functions in C that it calls and without those in Python; waiting is
left out. The profiler makes every call dearer: read shares, not sums. Names are those of the version that was measured;
modules may have been renamed since.

"""


def as_page(results: Results, facts: Sequence[tuple[str, str]], command: str) -> str:
    """The whole page."""
    parts = [HEAD.format(picture=PICTURE), as_markdown(overview(results), 2), "\n"]
    parts.append("## Machine and versions\n\n| | |\n|---|---|\n")
    parts += [f"| {name} | {value} |\n" for name, value in [*facts, ("Command", f"`{command}`")]]
    parts.append("\n## Load\n\n")
    parts += [as_markdown(grid_of_load(table)) + "\n" for table in results.tables]
    if results.curves:
        parts.append("## Start, memory, growth\n\n")
    parts += [as_markdown(grid_of_special(case, curves)) + "\n" for case, curves in results.curves.items()]
    if results.profiles:
        parts.append(WHERE)
    parts += [profile_text(case, profile) + "\n" for case, profile in results.profiles.items()]
    return "".join([*parts, METHOD])


def write_page(folder: Path, page: str, json_file: Path) -> None:
    """Write the page, and its picture with matplotlib in an environment of its own."""
    (folder / "benchmarks.md").write_text(page)
    python = peers.install("plot", PLOT.with_name("plot-requirements.txt")) / "python"
    subprocess.run([str(python), str(PLOT), str(json_file), str(folder / PICTURE)], check=True)


def write_json(file: Path, results: Results, facts: Sequence[tuple[str, str]]) -> None:
    """Everything that was measured, and the ratios that the picture shows."""
    ratios = [
        {"case": table.title, "peer": peer.title, **dataclasses.asdict(ratio)}
        for table in results.tables
        for peer in peers.PEERS
        if peer.name in table.rows and (ratio := times_as_fast(table, peer.name)) is not None
    ]
    content = {"facts": dict(facts), "ratios": ratios, **dataclasses.asdict(results)}
    file.write_text(json.dumps(content, indent=1))
