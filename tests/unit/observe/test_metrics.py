"""Counting, folding and writing metrics; the page is read back by prometheus-client's own parser."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from scoredock.observe.metrics import board, script_metrics
from scoredock.observe.metrics.counting import Counting
from scoredock.observe.metrics.metrics import Metrics
from scoredock.observe.request_log import LEFT, STREAMED, Entry

INFO = {"service": 'a "quoted"\nname\\', "models": "ridge:3"}


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> Iterator[Metrics]:
    monkeypatch.delenv(script_metrics.VARIABLE, raising=False)
    made = Metrics(2, INFO)
    yield made
    made.close()


def entry(status: int = 200, elapsed_ms: float = 2.0, **more: object) -> Entry:
    values = {"request_id": "r", "method": "POST", "target": "/score", "status": status, "elapsed_ms": elapsed_ms}
    values |= {"queue_ms": 0.1, "run_ms": 1.5, "received": 10, "sent": 20, "batch": 0}
    return Entry(**{**values, **more})


def samples(metrics: Metrics) -> dict[str, float]:
    """The page's samples by name and labels."""
    found = {}
    for family in text_string_to_metric_families(metrics.page().decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def test_requests_are_counted_by_status_with_times_and_sizes(metrics: Metrics) -> None:
    worker = metrics.worker()
    worker.count([entry(), entry(429, 0.2, queue_ms=-1, run_ms=-1), entry(200, 70_000.0, target="/score?a=1")])
    found = samples(metrics)
    assert found["scoredock_requests_total{status=200}"] == 2
    assert found["scoredock_requests_total{status=429}"] == 1
    assert found["scoredock_request_duration_seconds_count"] == 3
    assert found["scoredock_request_duration_seconds_sum"] == pytest.approx(70.0022)
    assert found["scoredock_request_duration_seconds_bucket{le=0.0005}"] == 1
    assert found["scoredock_request_duration_seconds_bucket{le=0.0025}"] == 2
    assert found["scoredock_request_duration_seconds_bucket{le=60}"] == 2
    assert found["scoredock_request_duration_seconds_bucket{le=+Inf}"] == 3
    assert found["scoredock_queue_wait_seconds_count"] == found["scoredock_run_duration_seconds_count"] == 2
    assert (found["scoredock_request_bytes_total"], found["scoredock_response_bytes_total"]) == (30, 60)


@pytest.mark.parametrize(("ms", "bound"), [(0.5, "0.0005"), (0.51, "0.001"), (1.0, "0.001"), (60_000.0, "60")])
def test_a_bucket_holds_what_is_not_above_its_bound(metrics: Metrics, ms: float, bound: str) -> None:
    metrics.worker().count([entry(elapsed_ms=ms)])
    buckets = {
        name.rpartition("le=")[2].rstrip("}"): value
        for name, value in samples(metrics).items()
        if name.startswith("scoredock_request_duration_seconds_bucket")
    }
    assert next(name for name, count in buckets.items() if count) == bound


def test_pages_clients_that_left_and_streams_are_told_apart(metrics: Metrics) -> None:
    gone = entry(499, sent=LEFT, queue_ms=-1)
    metrics.worker().count([entry(target="/swagger.json"), gone, entry(sent=STREAMED)])
    found = samples(metrics)
    assert found["scoredock_requests_total{status=200}"] == 1
    assert found["scoredock_requests_abandoned_total"] == 1
    assert found["scoredock_response_bytes_total"] == 0


def test_batches_are_counted_once_each(metrics: Metrics) -> None:
    metrics.worker().count([entry(batch=3), entry(batch=0), entry(batch=0), entry(batch=1)])
    found = samples(metrics)
    assert found["scoredock_batch_size_count"] == 2
    assert found["scoredock_batch_size_sum"] == 4
    assert found["scoredock_batch_size_bucket{le=2}"] == 1


def test_what_a_dead_worker_counted_stays_and_what_it_measured_goes(metrics: Metrics) -> None:
    first, second = metrics.worker(), metrics.worker()
    for worker in (first, second):
        worker.count([entry()])
        worker.ready(0.5)
        worker.measure(waiting=3, in_flight=4, connections=5)
    assert samples(metrics)["scoredock_workers_ready"] == 2
    metrics.ended(first, pid=1, how="died")
    found = samples(metrics)
    assert found["scoredock_requests_total{status=200}"] == 2
    assert found["scoredock_workers_ready"] == 1
    assert f"scoredock_queue_depth{{worker={first.number}}}" not in found
    assert found[f"scoredock_queue_depth{{worker={second.number}}}"] == 3
    assert found[f"scoredock_worker_memory_bytes{{worker={second.number}}}"] > 1_000_000
    assert found["scoredock_worker_restarts_total{reason=died}"] == 1
    again = metrics.worker()
    assert again.number == first.number
    again.count([entry()])
    assert samples(metrics)["scoredock_requests_total{status=200}"] == 3


def test_a_worker_too_many_counts_for_itself(metrics: Metrics) -> None:
    workers = [metrics.worker() for _ in range(200)]
    workers[-1].count([entry()])
    assert workers[-1].number == 0
    assert "scoredock_requests_total{status=200}" not in samples(metrics)
    metrics.ended(workers[-1], pid=1, how="stopped")


def test_another_process_counts_in_the_same_memory(metrics: Metrics) -> None:
    worker = metrics.worker()
    process = multiprocessing.get_context("fork").Process(target=worker.count, args=([entry()] * 7,))
    process.start()
    process.join()
    assert samples(metrics)["scoredock_requests_total{status=200}"] == 7


def test_a_page_that_is_written_while_workers_end_counts_nothing_twice(metrics: Metrics) -> None:
    over = threading.Event()

    def die() -> None:
        for _ in range(2000):
            worker = metrics.worker()
            metrics.ended(worker, pid=1, how="stopped")
        over.set()

    survivor: Counting = metrics.worker()
    mortal = metrics.worker()
    for worker in (survivor, mortal):
        worker.count([entry()] * 1000)
    thread = threading.Thread(target=die)
    thread.start()
    while not over.is_set():
        assert samples(metrics)["scoredock_requests_total{status=200}"] == 2000
    thread.join()
    metrics.ended(mortal, pid=1, how="stopped")
    assert samples(metrics)["scoredock_requests_total{status=200}"] == 2000


def test_odd_characters_of_labels_are_escaped(metrics: Metrics) -> None:
    families = {family.name: family for family in text_string_to_metric_families(metrics.page().decode())}
    assert families["scoredock_info"].samples[0].labels == INFO


SCRIPT = """
import sys
from scoredock.metrics import Counter, Gauge, Histogram, Summary
Counter("refused_total", "Refused", ["why"]).labels("income").inc(2)
Histogram("income", "Income", buckets=(1000, 2000)).observe(1500)
Summary("age", "Age").observe(50)
Gauge("drift", "Drift").set(float(sys.argv[1]))
Gauge("users", "Users", multiprocess_mode="livesum").inc()
print(__import__("os").getpid())
"""


def test_metrics_of_scripts_outlive_their_process(metrics: Metrics) -> None:
    pids = []
    for drift in ("0.25", "0.5"):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, drift], capture_output=True, text=True, check=True, env=dict(os.environ)
        )
        pids.append(int(done.stdout))
    before = samples(metrics)
    assert (before["refused_total{why=income}"], before["income_bucket{le=2000.0}"]) == (4, 2)
    assert (before["age_count"], before["age_sum"]) == (2, 100)
    assert (before["drift"], before["users"]) == (0.5, 2)
    for pid in pids:
        metrics.ended(metrics.worker(), pid, "died")
    after = samples(metrics)
    assert {name: after.get(name) for name in ("refused_total{why=income}", "income_bucket{le=2000.0}", "age_sum")} == {
        "refused_total{why=income}": 4,
        "income_bucket{le=2000.0}": 2,
        "age_sum": 100,
    }
    assert "drift" not in after
    folder = Path(os.environ[script_metrics.VARIABLE])
    assert {path.name for path in folder.iterdir()} == {"counter_past.db", "histogram_past.db", "summary_past.db"}


def test_the_folder_goes_with_the_server(metrics: Metrics) -> None:
    folder = Path(os.environ[script_metrics.VARIABLE])
    assert folder.is_dir()
    metrics.close()
    assert not folder.exists()


def test_a_folder_that_somebody_named_stays_with_what_else_is_in_it(tmp_path, monkeypatch) -> None:
    folder = tmp_path / "named" / "metrics"
    monkeypatch.setenv(script_metrics.VARIABLE, str(folder))
    metrics = Metrics(1, INFO)
    (folder / "counter_7.db").touch()
    (folder / "customers.db").write_text("mine")
    metrics.close()
    assert [path.name for path in folder.iterdir()] == ["customers.db"]


def test_a_dead_workers_file_that_is_cut_off_costs_its_numbers_alone(metrics: Metrics, caplog) -> None:
    folder = Path(os.environ[script_metrics.VARIABLE])
    for kind in ("counter", "histogram"):
        (folder / f"{kind}_7.db").write_bytes(b"\xff\xff\x00\x00" + b"x" * 50)
    worker = metrics.worker()
    worker.count([entry()])
    metrics.ended(worker, 7, "died")
    assert samples(metrics)["scoredock_requests_total{status=200}"] == 1
    assert "What worker 7 counted in counter_7.db is lost" in caplog.text
    assert not list(folder.iterdir())


def test_workers_that_could_not_be_forked_use_no_slots_up(metrics: Metrics) -> None:
    serving = metrics.worker()
    serving.count([entry()])
    for _ in range(200):
        assert metrics.worker().number
        metrics.only([serving])
    assert samples(metrics)["scoredock_requests_total{status=200}"] == 1


def test_places_in_a_slot_do_not_overlap() -> None:
    histograms = [board.DURATION, board.QUEUE, board.RUN, board.BATCH]
    places = [place for one in histograms for place in range(one.start, one.end)]
    places += [board.ABANDONED, board.RECEIVED, board.SENT, board.DIED, board.REPLACED, board.TAKEN, board.READY]
    places += [board.WAITING, board.IN_FLIGHT, board.CONNECTIONS, board.INIT_S, board.MEMORY]
    places += [board.BROKEN, board.START, board.CERTIFICATE_END]
    assert len(set(places)) == len(places)
    assert min(places) == board.LAST_STATUS - board.FIRST_STATUS + 1
    assert max(places) == board.CELLS - 1
