"""How a local service is called."""

from __future__ import annotations

import socket

import pytest

from scoredock.deploy.local.call import score
from scoredock.deploy.local.service_config import scheme_of


def test_a_service_whose_environment_names_a_certificate_is_called_by_https():
    assert scheme_of({"environment_variables": {"SCOREDOCK_TLS_CERTIFICATE": "/app/server.pem"}}) == "https"
    assert scheme_of({"environment_variables": {"OTHER": "1"}}) == "http"
    assert scheme_of({}) == "http"


def test_a_service_that_does_not_answer_is_waited_for_no_longer_than_that():
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(ConnectionError, match="timed out"),
    ):
        score("it", f"http://127.0.0.1:{silent.getsockname()[1]}/score", "{}", timeout_s=0.2)
