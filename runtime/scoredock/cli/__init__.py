"""The command line: one file a command. The only room that prints or exits."""

from __future__ import annotations

import sys
from typing import Any

import click

from scoredock import __version__
from scoredock.cli.lazy_group import LazyGroup

_COMMANDS = ("check", "serve", "health", "token", "model", "deploy", "service", "package")


@click.group(
    cls=LazyGroup,
    lazy={name: f"scoredock.cli.{name}" for name in _COMMANDS},
    extras=dict.fromkeys(("deploy", "model", "package", "service"), "deploy"),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, prog_name="scoredock")
def main() -> None:
    """scoredock serves a score.py: init() loads the model once, run() scores a request.

    \b
    Try a script without a server:  scoredock check --entry_script score.py --model_dir model
    Serve it:                       scoredock serve --entry_script score.py --model_dir model
    Ask whether it can score:       scoredock health
    Call it:                        curl --json '{"data": [[1, 2]]}' localhost:5001/score
    Keep a model under a name:      scoredock model register -n NAME -p PATH
    Run it all in a container:      scoredock deploy -n SERVICE -m NAME --ic inferenceconfig.json

    Each command tells more: scoredock COMMAND --help
    """


def azmlinfsrv() -> Any:
    """The command of azureml-inference-server-http: ``scoredock serve`` under its former name."""
    from scoredock.cli.serve import serve

    return serve.main(args=sys.argv[1:], prog_name="azmlinfsrv")
