"""How long a client may take over its request: no trickle saves one that is too slow."""

from __future__ import annotations

from scoredock.web.intake import Intake
from scoredock.web.request_reader import RequestReader
from scoredock.web.states import BODY, HEAD


class ArrivalClock:
    """Times what comes over one connection. ``due`` is when it has to be there, in the event loop's seconds.

    A connection's first request has to begin, and every request's line and headers have to come, within the intake's
    ``header_timeout_s``; bodies within ``body_timeout_s``.
    """

    def __init__(self, reader: RequestReader, intake: Intake, now: float) -> None:
        self._reader = reader
        self._intake = intake
        self._stage = (0, True)  # requests that have begun, and whether what is awaited is a head
        self.restart(now)

    def note(self, now: float) -> bool:
        """A request is not complete after what came; whether ``due`` has changed by that."""
        stage = (self._reader.begun, self._reader.stage is HEAD)
        if stage == self._stage:
            return False
        self._stage = stage
        self.restart(now)
        return True

    def restart(self, now: float) -> None:
        """Give the client all of its time again: it could not send."""
        self.due = now + (self._intake.header_timeout_s if self._stage[1] else self._intake.body_timeout_s)

    @property
    def running(self) -> bool:
        """Whether something has to come."""
        return self._reader.stage in (HEAD, BODY) or not self._reader.begun

    def complaint(self) -> str:
        """What to say when ``due`` has passed."""
        if not self._stage[1]:
            return (
                f"The request's body did not come within {self._intake.body_timeout_s:g} s (SCOREDOCK_BODY_TIMEOUT_S)."
            )
        what = "The request's line and headers" if self._reader.inside else "A request"
        return f"{what} did not come within {self._intake.header_timeout_s:g} s (SCOREDOCK_HEADER_TIMEOUT_S)."
