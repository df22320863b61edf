"""Log lines: their form, their level, and the user's own configuration."""

from __future__ import annotations

import datetime
import json
import logging
import os
import re
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scoredock import compat
from scoredock.errors import SettingError
from scoredock.observe import logs

Lines = Callable[[], list[str]]
LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) ([A-Z]) \[(\d+)\] (\S+) - (.*)")


@pytest.fixture
def logging_json(tmp_path: Path) -> Callable[..., Path]:
    """Write a logging.json; returns its path."""

    def write(content: Any, folder: str = ".") -> Path:
        path = tmp_path / folder / "logging.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def config_for(logger: str, **more: Any) -> dict[str, Any]:
    """A configuration that sends one logger's messages to standard output, marked."""
    return {
        "version": 1,
        "formatters": {"mine": {"format": "mine|%(name)s|%(message)s"}},
        "handlers": {"mine": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "mine"}},
        "loggers": {logger: {"level": "INFO", "handlers": ["mine"], "propagate": False}},
        **more,
    }


class TestLine:
    """The line format of the contract."""

    def test_time_level_process_logger_and_message(self, configured: Callable[..., Lines]) -> None:
        lines = configured()
        before = datetime.datetime.now(datetime.timezone.utc)
        logging.getLogger("scoredock.web").warning("%d things", 3)
        match = LINE.fullmatch(lines()[0])
        assert match is not None
        stamp, level, pid, name, message = match.groups()
        assert (level, int(pid), name, message) == ("W", os.getpid(), "scoredock.web", "3 things")
        written = datetime.datetime.strptime(f"{stamp}+0000", "%Y-%m-%d %H:%M:%S,%f%z")
        assert abs((written - before).total_seconds()) < 5

    @pytest.mark.parametrize("level", ["debug", "info", "warning", "error", "critical"])
    def test_the_level_is_one_letter(self, level: str, configured: Callable[..., Lines]) -> None:
        lines = configured("DEBUG")
        getattr(logging.getLogger("x"), level)("message")
        match = LINE.fullmatch(lines()[0])
        assert match is not None
        assert match[2] == level[0].upper()

    def test_the_request_id_stands_in_brackets_before_the_message(
        self, configured: Callable[..., Lines], request_id: str
    ) -> None:
        lines = configured()
        logging.getLogger("x").info("message")
        assert lines()[0].endswith(f" x - [{request_id}] message")

    def test_without_a_request_there_are_no_brackets(self, configured: Callable[..., Lines]) -> None:
        lines = configured()
        logging.getLogger("x").info("message")
        assert lines()[0].endswith(" x - message")

    def test_the_request_id_belongs_to_its_thread(self, configured: Callable[..., Lines], request_id: str) -> None:
        lines = configured()
        thread = threading.Thread(target=logging.getLogger("other").info, args=["message"])
        thread.start()
        thread.join()
        assert lines()[0].endswith(" other - message")

    def test_several_handlers_show_the_request_id_once_each(
        self, configured: Callable[..., Lines], request_id: str
    ) -> None:
        lines = configured()
        root = logging.getLogger()
        root.addHandler(root.handlers[0])
        second = logging.StreamHandler(root.handlers[0].stream)  # type: ignore[attr-defined]
        second.setFormatter(logs.LineFormatter())
        root.addHandler(second)
        logging.getLogger("x").info("message")
        assert [line.count(request_id) for line in lines()] == [1, 1]

    def test_a_traceback_follows_its_line(self, configured: Callable[..., Lines]) -> None:
        lines = configured()
        try:
            raise ValueError("bad")
        except ValueError:
            logging.getLogger("x").exception("failed")
        assert lines()[0].endswith(f"E [{os.getpid()}] x - failed")
        assert lines()[1].startswith("Traceback")
        assert lines()[-1] == "ValueError: bad"


class TestLevel:
    """What is logged at which level."""

    def test_messages_below_the_level_are_not_logged(self, configured: Callable[..., Lines]) -> None:
        lines = configured("WARNING")
        logging.getLogger("x").info("quiet")
        logging.getLogger("x").warning("loud")
        assert [line.rpartition(" ")[2] for line in lines()] == ["loud"]

    def test_the_web_servers_chatter_is_for_debugging(self, configured: Callable[..., Lines]) -> None:
        lines = configured("INFO")
        logging.getLogger("uvicorn.error").info("chatter")
        assert lines() == []

    def test_warnings_of_libraries_are_logged(self, configured: Callable[..., Lines]) -> None:
        lines = configured()
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(False)
            logging.captureWarnings(True)
            warnings.warn("old model", UserWarning, stacklevel=1)
        assert "py.warnings - " in lines()[0]
        assert "old model" in lines()[0]


class TestOwnConfiguration:
    """logging.json replaces the configuration."""

    @pytest.mark.parametrize("name", ["scoredock", "azmlinfsrv"])
    def test_a_file_for_either_name_of_the_servers_logger_is_used(
        self, name: str, configured: Callable[..., Lines], logging_json: Callable[..., Path]
    ) -> None:
        logging_json(config_for(name))
        lines = configured()
        logging.getLogger("scoredock.web").info("message")
        assert lines() == ["mine|scoredock.web|message"]

    def test_a_file_for_a_logger_below_the_former_name_is_used(
        self, configured: Callable[..., Lines], logging_json: Callable[..., Path]
    ) -> None:
        logging_json(config_for("azmlinfsrv.print"))
        lines = configured()
        logging.getLogger("scoredock.print").info("printed")
        assert lines() == ["mine|scoredock.print|printed"]

    def test_a_file_that_names_the_former_servers_formatter_and_filter_is_used(
        self, configured: Callable[..., Lines], logging_json: Callable[..., Path]
    ) -> None:
        former = "azureml_inference_server_http.log_config"
        line = "%(asctime)s|%(levelname).1s|%(message)s"
        config = config_for("azmlinfsrv")
        config["formatters"]["mine"] = {"class": f"{former}.AMLLogFormatter", "format": line, "style": "%"}
        config["filters"] = {"probes": {"()": f"{former}.RootAccessFilter"}}
        config["loggers"]["azmlinfsrv"]["filters"] = ["probes"]
        logging_json(config)
        compat.install()
        lines = configured()
        logging.getLogger("scoredock").info("message")
        logging.getLogger("scoredock").info('"GET / HTTP/1.1" 200')
        assert len(lines()) == 1
        assert lines()[0].endswith("|I|message")

    def test_the_first_folder_that_has_one_wins_and_its_path_is_returned(
        self, tmp_path: Path, logging_json: Callable[..., Path]
    ) -> None:
        root = logging_json(config_for("scoredock"), "root")
        beside = logging_json(config_for("scoredock"), "beside")
        folders = [tmp_path / "root", tmp_path / "beside"]
        assert logs.configure("INFO", folders) == root
        root.unlink()
        assert logs.configure("INFO", folders) == beside
        beside.unlink()
        assert logs.configure("INFO", folders) is None

    def test_a_file_may_begin_with_a_byte_order_mark(
        self, configured: Callable[..., Lines], logging_json: Callable[..., Path]
    ) -> None:
        logging_json("\ufeff" + json.dumps(config_for("scoredock")))
        lines = configured()
        logging.getLogger("scoredock").info("message")
        assert lines() == ["mine|scoredock|message"]

    def test_loggers_that_exist_already_stay_alive(
        self, configured: Callable[..., Lines], logging_json: Callable[..., Path]
    ) -> None:
        mine = logging.getLogger("of.the.script")
        logging_json(config_for("scoredock"))
        configured()
        assert not mine.disabled

    @pytest.mark.parametrize(
        "content",
        [
            "{",
            "[1]",
            '"text"',
            "{}",
            {"version": 2},
            {"version": 1, "loggers": ["scoredock"]},
            config_for("scoredock", handlers={"mine": {"class": "no.such.Handler"}}),
            config_for("scoredock", handlers={}),
            {"version": 1, "root": {"level": "LOUD"}},
        ],
        ids=lambda content: str(content)[:30],
    )
    def test_a_broken_file_is_a_setting_error_that_names_it(
        self, content: Any, configured: Callable[..., Lines], logging_json: Callable[..., Path]
    ) -> None:
        path = logging_json(content)
        with pytest.raises(SettingError) as caught:
            configured()
        assert str(path) in str(caught.value)
