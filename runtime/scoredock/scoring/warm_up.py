"""Score the sample of a script's own schema, before the first client does.

The whole way is gone that a request goes: what a library does only at its first use is done then. Where requests may
be scored together, the sample shows whether results can be divided.
"""

from __future__ import annotations

import inspect
import json
import logging
import time
import traceback
from collections.abc import Callable

from scoredock.entry import EntryScript
from scoredock.entry.failures import script_traceback
from scoredock.entry.script import is_own_file
from scoredock.errors import ScoredockError
from scoredock.observe import context
from scoredock.schema import schemas_of
from scoredock.scoring.batches import Batches
from scoredock.scoring.scoring import Scoring
from scoredock.signature import EMPTY, Kind, Signature
from scoredock.web.incoming import Incoming

PHASE = "warm-up"
_MAX_CAUSE = 300

_READ, _CALL, _WRITE = "the schema's sample was refused", "run() raised", "the result of run() cannot be sent"
_PROVE = "run() raised for one to three rows, which shows whether requests can be scored together"

logger = logging.getLogger("scoredock.scoring")


def sample_request(signature: Signature) -> Incoming | None:
    """A request with the samples of run()'s schema; None without a schema, or where a required value has none."""
    if signature.kind is not Kind.SCHEMA:
        return None
    schema, _ = schemas_of(signature)
    properties = schema.get("properties", {})  # a parameter without a decorator has an empty one, and no sample
    sampled = [one.name for one in signature.arguments if properties.get(one.name)]
    if not sampled or any(one.default is EMPTY and one.name not in sampled for one in signature.arguments):
        return None
    body = json.dumps({name: schema["example"][name] for name in sampled}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    return Incoming("POST", "/score", b"", headers, dict(headers), body)


def warm_up(
    script: EntryScript, scoring: Scoring, batches: Batches | None, report: Callable[[str], None]
) -> float | None:
    """Score the sample of the script's schema; call it in the scoring thread. Never raises.

    ``batches``, where requests may be scored together, learns from it whether they can be. ``report`` is told the phase
    when there is something to do. Returns how long it took, in seconds, and None when there was nothing to do. What
    fails is one warning. A streamed body is not produced: nobody reads it.
    """
    started = time.perf_counter()
    step = _READ
    failure: BaseException | None = None
    token = context.request_id.set(PHASE)  # marks what run() prints
    try:
        incoming = sample_request(script.signature)
        if incoming is None:
            return None
        report(PHASE)
        with scoring.context(incoming) as request:
            arguments = scoring.read(incoming, request)
            step = _CALL
            result, _ = scoring.run(arguments)
            step = _WRITE
            scoring.write(result, incoming)
            if batches is not None:
                step = _PROVE
                batches.prove(scoring.read(incoming, request))
    except BaseException as error:  # SystemExit too: a request would not end the worker either
        failure = error
    finally:
        context.request_id.reset(token)
    if failure is not None:
        logger.warning(
            "Warm-up: %s: %s, at %s. The worker serves all the same. SCOREDOCK_WARMUP=false switches the warm-up off.",
            step,
            _cause(failure),
            _place(failure, script),
        )
        logger.debug("The warm-up failed so:\n%s", script_traceback(failure))
    return time.perf_counter() - started


def _cause(error: BaseException) -> str:
    """The error in one line; its type too, unless it is one of ours, whose text says all."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = "its text cannot be shown"
    if not isinstance(error, ScoredockError):
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return text if len(text) <= _MAX_CAUSE else f"{text[:_MAX_CAUSE]}…"


def _place(error: BaseException, script: EntryScript) -> str:
    """File and line: the last one of the script's own that the error came through, else where run() is defined."""
    found = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        if is_own_file(frame.f_code.co_filename, script.path.parent):
            found = f"{frame.f_code.co_filename}:{line}"
    if found:
        return found
    code = getattr(inspect.unwrap(script.signature.call), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else str(script.path)
