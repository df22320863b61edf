"""Run what a page shows: entry scripts and their requests in process, commands as real processes."""

from __future__ import annotations

import os
import re
import shlex
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest

from docs.pages import Block, Scenario
from servers import TRUSTS_NOBODY, InProcess, Server, free_port, wait_until

BIN = Path(sys.executable).parent
SHOWN_FOLDER = "/home/ada/service"
SHOWN_PORT, SHOWN_HEALTH_PORT = 5001, 5000
PATIENCE_S = 30.0

# What differs from run to run, and what stands for it.
_VOLATILE = (
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}", "TIME"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"),
    (r" ([A-Z]) \[\d+\] ", r" \1 [PID] "),
    (r"(?i)\bworker \d+", "worker PID"),
    (r"\b\d+\.\d+ ?(ms|s)\b", "DURATION"),
    (r"(could not be interrupted )\d+ ms", r"\1DURATION"),
    (r'("elapsed_s":)\d+(\.\d+)?', r"\1SECONDS"),
    (r"(x-ms-run-fn-exec-ms: )\d+\.\d+", r"\1DURATION"),
    (r"\b(scoredock[ /]|scoredock, version )\d+\.\d+\.\d+\w*", r"\1VERSION"),
)


@dataclass(frozen=True)
class Command:
    """A shell command as a page shows it: variables in front, words, and the lines that it prints."""

    text: str
    shown: list[str]

    @property
    def variables(self) -> dict[str, str]:
        """``NAME=value`` before the command's first word."""
        return dict(word.split("=", 1) for word in self._split()[0])

    @property
    def words(self) -> list[str]:
        """The command without its variables."""
        return self._split()[1]

    def _split(self) -> tuple[list[str], list[str]]:
        words = shlex.split(self.text)
        first = next((i for i, word in enumerate(words) if not re.match(r"[A-Z_]+=", word)), len(words))
        return words[:first], words[first:]


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block; a backslash at a line's end goes on in the next line."""
    for part in re.split(r"^\$ ", block.text.replace("\\\n", ""), flags=re.MULTILINE)[1:]:
        first, *shown = part.splitlines()
        yield Command(first, shown)


def differs(shown: list[str], actual: list[str], *, whole: bool = True) -> str | None:
    """None when ``actual`` is what is ``shown``, or begins with it if it need not be the ``whole``; else both."""
    parts = [r"(?:.*\n)*?" if line == "..." else _pattern(line).pattern + r"\n" for line in shown]
    pattern = "".join(parts) + ("" if whole else r"(?:.*\n)*")
    text = "".join(f"{line}\n" for line in actual)
    return None if re.fullmatch(pattern, text) else _both(shown, actual)


def _pattern(line: str) -> re.Pattern[str]:
    return re.compile(re.escape(line).replace("…", ".*"))


def _both(shown: list[str], actual: list[str]) -> str:
    return "the page shows\n  " + "\n  ".join(shown) + "\nbut it is\n  " + "\n  ".join(actual)


@dataclass
class Stage:
    """A folder in which one scenario is played. ``failures`` says what was not as it is shown."""

    folder: Path
    scenario: Scenario
    failures: list[str] = field(default_factory=list)
    _service: InProcess | None = None
    _server: Server | None = None
    _exit_code: int = 0
    _ran_script: bool = False

    def play(self) -> None:
        """Write the files and do all steps."""
        for name, text in self.scenario.files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for step in self.scenario.steps:
            if step.language == "log":
                self._look_into_log(step)
                continue
            for command in commands(step):
                self._do(command)
        if self.scenario.script is not None and not self._ran_script:
            self._start_in_process()

    def close(self) -> None:
        """End what was started."""
        self._end_server()
        if self._service is not None:
            self._service.close()

    def _do(self, command: Command) -> None:
        name, *arguments = command.words
        self._ran_script |= name in ("scoredock", "azmlinfsrv")
        if command.words == ["echo", "$?"]:
            if self._server is not None:
                self._exit_code = self._server.process.wait(PATIENCE_S)
            self._compare(command, [str(self._exit_code)])
        elif name == "curl":
            self._curl(Command(re.sub(r"\$\(([^()]*)\)", self._output_of, command.text), command.shown))
        elif arguments[:1] == ["serve"] or name == "azmlinfsrv":
            self._serve(command)
        else:
            done = subprocess.run(
                ["sh", "-c", command.text],
                cwd=self.folder, env=self._environment({}), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
            self._exit_code = done.returncode
            self._compare(command, done.stdout.splitlines())

    def _output_of(self, substitution: re.Match[str]) -> str:
        """What the command in ``$(...)`` prints."""
        done = subprocess.run(
            ["sh", "-c", substitution[1]],
            cwd=self.folder, env=self._environment({}), stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        return done.stdout.strip()

    # -- servers ------------------------------------------------------------------------------------------

    def _start_in_process(self) -> None:
        flags = {"entry_script": str(self.folder / str(self.scenario.script))}
        if (self.folder / "model").is_dir():
            flags["model_dir"] = os.environ["AZUREML_MODEL_DIR"] = str(self.folder / "model")
        self._service = InProcess(flags, {}, self.folder)
        self._ran_script = True

    def _serve(self, command: Command) -> None:
        """Start a server; wait until it is ready or has ended, and has written what is shown."""
        self._end_server()
        port, health_port = free_port(), free_port()
        flags = ["--host", "127.0.0.1", "--port", str(port)]
        words = [re.sub(rf"^{SHOWN_HEALTH_PORT}$", str(health_port), word) for word in command.words]
        output_file = self.folder.parent / "server.log"
        with output_file.open("wb") as output:
            process = subprocess.Popen(
                [str(BIN / words[0]), *words[1:], *flags],
                cwd=self.folder,
                env=self._environment({"HEALTH_PORT": str(health_port), **command.variables}),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        server = self._server = Server(process, f"http://127.0.0.1:{port}", output_file, port, health_port)

        def is_ready() -> bool:
            if "SCOREDOCK_TLS_CERTIFICATE" not in command.variables:
                return server.is_ready()
            return "is ready after" in server.output

        def as_shown() -> bool:
            ended = process.poll() is not None
            shown = differs(self._normal(command.shown), self._log(), whole=ended) is None
            return ended or (shown and (bool(command.shown) or is_ready()))

        if not _comes_true(as_shown) or process.poll() is not None:
            self._compare(command, server.output.splitlines())

    def _end_server(self) -> None:
        if self._server is not None and self._server.process.poll() is None:
            self._server.process.send_signal(signal.SIGINT)
            try:
                self._server.process.wait(10)
            except subprocess.TimeoutExpired:
                self._server.process.kill()
                self._server.process.wait()

    def _log(self) -> list[str]:
        assert self._server is not None, f"{self.scenario.name}: a log without a `scoredock serve` before it"
        return self._normal(self._server.output.splitlines())

    def _look_into_log(self, block: Block) -> None:
        wanted = self._normal([line for line in block.text.splitlines() if line != "..."])

        def all_there() -> bool:
            lines = iter(self._log())
            return all(any(_pattern(line).fullmatch(found) for found in lines) for line in wanted)

        if not _comes_true(all_there):
            self.failures.append(_both(wanted, self._log()))

    # -- requests -----------------------------------------------------------------------------------------

    def _curl(self, command: Command) -> None:
        request = curl_request(command.words[1:], self.folder)
        show_head = request.pop("show_head")

        def printed() -> list[str]:
            try:
                response = self._send(**request)
            except httpx.RemoteProtocolError:
                return ["curl: (52) Empty reply from server"]
            head = self._head(response, command.shown) if show_head else []
            return [*head, *response.text.splitlines()]

        lines: list[str] = []

        def settled() -> bool:
            """Whether it is as shown, or not because the server has yet to come out of some phase."""
            lines[:] = printed()
            in_phase = any('"phase":' in line for line in lines)
            return not in_phase or differs(self._normal(command.shown), self._normal(lines)) is None

        _comes_true(settled)
        self._compare(command, lines)

    def _send(self, method: str, port: int, path: str, scheme: str, ca: str | None, **more: Any) -> httpx.Response:
        if self._server is None:
            if self._service is None:
                self._start_in_process()
            return self._service.request(method, path, **more)
        own_port = {SHOWN_PORT: self._server.port, SHOWN_HEALTH_PORT: self._server.health_port}[port]
        trusted = ssl.create_default_context(cafile=self.folder / ca) if ca else TRUSTS_NOBODY
        return httpx.request(method, f"{scheme}://127.0.0.1:{own_port}{path}", timeout=30, verify=trusted, **more)

    @staticmethod
    def _head(response: httpx.Response, shown: list[str]) -> list[str]:
        """The status line, and those headers that the page shows too."""
        names = [line.partition(":")[0] for line in shown[1 : shown.index("")]]
        headers = [f"{name}: {value}" for name in dict.fromkeys(names) for value in response.headers.get_list(name)]
        status = response.status_code
        return [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *headers, ""]

    # -- comparing ----------------------------------------------------------------------------------------

    def _compare(self, command: Command, actual: list[str]) -> None:
        difference = differs(self._normal(command.shown), self._normal(actual))
        if difference is not None:
            self.failures.append(f"$ {command.text}\n{difference}")

    def _normal(self, lines: list[str]) -> list[str]:
        """The lines with what is volatile replaced, and with folder and ports as the pages show them."""
        text = "\n".join(lines).replace(str(self.folder.resolve()), SHOWN_FOLDER)
        if self._server is not None:
            text = text.replace(f"127.0.0.1:{self._server.port}", f"0.0.0.0:{SHOWN_PORT}")
            text = text.replace(f"127.0.0.1:{self._server.health_port}", f"0.0.0.0:{SHOWN_HEALTH_PORT}")
            text = re.sub(rf"\b{self._server.port}\b", str(SHOWN_PORT), text)
        for pattern, name in _VOLATILE:
            text = re.sub(pattern, name, text)
        return [line.rstrip() for line in text.splitlines()]

    @staticmethod
    def _environment(more: Mapping[str, str]) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(("AZUREML", "AML_"))}
        own |= {"SCOREDOCK_WORKSPACE": ".scoredock", "PYTHONUNBUFFERED": "1", "COLUMNS": "80"}
        return {**own, "PATH": f"{BIN}:{own['PATH']}", **more}


def curl_request(words: list[str], folder: Path) -> dict[str, Any]:
    """What httpx sends for curl's arguments, as far as the pages use them; ``show_head`` is curl's ``-i``."""
    method, url, headers, content, form, ca = None, "", {}, None, {}, None
    show_head = False
    rest = iter(words)
    for word in rest:
        if word == "-i":
            show_head = True
        elif word in ("-s", "-N"):
            pass
        elif word == "--cacert":
            ca = next(rest)
        elif word == "-X":
            method = next(rest)
        elif word == "-H":
            name, _, value = next(rest).partition(":")
            headers[name.lower()] = value.strip()
        elif word in ("-d", "--data-binary", "--json"):
            given = next(rest)
            content = (folder / given[1:]).read_bytes() if given.startswith("@") else given.encode()
            kind = "application/json" if word == "--json" else "application/x-www-form-urlencoded"
            headers.setdefault("content-type", kind)
        elif word == "-F":
            name, _, value = next(rest).partition("=")
            is_file = value.startswith("@")
            form[name] = (value[1:], (folder / value[1:]).read_bytes()) if is_file else (None, value.encode())
        else:
            assert not word.startswith("-"), f"curl's {word} is not known here"
            url = word
    found = re.fullmatch(r"(?:(https?)://)?localhost:(\d+)(/.*)?", url)
    assert found is not None, f"curl: expected a URL of localhost, got {url!r}"
    has_body = content is not None or form
    request = {
        "method": method or ("POST" if has_body else "GET"),
        "scheme": found[1] or "http",
        "ca": ca,
        "port": int(found[2]),
        "path": found[3] or "/",
        "headers": headers,
        "show_head": show_head,
    }
    return request | ({"files": form} if form else {"content": content})


def _comes_true(condition: Callable[[], bool]) -> bool:
    """Whether it does within PATIENCE_S."""
    try:
        return bool(wait_until(condition, PATIENCE_S))
    except pytest.fail.Exception:
        return False
