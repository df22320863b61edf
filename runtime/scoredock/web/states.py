"""The states of a connection: docs/architecture.md draws them."""

from __future__ import annotations

import enum


class Phase(enum.Enum):
    """What the connection is still for. It only ever goes down this list."""

    OPEN = enum.auto()  # requests are taken and answered
    CLOSING = enum.auto()  # those that were taken are answered; where there is none, one more is
    SAID_ALL = enum.auto()  # every answer is out; what comes is not looked at until the client closes its side


class Stage(enum.IntEnum):
    """What comes next over a connection."""

    BETWEEN = 0  # a request's first byte
    HEAD = 1  # more of its line and headers
    BODY = 2  # more of its body
    DISCARDED = 3  # more of a body that is not taken; the request was told so
    OVER = 4  # nothing that would be read


OPEN, CLOSING, SAID_ALL = Phase  # on the request path a name of a module costs less than an attribute
BETWEEN, HEAD, BODY, DISCARDED, OVER = Stage
