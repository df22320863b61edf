"""``scoredock check``: try a script without a server, and show what a caller would see."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from scoredock.cli.deploy import deployment_option, local_option, models_option, online_option, strict_option
from scoredock.cli.inference_options import inference_options
from scoredock.cli.setting_options import OptionsCommand, setting_options
from scoredock.entry import EntryScript
from scoredock.entry.failures import script_traceback
from scoredock.errors import BootError, DeployError, EncodingError, ExitCode, RequestProblem, SettingError
from scoredock.settings import Settings, Sizes, resolve
from scoredock.signature import EMPTY, Argument, Kind

if TYPE_CHECKING:
    from scoredock.server.boot import Booted
    from scoredock.web.incoming import Incoming

_PHASES = {
    "import": ExitCode.CHECK_IMPORT,
    "contract": ExitCode.CHECK_CONTRACT,
    "init": ExitCode.CHECK_INIT,
}
_SHOWN = 400

_EPILOG = (
    "Exit codes: 0 all is well, 2 wrong usage, 3 a setting is at fault, 10 import, 11 contract of init() and "
    "run(), 12 init(), 13 the request does not fit, 14 run() raised, 15 its result cannot be sent."
)


@click.command(cls=OptionsCommand, epilog=_EPILOG)
@setting_options(only=("entry_script", "model_dir", "config_file"))
@inference_options(script=False)
@deployment_option
@online_option
@models_option
@local_option
@strict_option
@click.option(
    "--request",
    "request_file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File whose content is the request's body. Default: the sample of the script's own schema.",
)
@click.option(
    "--content-type",
    metavar="TYPE",
    help="The request's Content-Type. Default: application/json; for a raw script application/octet-stream, unless "
    "the file's name ends with .json.",
)
def check(
    request_file: Path | None,
    content_type: str | None,
    ic: Path | None,
    given: dict[str, Any],
    dc: Path | None,
    file: tuple[Path, ...],
    model: tuple[str, ...],
    local: bool,
    strict: bool,
    **flags: Any,
) -> None:
    """Import a script, call init(), score one request, and show what a caller would see.

    With --ic or -f, what a deployment would put into its container is tried, and nothing else of this machine's files;
    with the packages of this Python. Nothing is deployed.

    \b
    scoredock check --entry_script score.py --model_dir model --request request.json
    scoredock check --ic inferenceconfig.json --dc deploymentconfig.json -m sentiment:1
    scoredock check -f deployment.yml --request request.json
    scoredock check --entry_script score.py --request photo.png --content-type image/png
    """
    if content_type is not None and request_file is None:
        raise click.UsageError("--content-type says what the file of --request FILE holds: give that too.")
    if ic is not None or file:
        if ic is not None and file:
            raise click.UsageError("Give an inference configuration (--ic FILE) or a deployment (-f FILE), not both.")
        if file and (dc or flags.get("entry_script")):
            raise click.UsageError("-f has script and service: leave out --dc and --entry_script.")
        if flags.get("entry_script"):
            given = {**given, "entry_script": flags.pop("entry_script")}
        paths = {name: path and Path(path).absolute() for name, path in {**flags, "request": request_file}.items()}
        own = {**paths, "content-type": content_type}
        arguments = [f"--{name}={value}" for name, value in own.items() if value is not None]
        sys.exit(_check_files(ic, dc, file, model, given, arguments, strict, local))
    if dc or given or model or local or strict:
        raise click.UsageError(
            "--dc, --sd, --image-python, -m, --local and --strict belong to --ic FILE or -f FILE: give one of these."
        )
    from scoredock import compat
    from scoredock.observe import logs
    from scoredock.server.boot import export_environment

    compat.install()  # a logging.json may name classes of the stand-ins

    try:
        settings, warnings = resolve(flags, os.environ, Path.cwd())
        logs.configure(settings.log_level, [settings.app_root, settings.script_folder])
    except SettingError as error:
        _fail("settings", str(error), ExitCode.BOOT_FAILED)
    for warning in warnings:
        _line("warning", warning)
    export_environment(settings)
    with _own_event_loop() as loop:
        booted = _boot(settings)
        _show_arguments(booted)
        _score(booted.script, settings, loop, request_file, content_type)


def _boot(settings: Settings) -> Booted:
    from scoredock.accelerators.choice import choose
    from scoredock.server.boot import boot

    terminal = sys.stdout
    with _timed() as elapsed:
        try:
            choose(settings.accelerator)
            booted = boot(settings, lambda phase: None)
        except BootError as error:
            sys.stdout = terminal
            _fail(error.phase, str(error), _PHASES.get(error.phase, ExitCode.BOOT_FAILED))
    sys.stdout.flush()
    _line("script", f"{booted.script.path}, imported and initialised in {elapsed[0]:.2f} s")
    return booted


def _check_files(*arguments: Any) -> int:
    from scoredock.cli.check_files import check_files

    *of_the_files, strict, local = arguments
    try:
        return check_files(*of_the_files, strict=strict, local=local)
    except DeployError as error:
        _fail("files", str(error), ExitCode.BOOT_FAILED)


def _show_arguments(booted: Booted) -> None:
    from scoredock.payload.words import describe, nested
    from scoredock.server.boot import describe as describe_script

    _line("run()", describe_script(booted))
    script = booted.script
    if script.signature.kind is Kind.SCHEMA:

        def show(path: str, type_: Any, more: str = "") -> None:
            _line("", f"{path}: {describe(type_)}{more}")
            for inner_path, inner in nested(type_, path).items():
                show(inner_path, inner)

        for argument in script.signature.arguments:
            show(argument.name, argument.type, _default_text(argument))


def _default_text(argument: Argument) -> str:
    return "" if argument.default is EMPTY else f", or nothing for {argument.default!r}"


def _score(
    script: EntryScript,
    settings: Settings,
    loop: asyncio.AbstractEventLoop,
    request_file: Path | None,
    content_type: str | None,
) -> None:
    from scoredock.schema import build_documents
    from scoredock.scoring.scoring import Scoring

    try:
        documents = build_documents(script.signature, settings)
    except BootError as error:
        _fail(error.phase, str(error), ExitCode.BOOT_FAILED)
    incoming, source = _request(script, request_file, content_type)
    if incoming is None:
        _line("request", "none was scored: the script has no schema with samples. Give one with --request FILE.")
    else:
        _line("request", f"{source}: {_short(incoming.body.decode('utf-8', 'replace').strip())}")
        max_body = Sizes.of(settings).body
        _score_one(Scoring(script, loop, max_body, strict_columns=settings.strict_columns), incoming)
    versions = [version for version in ("2", "3", "3.1") if documents.find(version)]
    _line("swagger", f"versions {', '.join(versions)}")
    _line("ok", "the script can be served")


def _score_one(scoring: Any, incoming: Any) -> None:
    with scoring.context(incoming) as request:
        try:
            arguments = scoring.read(incoming, request)
        except RequestProblem as problem:
            _fail("request", f"{problem.status} {problem}", ExitCode.CHECK_REQUEST)
        for name, value in arguments.items():
            _line("", f"{name} = {_value_text(value)}")
        with _timed() as elapsed:
            try:
                result = scoring.call(**arguments)
            except BaseException as error:
                click.echo(script_traceback(error), file=sys.__stdout__)
                _fail("run", f"run() raised {type(error).__name__}: {error}", ExitCode.CHECK_RUN)
        sys.stdout.flush()
        _line("result", f"{_value_text(result)} in {elapsed[0] * 1000:.1f} ms")
        try:
            answer = scoring.write(result, incoming)
        except EncodingError as error:
            _fail("encode", str(error), ExitCode.CHECK_ENCODE)
    if isinstance(result, str) and _is_json(result):
        _line("hint", "the result is JSON already, and goes out as a string of it. Return the value, not json.dumps().")
    body = "a streamed body" if answer.follow_up else _short(answer.body.decode("utf-8", "replace"))
    _line("answer", f"{answer.status} {body}")


def _is_json(text: str) -> bool:
    """Whether a text is an object or an array of JSON."""
    try:
        return isinstance(json.loads(text), (dict, list))
    except (ValueError, RecursionError):
        return False


def _request(script: EntryScript, request_file: Path | None, content_type: str | None) -> tuple[Incoming | None, str]:
    """The request to score, and where its body is from."""
    from scoredock.scoring.warm_up import sample_request
    from scoredock.web.incoming import Incoming

    if request_file is None:
        return sample_request(script.signature), "the schema's own sample"
    body = request_file.read_bytes()
    is_binary = script.signature.kind is Kind.RAW and request_file.suffix != ".json"
    content_type = content_type or ("application/octet-stream" if is_binary else "application/json")
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
    return Incoming("POST", "/score", b"", headers, dict(headers), body), str(request_file)


def _value_text(value: Any) -> str:
    """A value's type, its shape where it has one, and what it holds where that is short."""
    name = type(value).__name__
    shape = getattr(value, "shape", None)
    if shape is not None:
        dtype = getattr(value, "dtype", None)
        return f"{name} of shape {tuple(shape)}{f', {dtype}' if dtype is not None else ''}"
    return f"{name} {_short(repr(value))}"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"


@contextmanager
def _own_event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop for what the script awaits, as a scoring thread has one."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield loop
    finally:
        asyncio.set_event_loop(None)
        loop.close()


@contextmanager
def _timed() -> Iterator[list[float]]:
    """Seconds of the with block, in a list that has its one item afterwards."""
    elapsed: list[float] = []
    started = time.perf_counter()
    yield elapsed
    elapsed.append(time.perf_counter() - started)


def _line(label: str, text: str) -> None:
    click.echo(f"{label:<9}{text}", file=sys.__stdout__)


def _fail(label: str, text: str, code: ExitCode) -> NoReturn:
    _line("FAILED", f"{label}: {text}")
    sys.exit(code)
