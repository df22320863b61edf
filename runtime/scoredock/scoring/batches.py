"""Several requests scored by one call of run(): their arrays or frames joined, its result divided among them.

For scripts whose run() gives one result a row. That a row's result does not depend on the other rows is the
promise of whoever switches batching on; everything else is checked.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Hashable, Sequence
from typing import Any

from scoredock.observe import logs
from scoredock.scoring.scoring import Scoring
from scoredock.signature import Kind, Signature
from scoredock.web.answers import Answer
from scoredock.web.incoming import Incoming

MAX_MISFITS = 3  # results in a row that could not be divided, before batching is given up

logger = logging.getLogger("scoredock.scoring")


class Batches:
    """The ``Batching`` of an engine for the script of ``scoring``: at most ``max_size`` requests at once."""

    def __init__(self, scoring: Scoring, signature: Signature, max_size: int, wait_ms: int) -> None:
        self.max_size = max_size
        self.wait_s = wait_ms / 1000
        self._scoring = scoring
        self._name = signature.arguments[0].name
        self._misfits = 0

    def key(self, incoming: Incoming) -> Hashable | None:
        """What requests have to have in common: columns and dtypes, or dtype and shape of a row.

        None for one that cannot share a call; raises what reading its arguments raises.
        """
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
        logs.request_id.set(f"{items[0].ids.request_id} and {len(items) - 1} more")
        result, elapsed_ms = self._scoring.run({self._name: _joined(values)})
        try:
            parts = _divided(result, rows)
        except ValueError as misfit:
            self._note_misfit(str(misfit))
            raise
        self._misfits = 0
        answers = []
        for incoming, part in zip(items, parts, strict=True):
            logs.request_id.set(incoming.ids.request_id)
            answers.append(self._scoring.answer(part, incoming, elapsed_ms))
        return answers

    def _note_misfit(self, misfit: str) -> None:
        self._misfits += 1
        if self._misfits == MAX_MISFITS:
            self.max_size = 1
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


def _divided(result: Any, rows: Sequence[int]) -> list[Any]:
    """A part of the result for each request. Raises ValueError when it has not one item a row."""
    pandas = sys.modules.get("pandas")
    by_place = pandas is not None and isinstance(result, (pandas.DataFrame, pandas.Series))
    if not (by_place or isinstance(result, (list, tuple)) or (_is_array(result) and result.ndim)):
        raise ValueError(f"run() returned {type(result).__name__} for {sum(rows)} rows")
    if len(result) != sum(rows):
        raise ValueError(f"run() returned {len(result)} results for {sum(rows)} rows")
    parts, start = [], 0
    for count in rows:
        parts.append(result.iloc[start : start + count] if by_place else result[start : start + count])
        start += count
    return parts
