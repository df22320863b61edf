"""Addresses that a service answers on, and who may reach it."""

from __future__ import annotations

import socket

import pytest

from scoredock.deploy import LocalWebserviceDeploymentConfiguration
from scoredock.deploy.local.ports import called_as, free_port, is_loopback, listen_once
from scoredock.deploy.local.sharing import check_sharing, has_keys
from scoredock.errors import ConfigError, Refused

EVERYWHERE = "0.0.0.0"
SECRET = "a-key-that-nobody-prints"


@pytest.mark.parametrize("host", [None, "127.0.0.1", "127.0.0.5", "::1"])
def test_this_machine_alone_needs_no_key(host):
    check_sharing(host, {}, pytest.fail)


@pytest.mark.parametrize("variables", [{}, {"SCOREDOCK_PRIMARY_KEY": ""}, {"SCOREDOCK_TLS_CERTIFICATE": "/c.pem"}])
@pytest.mark.parametrize("host", [EVERYWHERE, "192.168.1.7", "::"])
def test_others_are_refused_without_a_key_and_told_how_to_set_one(host, variables):
    with pytest.raises(Refused, match=f"--host {host}: .*SCOREDOCK_PRIMARY_KEY.*openssl rand") as refused:
        check_sharing(host, variables, pytest.fail)
    assert "Authorization: Bearer KEY" in str(refused.value)


def test_plain_http_is_warned_of_and_no_key_is_shown():
    said: list[str] = []
    check_sharing(EVERYWHERE, {"SCOREDOCK_PRIMARY_KEY": SECRET}, said.append)
    (warning,) = said
    assert warning.startswith("Warning: 0.0.0.0 is reached by other machines over plain HTTP")
    assert SECRET not in warning
    check_sharing(EVERYWHERE, {"SCOREDOCK_PRIMARY_KEY": SECRET, "SCOREDOCK_TLS_CERTIFICATE": "/c.pem"}, pytest.fail)
    check_sharing(EVERYWHERE, {"SCOREDOCK_TLS_CLIENT_CA": "/ca.pem", "SCOREDOCK_TLS_CERTIFICATE": "/c"}, pytest.fail)


def test_keys_are_seen_in_variables():
    assert has_keys({"SCOREDOCK_SECONDARY_KEY_FILE": "/run/secrets/key"})
    assert not has_keys({"SCOREDOCK_TLS_CLIENT_CA": "/ca.pem"})


@pytest.mark.parametrize(
    ("host", "name", "own"),
    [("127.0.0.1", "localhost", True), (EVERYWHERE, "localhost", False), ("::", "localhost", False),
     ("192.168.1.7", "192.168.1.7", False), ("127.0.0.5", "127.0.0.5", True), ("::1", "[::1]", True)],
)  # fmt: skip
def test_how_this_machine_calls_an_address(host, name, own):
    assert called_as(host) == name
    assert is_loopback(host) is own


def test_a_free_port_is_the_wanted_one_where_that_is_free():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        other = free_port("127.0.0.1", port)
        assert other != port
        with pytest.raises(OSError, match="in use"):
            listen_once("127.0.0.1", port)
    assert free_port("127.0.0.1", port) == port


@pytest.mark.parametrize("host", ["localhost", "300.1.1.1", "example.com", ""])
def test_an_address_is_an_ip_address(host):
    with pytest.raises(ConfigError, match="expected an IP address of this machine"):
        LocalWebserviceDeploymentConfiguration(host=host)
