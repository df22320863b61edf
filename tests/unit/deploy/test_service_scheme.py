"""How a local service is called."""

from __future__ import annotations

from scoredock.deploy.local.service_config import scheme_of


def test_a_service_whose_environment_names_a_certificate_is_called_by_https():
    assert scheme_of({"environment_variables": {"SCOREDOCK_TLS_CERTIFICATE": "/app/server.pem"}}) == "https"
    assert scheme_of({"environment_variables": {"OTHER": "1"}}) == "http"
    assert scheme_of({}) == "http"
