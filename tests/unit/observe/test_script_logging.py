"""What a script does to logging takes nothing away that it does not know of."""

from __future__ import annotations

import io
import logging
import logging.config
from collections.abc import Iterator

import pytest

from scoredock.observe.logs import LineFormatter
from scoredock.observe.script_logging import unsilenced

LEVEL_ALONE = {"version": 1, "root": {"level": "INFO"}}


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    """Logging as it is before a script is imported."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter())
    before = {name: one for name, one in logging.root.manager.loggerDict.items() if isinstance(one, logging.Logger)}
    disabled = {name: one.disabled for name, one in before.items()}
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(logging.INFO)
    yield stream
    for name, value in disabled.items():
        before[name].disabled = value


def log_a_request() -> None:
    logging.getLogger("scoredock.request").info("POST /score")
    logging.getLogger("scoredock.scoring").error("run() raised")


def test_loggers_of_ours_are_never_disabled(output: io.StringIO) -> None:
    theirs = logging.getLogger("somebody.elses")
    with unsilenced():
        logging.config.dictConfig({"version": 1})
    logging.config.dictConfig({"version": 1})  # in run()
    log_a_request()
    assert theirs.disabled
    assert [line.split(" - ")[1] for line in output.getvalue().splitlines()] == ["POST /score", "run() raised"]


@pytest.mark.parametrize("raises", [False, True])
def test_a_root_that_is_left_without_handlers_gets_them_back(output: io.StringIO, raises: bool) -> None:
    with pytest.raises(ZeroDivisionError) if raises else unsilenced(), unsilenced():
        logging.config.dictConfig(LEVEL_ALONE)
        assert not logging.root.handlers
        if raises:
            raise ZeroDivisionError
    log_a_request()
    assert len(output.getvalue().splitlines()) == 2


def test_handlers_of_the_scripts_own_stay_and_one_line_tells_of_them(output: io.StringIO) -> None:
    own = io.StringIO()
    with unsilenced():
        logging.basicConfig(force=True, stream=own, format="OWN %(message)s", level=logging.INFO)
    with unsilenced():
        pass
    log_a_request()
    assert own.getvalue() == "OWN POST /score\nOWN run() raised\n"
    (told,) = output.getvalue().splitlines()
    assert " W [" in told
    assert (
        "The script has set handlers of its own on logging's root: from now on, all lines go to <StreamHandler" in told
    )


def test_a_handler_beside_ours_is_nothing_to_tell(output: io.StringIO) -> None:
    with unsilenced():
        logging.root.addHandler(logging.NullHandler())
    log_a_request()
    assert len(output.getvalue().splitlines()) == 2
