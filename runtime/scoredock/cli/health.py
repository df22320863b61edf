"""``scoredock health``: whether a server on this machine can score. The HEALTHCHECK of the images."""

from __future__ import annotations

import http.client
import json
import os
import ssl
import sys
from pathlib import Path
from typing import Any

import click

from scoredock.cli.serve import serve
from scoredock.cli.setting_options import setting_options
from scoredock.errors import ExitCode, SettingError
from scoredock.settings import Settings, resolve

_TIMEOUT_S = 4.0
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what a server listens on, not this

_EPILOG = "Exit codes: 0 ready, 1 not ready or no server there, 2 wrong usage, 3 a setting is at fault."


@click.command(epilog=_EPILOG)
@setting_options(only=("host", "port", "health_port", "config_file"))
def health(**flags: Any) -> None:
    """Ask a server on this machine whether it can score. What answers is /readyz, on its health port if it has one.

    \b
    scoredock health --port 5001

    The options are those that the server was started with. Without them, host and ports are found as `scoredock serve`
    finds them, and in a container also in the options of its server.
    """
    try:
        settings, _ = resolve({**_flags_of_the_container(), **_given(flags)}, os.environ, Path.cwd())
    except SettingError as error:
        click.echo(f"Error: {error}")
        sys.exit(ExitCode.BOOT_FAILED)
    ready, said = _ask(settings)
    click.echo(said)
    sys.exit(ExitCode.OK if ready else ExitCode.NOT_READY)


def _ask(settings: Settings) -> tuple[bool, str]:
    host = _EVERY_ADDRESS.get(settings.host, settings.host)
    port = settings.health_listener_port or settings.port
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
    if settings.tls_certificate is not None and settings.health_listener_port is None:
        connection = http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_S, context=_any_certificate())
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        body = response.read(10_000)
    except (OSError, http.client.HTTPException) as error:
        return False, f"no answer from {host}:{port}/readyz: {error or type(error).__name__}"
    finally:
        connection.close()
    try:
        content = json.loads(body)
        said = content.get("message") or content["status"]
    except (ValueError, LookupError, AttributeError):
        hint = ". Does it speak HTTPS? Set SCOREDOCK_TLS_CERTIFICATE here too, as its server has it"
        text = f"{host}:{port}/readyz answered {response.status}, but not as scoredock does"
        return False, text + (hint if b"HTTPS" in body else "")
    return response.status == 200, str(said)


def _any_certificate() -> ssl.SSLContext:
    """TLS that believes every certificate.

    It is asked whether the server on this machine's own address can score; nobody stands between, nothing secret is
    sent, and its certificate is made out to the name that clients use, not to this address.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in flags.items() if value is not None}


def _flags_of_the_container(command_line: Path = Path("/proc/1/cmdline")) -> dict[str, Any]:
    """The options of ``scoredock serve`` where that is what this container runs; none elsewhere."""
    try:
        words = command_line.read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return {}
    commands = [number for number, word in enumerate(words) if Path(word).name in ("scoredock", "azmlinfsrv")]
    if not commands:
        return {}
    options = words[commands[0] + 1 :]
    if Path(words[commands[0]]).name == "scoredock":
        if options[:1] != ["serve"]:
            return {}
        options = options[1:]
    try:
        return _given(serve.make_context("serve", options, resilient_parsing=True).params)
    except click.ClickException:
        return {}
