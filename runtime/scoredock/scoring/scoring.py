"""Score one request: read its arguments, call run(), write its result. Runs in the scoring thread."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING, Any

from scoredock.engine.interrupts import Interrupted, checkpoint
from scoredock.entry.failures import script_traceback
from scoredock.entry.script import EntryScript, is_own_module
from scoredock.errors import EncodingError, RequestProblem
from scoredock.observe import context
from scoredock.observe.prints import capture_prints
from scoredock.payload import (
    SchemaReader,
    asks_for_binary,
    encode,
    has_named_columns,
    other_columns,
    query_text,
    query_values,
    schema_arguments,
    text_of,
    write,
)
from scoredock.payload.room import UNSHARED, Room
from scoredock.settings.proxies import Network
from scoredock.signature import Kind
from scoredock.web.answers import JSON_HEADER, SCRIPT_FAILED, SUCCEEDED, Answer, Header, message_answer, problem_answer
from scoredock.web.incoming import Incoming

if TYPE_CHECKING:
    from scoredock.engine import Batching
    from scoredock.scoring.raw import RawRequests

logger = logging.getLogger("scoredock.scoring")
_NO_CONTEXT: AbstractContextManager[None] = nullcontext()


class Scoring:
    """Scores requests with one script. Never raises for a fault of the client or of the script.

    ``max_body`` is the largest body that a request may have, in bytes, and ``room`` is for the values that bodies are
    read into. ``call`` is what ``run`` calls: the script's run(), until something else is put before it. ``batching``,
    where it is set, scores several at once. ``strict_columns`` refuses frames whose columns have other names than the
    schema's. ``proxies`` are those that raw scripts hear of TLS from; see ``RawRequests``.
    """

    def __init__(
        self,
        script: EntryScript,
        loop: asyncio.AbstractEventLoop,
        max_body: int,
        room: Room = UNSHARED,
        *,
        strict_columns: bool = False,
        proxies: Sequence[Network] = (),
    ) -> None:
        self._signature = script.signature
        self.call = script.signature.call
        self._own_folder = script.path.parent
        self._prints = capture_prints()
        self._prints.on_written = checkpoint
        self._loop = loop
        self._first = script.signature.arguments[0].name
        self._raw: RawRequests | None = None
        self._read: Callable[[Incoming, Any], dict[str, Any]] = self._read_text
        if script.signature.kind is Kind.SCHEMA:
            self._schema_reader = SchemaReader(script.signature.arguments, max_body, room)
            self._has_named_columns = has_named_columns(script.signature.arguments)
            self._strict_columns = strict_columns and self._has_named_columns
            self._read = self._read_schema
        elif script.signature.kind is Kind.RAW:
            self._read = self._read_raw
        self.batching: Batching[Incoming, Answer] | None = None
        self.uses_flask = script.signature.kind is Kind.RAW or _uses_flask(script)
        if self.uses_flask:
            from scoredock.scoring.raw import RawRequests

            self._raw = RawRequests(room, proxies)

    def __call__(self, incoming: Incoming) -> Answer:
        """The answer to a request."""
        context.request_id.set(incoming.ids.request_id)
        try:
            if self._raw is None:
                return self._scored(incoming, None)
            with self._raw.enter(incoming) as request:
                return self._scored(incoming, request)
        finally:
            if incoming.taken is not None:
                incoming.taken.release()

    def _scored(self, incoming: Incoming, request: Any) -> Answer:
        try:
            arguments = self.read(incoming, request)
        except RequestProblem as problem:
            return problem_answer(problem)
        try:
            result, elapsed_ms = self.run(arguments)
        except Interrupted:
            raise
        except BaseException as error:
            return self._failed(error, incoming, request, arguments)
        try:
            return self.answer(result, incoming, elapsed_ms)
        except Interrupted:
            raise
        except RequestProblem as problem:
            answer = problem_answer(problem)
            answer.headers.append(_took(elapsed_ms))
            return answer
        except EncodingError as error:
            logger.error("The result of run() cannot be sent: %s", error)
        except Exception as error:
            logger.error("Encoding the result of run() raised:\n%s", script_traceback(error))
        answer = message_answer(500, SCRIPT_FAILED, failed=True)
        answer.headers.append(_took(elapsed_ms))
        return answer

    def run(self, arguments: dict[str, Any], call: Callable[..., Any] | None = None) -> tuple[Any, float]:
        """Call run(), or ``call``. Returns its result, and the milliseconds that it took; raises what it raises."""
        started = time.perf_counter()
        try:
            result = (call or self.call)(**arguments)
        finally:
            if self._prints.unfinished:
                self._prints.flush()  # what stands there is this request's
        return result, (time.perf_counter() - started) * 1000

    def answer(self, result: Any, incoming: Incoming, elapsed_ms: float) -> Answer:
        """The answer that carries run()'s result and says how long it took. Raises EncodingError."""
        incoming.run_ms = elapsed_ms
        answer = self.write(result, incoming)
        answer.headers.append(_took(elapsed_ms))
        return answer

    def context(self, incoming: Incoming) -> AbstractContextManager[Any]:
        """What surrounds reading, calling and writing: Flask's request context, for a script that uses it.

        Gives the Flask request then, else nothing.
        """
        return self._raw.enter(incoming) if self._raw is not None else _NO_CONTEXT

    def read(self, incoming: Incoming, request: Any) -> dict[str, Any]:
        """run()'s arguments, as they were read before if they were. Raises RequestProblem."""
        if incoming.arguments is not None:
            return incoming.arguments
        arguments = self._read(incoming, request)
        if self._signature.wants_headers:
            arguments["request_headers"] = incoming.header_dict()
        return arguments

    def write(self, result: Any, incoming: Incoming) -> Answer:
        """The answer that carries run()'s result. Raises EncodingError, and RequestProblem (406)."""
        werkzeug = sys.modules.get("werkzeug.wrappers.response")
        has_part = self._raw is not None and not self._raw.is_plain(result)
        if has_part or (werkzeug is not None and isinstance(result, werkzeug.Response)):
            from scoredock.scoring.responses import response_answer

            response = self._raw.finish(result) if self._raw is not None else result
            return response_answer(response, incoming, self._loop)
        accept = incoming.by_name.get(b"accept")
        if accept is not None and asks_for_binary(accept) and self._signature.kind is Kind.SCHEMA:
            media_type, body = write(result, accept.decode("latin-1"))
            return Answer(200, [(b"content-type", media_type.encode()), SUCCEEDED], body)
        return Answer(200, [JSON_HEADER, SUCCEEDED], encode(result))

    def _read_text(self, incoming: Incoming, _: Any) -> dict[str, Any]:
        if incoming.method == "GET":
            return {self._first: query_text(incoming.query)}
        return {self._first: text_of(incoming.body)}

    def _read_schema(self, incoming: Incoming, _: Any) -> dict[str, Any]:
        if incoming.method == "GET":
            arguments = schema_arguments(query_values(incoming.query), self._signature.arguments)
        else:
            arguments = self._schema_reader.read(incoming.body, incoming.content_type, incoming)
        if self._strict_columns:
            problem = other_columns(arguments, self._signature.arguments, free=False)
            if problem is not None:
                raise problem
        return arguments

    def _read_raw(self, incoming: Incoming, request: Any) -> dict[str, Any]:
        return {self._first: request}

    def _failed(self, error: BaseException, incoming: Incoming, request: Any, arguments: dict[str, Any]) -> Answer:
        logger.error("run() raised:\n%s", script_traceback(error))
        status = chosen_status(error)
        if status is None:
            problem = self._other_columns(incoming, request, arguments) if isinstance(error, Exception) else None
            if problem is not None:
                logger.error("That is answered with 400, since the columns are not the schema's: %s", problem)
                return problem_answer(problem)
            return message_answer(500, SCRIPT_FAILED, failed=True)
        return message_answer(status, self._public_message(error, status), failed=status >= 500)

    def _other_columns(self, incoming: Incoming, request: Any, arguments: dict[str, Any]) -> RequestProblem | None:
        """What is wrong with the names of the columns that a client sent; None where nothing is.

        run() may have changed its frame before it raised, so that the request is read again.
        """
        declared = self._signature.arguments
        if self._signature.kind is not Kind.SCHEMA or not self._has_named_columns:
            return None
        with suppress(Exception):
            if other_columns(arguments, declared) is not None:
                return other_columns(self._read(incoming, request), declared)
        return None

    def _public_message(self, error: BaseException, status: int) -> str:
        """The words of an exception that chose its status, if they were meant for a client.

        A ``detail`` or ``description`` is (FastAPI's and Werkzeug's exceptions), and so is the text of an
        exception of the script's own. A library's text may tell more than a client should know. Werkzeug's own words
        for ``request.files["image"]`` leave out what was looked for.
        """
        with suppress(Exception):  # an exception's own code may be at fault, too
            werkzeug = sys.modules.get("werkzeug.exceptions")
            if werkzeug is not None and isinstance(error, werkzeug.BadRequestKeyError) and error.args:
                name = error.args[0]
                return (
                    f"The scoring script expects {name!r} among the request's fields, files or cookies; there is none."
                )
            for name in ("detail", "description"):
                text = getattr(error, name, None)
                if isinstance(text, str):
                    return text
            if is_own_module(sys.modules.get(type(error).__module__), self._own_folder):
                return str(error)
        return f"The scoring script answered with status {status}. Check the logs for more info."


def _uses_flask(script: EntryScript) -> bool:
    """Whether the script, or a module of its folder, has imported flask or flask.request.

    Such scripts were written for a server whose views run inside a request context.
    """
    flask = sys.modules.get("flask")
    if flask is None:
        return False
    wanted = {id(flask), id(flask.request)}
    modules = [one for one in list(sys.modules.values()) if is_own_module(one, script.path.parent)]
    return any(id(value) in wanted for one in [script.module, *modules] for value in vars(one).values())


def _took(elapsed_ms: float) -> Header:
    return (b"x-ms-run-fn-exec-ms", b"%.3f" % elapsed_ms)


def chosen_status(error: BaseException) -> int | None:
    """The HTTP status from 400 to 599 that an exception carries; None when it carries none."""
    try:
        status = getattr(error, "status_code", None)
    except Exception:  # a property that raises
        return None
    werkzeug = sys.modules.get("werkzeug.exceptions")
    if status is None and werkzeug is not None and isinstance(error, werkzeug.HTTPException):
        status = error.code
    if isinstance(status, int) and not isinstance(status, bool) and 400 <= status <= 599:
        return int(status)
    return None
