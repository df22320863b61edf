"""Several requests scored by one call of run(): their arrays or frames joined, its result divided among them.

For scripts whose run() gives one result a row. That a row's result does not depend on the other rows is the
promise of whoever switches batching on; everything else is checked.

That a joint result has as many items as there are rows does not show that it has one a row: ``[labels, scores]`` is
such a result for any two rows, and divided it would give the labels of both to one client. So nothing is joined until
run() has returned as many items as rows for PROOF different numbers of them, each scored by itself: no result of a
fixed length does that, and none that is another thing for one row. The warm-up sees to it with the schema's sample.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Hashable, Sequence
from typing import Any

from scoredock.observe import context
from scoredock.scoring.scoring import Scoring
from scoredock.signature import Kind, Signature
from scoredock.web.answers import Answer
from scoredock.web.incoming import Incoming

MAX_MISFITS = 3  # results in a row that could not be divided, before batching is given up
PROOF = 3  # different numbers of rows that run() has to have returned as many items for, before any are joined

logger = logging.getLogger("scoredock.scoring")


class Batches:
    """The ``Batching`` of an engine for the script of ``scoring``: at most ``max_size`` requests at once.

    ``max_size`` is 1 until it is proven that results can be divided. Made before anything is scored: it looks at what
    run() returns for each request.
    """

    def __init__(self, scoring: Scoring, signature: Signature, max_size: int, wait_ms: int) -> None:
        self.max_size = 1
        self.wait_s = wait_ms / 1000
        self._wanted_size = max_size
        self._scoring = scoring
        self._run, scoring.call = scoring.call, self._run_alone
        self._name = signature.arguments[0].name
        self._fitting: set[int] = set()  # numbers of rows for which there were as many items
        self._misfits = {"alone": 0, "together": 0}  # in a row
        self._switched_off = False

    def prove(self, arguments: dict[str, Any]) -> None:
        """Score the first row of a sample once, twice and so on, for proof. Raises what run() raises."""
        value = arguments[self._name]
        if not _rows(value):
            return
        row = value[:1] if _is_array(value) else value.iloc[:1]
        for count in range(1, PROOF + 1):
            result, _ = self._scoring.run({self._name: _joined([row] * count)})
            misfit = _misfit(result, count)
            if misfit:
                self._switch_off(misfit)
                return

    def report(self) -> None:
        """Log when requests will be joined, where that is not at once."""
        if self.max_size == 1 and not self._switched_off:
            logger.info(
                "Requests are scored alone until run() has returned one item a row for %d different numbers of rows.",
                PROOF,
            )

    def _run_alone(self, **arguments: Any) -> Any:
        """Call run() for one request, and look at what it returns."""
        rows = _rows(arguments.get(self._name))  # run() may change its argument
        result = self._run(**arguments)
        if rows and not self._switched_off:
            misfit = _misfit(result, rows)
            if misfit:
                self._note_misfit("alone", misfit)
            else:
                self._note_fit(rows)
        return result

    def key(self, incoming: Incoming) -> Hashable | None:
        """What requests have to have in common: columns and dtypes, or dtype and shape of a row.

        None for one that cannot share a call; raises what reading its arguments raises.
        """
        incoming.batch = 1
        incoming.arguments = self._scoring.read(incoming, None)
        value = incoming.arguments[self._name]
        if not len(value):
            return None
        if _is_array(value):
            return value.dtype, value.shape[1:]
        pandas = sys.modules["pandas"]
        if type(value.index) is not pandas.RangeIndex or value.index.start or value.index.step != 1:
            return None
        return tuple(value.columns), tuple(value.dtypes)

    def score(self, items: Sequence[Incoming]) -> Sequence[Answer]:
        """One answer a request. Raises what run() raises, or ValueError for a result that cannot be divided."""
        values = [incoming.arguments[self._name] for incoming in items if incoming.arguments is not None]
        rows = [len(value) for value in values]
        context.request_id.set(f"{items[0].ids.request_id} and {len(items) - 1} more")
        result, elapsed_ms = self._scoring.run({self._name: _joined(values)}, self._run)
        misfit = _misfit(result, sum(rows))
        if misfit:
            self._note_misfit("together", misfit)
            raise ValueError(misfit)
        self._misfits.update(alone=0, together=0)
        answers = []
        for incoming, part in zip(items, _divided(result, rows), strict=True):
            incoming.batch = len(items) if incoming is items[0] else 0
            context.request_id.set(incoming.ids.request_id)
            answers.append(self._scoring.answer(part, incoming, elapsed_ms))
            if incoming.taken is not None:
                incoming.taken.release()
        return answers

    def _note_fit(self, rows: int) -> None:
        self._misfits["alone"] = 0
        if self.max_size == 1:
            self._fitting.add(rows)
            if len(self._fitting) >= PROOF:
                self.max_size = self._wanted_size

    def _note_misfit(self, scored: str, misfit: str) -> None:
        self._fitting.clear()
        self._misfits[scored] += 1
        if self._misfits[scored] == MAX_MISFITS:
            self._switch_off(misfit)

    def _switch_off(self, misfit: str) -> None:
        self.max_size = 1
        if not self._switched_off:
            self._switched_off = True
            logger.warning(
                "Batching is switched off in this worker: %s. SCOREDOCK_MAX_BATCH_SIZE is for scripts whose run() "
                "returns one result a row: a list, an array or a frame.",
                misfit,
            )


def why_no_batches(signature: Signature, uses_flask: bool) -> str | None:
    """Why the requests of a script cannot be scored together; None when they can."""
    if signature.kind is not Kind.SCHEMA:
        return "run() has no @input_schema"
    if len(signature.arguments) != 1:
        return f"run() takes {len(signature.arguments)} arguments, not one"
    kind = type(signature.arguments[0].type).__name__
    if kind not in ("NumpyParameterType", "PandasParameterType"):
        return "the argument of run() is neither an array nor a frame"
    if signature.wants_headers:
        return "run() wants the headers of each request"
    return "the script uses Flask's request" if uses_flask else None


def _is_array(value: Any) -> bool:
    return isinstance(value, sys.modules["numpy"].ndarray)


def _joined(values: Sequence[Any]) -> Any:
    """All rows, in order. A new array or frame, so that run() may change it."""
    if _is_array(values[0]):
        return sys.modules["numpy"].concatenate(values)
    return sys.modules["pandas"].concat(values, ignore_index=True)


def _rows(value: Any) -> int:
    """How many rows an argument has; 0 for what has none."""
    try:
        return len(value)
    except TypeError:  # an array without dimensions, or no array
        return 0


def _by_place(result: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(result, (pandas.DataFrame, pandas.Series))


def _misfit(result: Any, rows: int) -> str:
    """Why a result cannot be divided among rows; empty when it has as many items."""
    of_them = f"{rows} row{'s' if rows != 1 else ''}"
    if not (_by_place(result) or isinstance(result, (list, tuple)) or (_is_array(result) and result.ndim)):
        return f"run() returned {type(result).__name__} for {of_them}"
    return "" if len(result) == rows else f"run() returned {len(result)} results for {of_them}"


def _divided(result: Any, rows: Sequence[int]) -> list[Any]:
    """A part of the result for each request."""
    items, parts, start = result.iloc if _by_place(result) else result, [], 0
    for count in rows:
        parts.append(items[start : start + count])
        start += count
    return parts
