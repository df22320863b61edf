"""``scoredock serve``: serve a script until told to stop."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Any

import click

from scoredock.cli.setting_options import GroupedCommand, setting_options
from scoredock.errors import ExitCode, SettingError
from scoredock.observe.output import steady
from scoredock.settings import Settings, notes_on_sizes, resolve, wished_log_format

logger = logging.getLogger("scoredock")

_EPILOG = (
    "Every option is also a variable, in brackets, and a key of the config file; an option wins over a "
    "variable, a variable over the file. All other settings are variables and keys alone (docs/settings.md). "
    "Exit codes: 0 stopped, 1 port not free, 2 wrong usage, 3 the script "
    "or a setting is at fault (the last line says how), 4 workers keep dying."
)


@click.command(cls=GroupedCommand, epilog=_EPILOG)
@setting_options()
def serve(**flags: Any) -> None:
    """Serve an entry script over HTTP.

    \b
    scoredock serve --entry_script score.py --model_dir model --port 5001
    """
    log_format = wished_log_format(flags, os.environ, Path.cwd())
    try:
        settings, warnings = resolve(flags, os.environ, Path.cwd())
        from scoredock import compat
        from scoredock.access import open_access
        from scoredock.observe import logs, telemetry

        compat.install()  # a logging.json may name classes of the stand-ins
        telemetry_warnings = telemetry.settle(settings, os.environ)
        logging_file = logs.configure(
            settings.log_level, [settings.app_root, settings.script_folder], as_json=settings.log_format == "json"
        )
        access = open_access(settings)
    except SettingError as error:
        if log_format == "json":
            from scoredock.observe.json_lines import written_line

            click.echo(written_line("CRITICAL", "scoredock", str(error)))
        else:
            click.echo(f"Error: {error}")
        sys.exit(ExitCode.BOOT_FAILED)

    from scoredock.server.application import Application
    from scoredock.server.banner import banner, log_banner

    if logging_file is not None:
        logger.info("Logging is configured by %s", logging_file)
    for warning in [*warnings, *_short_worker_timeout(settings), *notes_on_sizes(settings), *telemetry_warnings]:
        logger.warning("%s", warning)
    environment = dict(os.environ)  # the server adds to it

    def announce(device: str) -> None:
        if settings.log_format == "json":
            log_banner(settings, device, environment)
        else:
            print(banner(settings, device, environment), file=steady(sys.stdout))  # none is no reason not to serve

    sys.exit(Application(settings, access, announce).run())


def _short_worker_timeout(settings: Settings) -> list[str]:
    """A warning where a deadline for requests was chosen that a worker may not live to see."""
    if not 0 < settings.worker_timeout_s * 1000 < settings.scoring_timeout_ms < 3_600_000:
        return []
    return [
        f"WORKER_TIMEOUT ({settings.worker_timeout_s} s) is shorter than SCORING_TIMEOUT_MS "
        f"({settings.scoring_timeout_ms} ms): native code that holds the interpreter lock loses its worker first."
    ]
