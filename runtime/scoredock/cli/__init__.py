"""The command line: one file a command. The only room that prints or exits."""

from __future__ import annotations

import sys
from typing import Any

import click

from scoredock import __version__
from scoredock.cli.check import check
from scoredock.cli.health import health
from scoredock.cli.serve import serve


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="scoredock")
def main() -> None:
    """scoredock serves a score.py: init() loads the model once, run() scores a request.

    \b
    Try a script without a server:  scoredock check --entry_script score.py --model_dir model
    Serve it:                       scoredock serve --entry_script score.py --model_dir model
    Ask whether it can score:       scoredock health
    Call it:                        curl --json '{"data": [[1, 2]]}' localhost:5001/score
    """


main.add_command(serve)
main.add_command(check)
main.add_command(health)


def azmlinfsrv() -> Any:
    """The command of azureml-inference-server-http: ``scoredock serve`` under its former name."""
    return serve.main(args=sys.argv[1:], prog_name="azmlinfsrv")
