"""The page of metrics over HTTP, in process."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_methods_are_refused(text_script, method):
    assert text_script().request(method, "/metrics").status_code == 405


def test_head_and_options(text_script):
    service = text_script()
    assert service.request("HEAD", "/metrics").content == b""
    assert "GET" in service.request("OPTIONS", "/metrics").headers["allow"]


def test_many_who_ask_at_once_are_all_answered(text_script):
    service = text_script()
    with ThreadPoolExecutor(16) as pool:
        pages = list(pool.map(lambda _: service.get("/metrics"), range(64)))
    assert {page.status_code for page in pages} == {200}
    assert all("scoredock_workers_ready" in page.text for page in pages)


def test_a_batch_is_counted(schema_script):
    service = schema_script(SCOREDOCK_MAX_BATCH_SIZE="8")
    assert service.post(json={"data": [[1, 2]]}).status_code == 200
    assert "scoredock_batch_size_count 1" in service.get("/metrics").text


def test_a_client_that_leaves_before_the_page_disturbs_nobody(text_script, wire):
    service = text_script()
    leaving = wire(service)
    leaving.send("GET /metrics HTTP/1.1", "Host: a")
    leaving.socket.close()
    assert service.get("/metrics").status_code == 200
