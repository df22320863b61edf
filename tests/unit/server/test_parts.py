"""The small parts of the server: shared status, folder watch, CUDA check, banner."""

from __future__ import annotations

import multiprocessing
import os
import types
from pathlib import Path

import pytest

from scoredock.server.banner import banner
from scoredock.server.changes import FolderWatch
from scoredock.server.collecting import check_collection
from scoredock.server.cuda import cuda_was_initialised
from scoredock.server.status import WorkerStatus
from scoredock.settings import resolve


def test_status_is_shared_between_processes():
    status = WorkerStatus()

    def child():
        status.report("failed", "init() raised ValueError: ü" + "x" * 10_000)
        status.ask_for_replacement()

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join()
    assert status.phase == "failed"
    assert status.message.startswith("init() raised ValueError: ü")
    assert len(status.message) < 4096
    assert status.wants_replacement
    assert 0 <= status.elapsed_s < 10


def test_a_new_phase_keeps_the_wish_for_a_replacement():
    status = WorkerStatus()
    status.ask_for_replacement()
    status.report("draining")
    assert status.wants_replacement


def test_that_it_was_ready_is_seen_by_who_looks_later():
    status = WorkerStatus()
    assert not status.was_ready
    status.report("ready")
    assert status.is_ready
    status.report("draining")
    assert (status.is_ready, status.was_ready) == (False, True)


def test_the_supervisor_is_woken_by_what_it_may_have_to_act_on():
    status, woken = WorkerStatus(), []
    status.changed = lambda: woken.append(status.phase)
    status.report("init")
    status.report("ready")
    status.ask_for_recycling()
    status.ask_for_replacement()
    status.beat(called_for=True)
    assert woken == ["init", "ready", "ready", "ready"]


def test_a_sign_of_life_says_whether_anybody_is_served():
    status = WorkerStatus()
    assert (status.called_for, status.silent_s < 5) == (False, True)
    status.call()
    assert status.called_for
    status.beat(called_for=False)
    assert not status.called_for


@pytest.mark.parametrize("change", ["modify", "add", "remove"])
def test_changes_are_seen_once(tmp_path, change):
    file = tmp_path / "folder" / "values.json"
    file.parent.mkdir()
    file.write_text("1")
    watch = FolderWatch(lambda: (tmp_path,))
    assert watch.changed() is None
    if change == "modify":
        file.write_text("2")
        os.utime(file, ns=(1, 1))
    elif change == "add":
        (tmp_path / "new.py").touch()
    else:
        file.unlink()
    assert watch.changed() is not None
    assert watch.changed() is None


def test_a_folder_that_another_takes_the_place_of_has_changed(tmp_path):
    """Also where all files are as old as those before."""
    for version in ("one", "two"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "values.json").write_text(version)
        os.utime(tmp_path / version / "values.json", ns=(1, 1))
    (tmp_path / "current").symlink_to("one")
    link = tmp_path / "current"
    watch = FolderWatch(lambda: (link, link.resolve()))
    assert watch.changed() is None
    link.unlink()
    link.symlink_to("two")
    assert watch.changed() == "values.json"
    assert watch.changed() is None


@pytest.mark.parametrize("name", ["__pycache__/score.pyc", ".git/index", "server.log"])
def test_caches_hidden_folders_and_logs_are_not_watched(tmp_path, name):
    watch = FolderWatch(lambda: (tmp_path,))
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    assert watch.changed() is None


@pytest.mark.parametrize(
    ("target", "expected"), [("/dev/nvidiactl", True), ("/dev/nvidia0", True), ("/dev/null", False)]
)
def test_an_open_nvidia_device_means_cuda(tmp_path, target, expected):
    (tmp_path / "3").symlink_to(target)
    (tmp_path / "4").symlink_to("socket:[123]")
    assert cuda_was_initialised(tmp_path) is expected


def test_pytorch_is_asked(monkeypatch, tmp_path):
    cuda = types.SimpleNamespace(is_initialized=lambda: True)
    monkeypatch.setitem(__import__("sys").modules, "torch", types.SimpleNamespace(cuda=cuda))
    assert cuda_was_initialised(tmp_path)


def test_the_banner_names_everything():
    settings, _ = resolve({"entry_script": "score.py", "health_port": 5999}, {}, Path("/srv/app"))
    text = banner(settings, "cpu", {})
    for part in ("/srv/app/score.py", "AZUREML_MODEL_DIR is not set", ":5001/score", ":5999/readyz"):
        assert part in text


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, {"access": "everybody may call", "cors": "none: no browser may call from another origin"}),
        ({"SCOREDOCK_PRIMARY_KEY": "0123456789abcdef"}, {"access": "a key"}),
        ({"SCOREDOCK_TOKEN_SECRET": "0" * 32}, {"access": "a token"}),
        (
            {"SCOREDOCK_TOKEN_SECRET": "0" * 32, "SCOREDOCK_TLS_CLIENT_CA": "ca"},
            {"access": "a token and a client certificate"},
        ),
        ({"AML_CORS_ORIGINS": "https://a.example"}, {"cors": "https://a.example"}),
        ({}, {"telemetry": "none"}),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a"}, {"telemetry": "traces (OTEL_*)"}),
    ],
)
def test_the_banner_tells_who_may_call_and_where_data_goes(variables, expected):
    settings, _ = resolve({}, variables, Path("/srv/app"))
    text = banner(settings, "cpu", variables)
    for name, value in expected.items():
        assert f"\n  {name:<11}{value}\n" in text
    assert "0123456789" not in text


def test_a_folder_for_collected_data_that_cannot_be_made_or_written_is_told_at_the_start(tmp_path, settings_of, caplog):
    (tmp_path / "file").touch()
    said = "is no folder that user"
    check_collection(settings_of(SCOREDOCK_COLLECT_TO=tmp_path / "new" / "folder"))
    assert said not in caplog.text
    assert not (tmp_path / "new").exists()
    check_collection(settings_of(SCOREDOCK_COLLECT_TO=tmp_path / "file" / "folder"))
    assert f"SCOREDOCK_COLLECT_TO: {tmp_path / 'file' / 'folder'} {said}" in caplog.text


def test_a_system_that_does_not_tell_who_may_write_does_not_end_the_start(tmp_path, settings_of, monkeypatch, caplog):
    monkeypatch.setattr(os, "access", lambda *_, **__: False)  # as where faccessat2 is a system call that is forbidden
    check_collection(settings_of(SCOREDOCK_COLLECT_TO=tmp_path))
    assert "is no folder that user" not in caplog.text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_folder_of_another_user_for_collected_data_is_told_at_the_start(tmp_path, settings_of, caplog):
    settings = settings_of(SCOREDOCK_COLLECT_TO=tmp_path)
    os.seteuid(65534)
    try:
        check_collection(settings)
    finally:
        os.seteuid(0)
    assert f"SCOREDOCK_COLLECT_TO: {tmp_path} is no folder that user 65534 can write to" in caplog.text
