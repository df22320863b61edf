"""Measures scoredock side by side with other servers; see ``--help``, or run ``make bench``."""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import shlex
import shutil
import signal
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path

import cases
import peers
import report
from fleet import Fleet
from processes import adopt_orphans, family, kill
from results import Results
from rounds import Options, Step, loads
from special import profiles, special

DOCS = Path(__file__).parents[2] / "docs"
OUTPUT = Path(tempfile.gettempdir(), "scoredock-bench")
ROUNDS, SECONDS = 5, 1
ROUNDS_FOR_DOCS = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Returns its exit code."""
    chosen = _parser().parse_args(arguments)
    cores = sorted(os.sched_getaffinity(0))[:2]
    missing = [command for command in ("wrk", "taskset") if shutil.which(command) is None]
    if missing:
        return _refuse(f"{' and '.join(missing)} not found. On Debian: apt-get install wrk util-linux")
    if len(cores) < 2:
        return _refuse("two cores are needed: one for the server, one for the load")

    narrowed = (chosen.cases, chosen.peers) != (cases.NAMES, _PEER_NAMES)
    docs: Path | None = chosen.docs or (None if narrowed or chosen.rounds < ROUNDS_FOR_DOCS else DOCS)
    options = Options(chosen.cases, chosen.peers, chosen.rounds, chosen.seconds, profile=docs is not None)
    adopt_orphans()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    os.sched_setaffinity(0, {cores[1]})  # the server's core is the server's alone
    try:
        with tempfile.TemporaryDirectory(prefix="scoredock-bench-") as folder:
            results = _measure(Fleet(Path(folder), (cores[0], cores[1])), options)
    except KeyboardInterrupt:
        print("\ninterrupted; the servers are ended", file=sys.stderr)
        return 130
    finally:
        kill(family(os.getpid())[1:])

    facts = _facts(options)
    OUTPUT.mkdir(exist_ok=True)
    json_file = OUTPUT / f"{datetime.now():%Y%m%d-%H%M%S}.json"
    report.write_json(json_file, results, facts)
    print(f"Everything measured: {json_file}")
    if docs is not None:
        docs.mkdir(parents=True, exist_ok=True)
        report.write_page(docs, report.as_page(results, facts, _command(arguments)), json_file)
        print(f"The page and its picture: {docs / 'benchmarks.md'}")
    return 0


def _measure(fleet: Fleet, options: Options) -> Results:
    results = Results()
    chosen = [peer for peer in peers.PEERS if peer.name in options.peers]
    rows = [peers.SCOREDOCK, *peers.VARIANTS, *chosen, peers.BARE]
    steps = [Step("virtual environments", 0.1, lambda: fleet.install([peers.SCOREDOCK, *chosen]))]
    steps.append(Step("models and answers", 2, fleet.prepare))
    steps += loads(fleet, options, rows, results.tables)
    steps += special(fleet, options, [peers.SCOREDOCK, *chosen], results.curves)
    if options.profile:
        steps += profiles(fleet, options, results.profiles)
    with contextlib.closing(fleet):
        _walk(steps, results)
    return results


def _walk(steps: Sequence[Step], results: Results) -> None:
    """Do the steps, with the time left on a line of its own, and show each table when it is complete."""
    tables = {table.title: table for table in results.tables}
    started, done_s, total_s = time.monotonic(), 0.0, sum(step.estimate_s for step in steps)
    print(f"{len(steps)} steps, about {_minutes(total_s)} minutes\n", flush=True)
    for step in steps:
        pace = (time.monotonic() - started) / done_s if done_s > 10 else 1.0
        _show(f"{_minutes((total_s - done_s) * pace)} left · {step.label}")
        step.action()
        done_s += step.estimate_s
        if step.completes:
            _show("")
            grid = (
                report.grid_of_load(tables[step.completes])
                if step.completes in tables
                else report.grid_of_special(step.completes, results.curves[step.completes])
            )
            print(report.as_text(grid), flush=True)
    _show("")
    print(f"Done in {_minutes(time.monotonic() - started)} minutes.")


def _show(line: str) -> None:
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns - 1
        print(f"\r\x1b[K{line[:width]}", end="", flush=True)


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


# --- machine and versions


def _facts(options: Options) -> list[tuple[str, str]]:
    cpu = _field(Path("/proc/cpuinfo"), "model name") or platform.machine()
    memory_gb = int((_field(Path("/proc/meminfo"), "MemTotal") or "0").split()[0]) / 1e6
    facts = [
        ("Date", f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC"),
        ("Machine", f"{cpu}, {os.cpu_count()} cores, {memory_gb:.0f} GB"),
        ("Kernel", f"{platform.system()} {platform.release()}"),
        ("Python", f"{platform.python_implementation()} {platform.python_version()}"),
        ("Rounds", f"{options.rounds} of {options.seconds} s or more"),
    ]
    models = ("scikit-learn", "numpy", "pandas")
    facts.append(("Model", _versions(peers.SCOREDOCK.bin, models)))
    for peer in [peers.SCOREDOCK, *(peer for peer in peers.PEERS if peer.name in options.peers)]:
        if (peer.bin / "python").exists():
            facts.append((peer.title, _versions(peer.bin, peer.packages)))
    return facts


def _versions(folder: Path, packages: Sequence[str]) -> str:
    return ", ".join(f"{name} {found}" for name, found in peers.versions(folder / "python", packages).items())


def _field(file: Path, name: str) -> str | None:
    values = (line.partition(":")[2].strip() for line in file.read_text().splitlines() if line.startswith(name))
    return next(values, None)


# --- the command line

_PEER_NAMES = tuple(peer.name for peer in peers.PEERS)
_EXAMPLES = """\
examples:
  make bench                                 everything; rewrites docs/benchmarks.md and its picture
  make bench CASES=ridge-1,start PEERS=fastapi
  bench.py --cases echo --rounds 1 --seconds 1          a first look
  bench.py --cases ridge-1 --docs /tmp/page             the page of some cases, somewhere else
"""


def _parser() -> argparse.ArgumentParser:
    meanings = {**{case.name: case.meaning for case in cases.LOADS}, **cases.SPECIAL}
    listed = [f"  {name:16} {meaning}" for name, meaning in meanings.items()]
    listed += ["", "peers, beside scoredock itself:", *(f"  {peer.name:16} {peer.title}" for peer in peers.PEERS)]
    parser = argparse.ArgumentParser(
        prog="bench.py",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=textwrap.dedent(
            """\
            Measures scoredock side by side with other servers: the same model and the same work, one worker on
            one core, wrk on the other, all servers in turn, round after round. Virtual environments of the
            others are made in .venvs when they are absent. Takes two idle cores; nothing else should run.
            """
        ),
        epilog="\n".join(["cases:", *listed, "", _EXAMPLES]),
    )
    parser.add_argument(
        "--cases", type=_names(cases.NAMES), default=cases.NAMES, help="only these, with commas between"
    )
    parser.add_argument(
        "--peers", type=_names(_PEER_NAMES), default=_PEER_NAMES, help="only these, with commas between"
    )
    parser.add_argument("--rounds", type=_positive, default=ROUNDS, help=f"of every measurement; default {ROUNDS}")
    parser.add_argument("--seconds", type=_positive, default=SECONDS, help=f"of a measurement; default {SECONDS}")
    parser.add_argument(
        "--docs", type=Path, help="folder for the page and its picture; default docs/, if nothing is left out"
    )
    return parser


def _names(known: Sequence[str]) -> Callable[[str], tuple[str, ...]]:
    def names(text: str) -> tuple[str, ...]:
        chosen = [name.strip() for name in text.split(",") if name.strip()]
        unknown = [name for name in chosen if name not in known]
        if unknown or not chosen:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown) or 'nothing'} is none of {', '.join(known)}")
        return tuple(name for name in known if name in chosen)

    return names


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return int(text)


def _command(arguments: Sequence[str] | None) -> str:
    given = list(arguments if arguments is not None else sys.argv[1:])
    return "make bench" if not given else f"python tests/bench/bench.py {shlex.join(given)}"


def _refuse(message: str) -> int:
    print(f"bench.py: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
