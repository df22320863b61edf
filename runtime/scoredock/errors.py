"""Every error that scoredock raises on purpose, as one tree.

::

    ScoredockError
    ├── SettingError          a setting has a value that it cannot have
    ├── BootError             the server cannot start: names the phase and the cause
    ├── RequestProblem        the client's request is at fault; carries its HTTP status
    │   ├── RefusedValue      a schema type refuses a value; names where, what was expected, what came
    │   └── Unauthorised      401: no key or token that lets the request in
    ├── Unavailable           the server cannot score this request now; carries its HTTP status
    │   ├── QueueFull         429: too many requests wait, or this one waited too long
    │   └── NotReady          503: starting, shutting down, or out of scoring threads
    ├── DeadlineExceeded      run() took longer than SCORING_TIMEOUT_MS
    ├── AcceleratorUnusable   CUDA or TensorRT cannot be used: says what is missing
    ├── Abandoned             the client left before its request was scored
    ├── EncodingError         run() returned something that no encoder knows; names the path inside it
    ├── Unwritable            run() returned something that a binary format cannot carry; says why
    └── DeployError           a step of the deployment workflow cannot be done: says what to do next
        ├── ConfigError       a file or value of a deployment's configuration is wrong: all its problems
        ├── NotFound          no record, version or file of that name; names the nearest ones
        ├── Refused           what was asked for cannot be: a bad name, a path, a model that is still in use
        ├── Busy              another process holds the lock; says which one, and since when
        ├── Damaged           files of a workspace are missing, changed or unreadable; names them
        ├── Unreachable       a workspace's storage does not answer, or refuses
        ├── EngineUnavailable no Docker engine answers
        ├── BuildFailed       an image cannot be built: the failing step, its last lines, a hint
        └── ServiceFailed     a service is not healthy: its state and the cause

An error's text is for the person who reads it: what was expected, what came, where, and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

__all__ = [
    "Abandoned",
    "AcceleratorUnusable",
    "BootError",
    "BuildFailed",
    "Busy",
    "ConfigError",
    "Damaged",
    "DeadlineExceeded",
    "DeployError",
    "EncodingError",
    "EngineUnavailable",
    "ExitCode",
    "NotFound",
    "NotReady",
    "Problem",
    "QueueFull",
    "Refused",
    "RefusedValue",
    "RequestProblem",
    "ScoredockError",
    "ServiceFailed",
    "SettingError",
    "Unauthorised",
    "Unavailable",
    "Unreachable",
    "Unwritable",
]


class ExitCode(IntEnum):
    """Exit codes of the commands; documented in docs/errors.md. 1 means something else in each command."""

    OK = 0
    CANNOT_LISTEN = 1
    NOT_READY = 1
    REFUSED = 1
    USAGE = 2
    BOOT_FAILED = 3
    WORKERS_KEEP_DYING = 4
    CHECK_IMPORT = 10
    CHECK_CONTRACT = 11
    CHECK_INIT = 12
    CHECK_REQUEST = 13
    CHECK_RUN = 14
    CHECK_ENCODE = 15


class ScoredockError(Exception):
    """The root of the tree."""


class SettingError(ScoredockError):
    """A setting has a value that it cannot have, or a file of settings cannot be read."""


class BootError(ScoredockError):
    """The server cannot start.

    ``phase`` is one of ``settings``, ``accelerator``, ``import``, ``contract``, ``init``, ``swagger``, ``preload``;
    ``str(error)`` is one line that a person can act on.
    """

    def __init__(self, phase: str, message: str) -> None:
        super().__init__(" ".join(message.split()))
        self.phase = phase


class RequestProblem(ScoredockError):
    """The client's request is at fault: ``status`` (4xx) and a message that goes to the client."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class RefusedValue(RequestProblem):
    """A schema type refuses a value of the request body.

    ``path`` says where (``Inputs.input2[3]``), ``expected`` and ``got`` what, in JSON's words.
    """

    def __init__(self, path: str, expected: str, got: str) -> None:
        super().__init__(400, f"{path}: expected {expected}, got {got}")
        self.path = path
        self.expected = expected
        self.got = got


class Unauthorised(RequestProblem):
    """The request has no key or token that lets it in; its text goes to the client and is the same for every cause.

    ``challenge`` is the answer's WWW-Authenticate header; ``reason`` is for the log alone, empty where there is none.
    """

    def __init__(self, message: str, challenge: str = "Bearer", reason: str = "") -> None:
        super().__init__(401, message)
        self.challenge = challenge
        self.reason = reason


class Unavailable(ScoredockError):
    """The server cannot score this request now; the client may retry after ``retry_after_s`` seconds."""

    status = 503

    def __init__(self, message: str, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class QueueFull(Unavailable):
    """Too many requests wait for scoring, or this one has waited too long."""

    status = 429


class NotReady(Unavailable):
    """The server is starting, shutting down, or has no scoring thread left."""


class DeadlineExceeded(ScoredockError):
    """run() took longer than ``timeout_ms`` milliseconds."""

    def __init__(self, timeout_ms: int) -> None:
        super().__init__(f"Scoring timeout after {timeout_ms} ms")
        self.timeout_ms = timeout_ms


class AcceleratorUnusable(ScoredockError):
    """CUDA or TensorRT cannot be used here; the text says what is missing and what to do."""


class Abandoned(ScoredockError):
    """The client left before its request was scored."""


class EncodingError(ScoredockError):
    """The result of run() holds something that no encoder knows."""


class Unwritable(ScoredockError):
    """The result of run() is nothing that a binary format can carry."""


class DeployError(ScoredockError):
    """A step of the deployment workflow cannot be done; the text says what to do next."""

    @property
    def message(self) -> str:
        """The text, by the name that exceptions of Azure's SDK have for it."""
        return str(self)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a configuration.

    ``text`` says what was expected and what came; ``file``, ``line`` (from 1) and ``key`` say where, as far as that is
    known. For values that were given in Python, ``file`` is what they were given to.
    """

    text: str
    file: str | None = None
    line: int | None = None
    key: str | None = None

    def __str__(self) -> str:
        where = ", ".join(part for part in (self.file, self.line and f"line {self.line}", self.key) if part)
        return f"{where}: {self.text}" if where else self.text


class ConfigError(DeployError):
    """A file or value of a deployment's configuration is wrong; ``problems`` has everything that was found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        lines = [str(problem) for problem in problems]
        super().__init__(lines[0] if len(lines) == 1 else "\n- ".join([f"{len(lines)} problems:", *lines]))


class NotFound(DeployError):
    """No record, version or file of that name; the text names the nearest ones."""


class Refused(DeployError):
    """What was asked for cannot be: a bad name or path, a property set before, a model that is still in use."""


class Busy(DeployError):
    """Another process holds a lock.

    ``holder`` tells which one in words (``process 12 of host a``), ``since`` when it took the lock (ISO 8601, UTC), or
    None where that is unknown.
    """

    def __init__(self, what: str, holder: str, since: str | None) -> None:
        began = f" since {since}" if since else ""
        super().__init__(f"{what} is in use by {holder}{began}. Wait until it ends, or end that process.")
        self.holder = holder
        self.since = since


class Damaged(DeployError):
    """Files of a workspace are missing, changed or unreadable; the text names them."""


class Unreachable(DeployError):
    """A workspace's storage does not answer, or refuses: network, credentials, permissions, space."""


class EngineUnavailable(DeployError):
    """No Docker engine answers."""


class BuildFailed(DeployError):
    """An image cannot be built; the text has the failing step, its last lines and what to try."""


class ServiceFailed(DeployError):
    """A service is not healthy; the text has its state, the cause, and what to do."""
