"""What is said of certificates and keys, with real ones."""

from __future__ import annotations

import datetime
import logging
import os
import ssl

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from certificates import DAY, NOW, issue
from scoredock.errors import SettingError
from scoredock.server.tls import load
from scoredock.settings import Settings


def settings(certificate=None, key=None, authorities=None) -> Settings:
    return Settings(tls_certificate=certificate, tls_key=key, tls_client_ca=authorities)


def refusal(*files) -> str:
    with pytest.raises(SettingError) as refused:
        load(settings(*files))
    return str(refused.value)


def test_without_a_certificate_there_is_no_tls():
    assert load(settings()) is None


def test_a_certificate_is_taken_with_its_serial_number_and_dates(tmp_path):
    for number, end in enumerate(
        [NOW + 90 * DAY, datetime.datetime(2051, 2, 3, 4, 5, 6, tzinfo=datetime.timezone.utc)]
    ):
        made = issue(tmp_path, f"server{number}", end=end)
        tls = load(settings(made.chain, made.key_file))
        assert int(tls.certificate.serial, 16) == made.serial
        assert tls.certificate.not_before == NOW.replace(microsecond=0) - DAY
        assert tls.certificate.not_after == end.replace(microsecond=0)


def test_the_first_certificate_of_a_chain_counts(tmp_path):
    authority = issue(tmp_path, "authority", authority=True, end=NOW + 9 * DAY)
    made = issue(tmp_path, "server", authority, rsa_bits=2048)
    made.chain.write_text("a comment\n" + made.chain.read_text() + authority.chain.read_text())
    assert int(load(settings(made.chain, made.key_file)).certificate.serial, 16) == made.serial


def test_only_todays_protocols_and_ciphers_are_spoken(tmp_path):
    made = issue(tmp_path)
    context = load(settings(made.chain, made.key_file)).context
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert all(one["aead"] for one in context.get_ciphers())
    old = {one["name"] for one in context.get_ciphers() if one["protocol"] != "TLSv1.3"}
    assert len(old) == 6
    assert all(name.startswith("ECDHE-") for name in old)


def test_half_of_a_pair_is_refused(tmp_path):
    made = issue(tmp_path)
    assert "SCOREDOCK_TLS_CERTIFICATE is set, but SCOREDOCK_TLS_KEY is not. Set both" in refusal(made.chain)
    assert "SCOREDOCK_TLS_KEY is set, but SCOREDOCK_TLS_CERTIFICATE is not. Set both" in refusal(None, made.key_file)
    assert "SCOREDOCK_TLS_CLIENT_CA asks for client certificates" in refusal(None, None, made.chain)


def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path):
    made = issue(tmp_path)
    gone = tmp_path / "gone.pem"
    assert refusal(gone, made.key_file) == (
        f"SCOREDOCK_TLS_CERTIFICATE: {gone} cannot be read: No such file or directory. Expected a PEM file."
    )
    assert f"SCOREDOCK_TLS_KEY: {gone} cannot be read: No such file" in refusal(made.chain, gone)
    assert "Is a directory" in refusal(made.chain, tmp_path)
    assert f"SCOREDOCK_TLS_CLIENT_CA: {gone}" in refusal(made.chain, made.key_file, gone)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_file_that_the_user_may_not_read_is_named_with_the_user(tmp_path):
    made = issue(tmp_path)
    os.seteuid(65534)
    try:
        said = refusal(made.chain, made.key_file)
    finally:
        os.seteuid(0)
    assert f"{made.chain} may not be read by user 65534" in said
    assert "chown 65534" in said


def test_what_is_not_pem_is_refused(tmp_path):
    made = issue(tmp_path)
    text, der = tmp_path / "text", tmp_path / "der"
    text.write_text("hello")
    der.write_bytes(made.certificate.public_bytes(Encoding.DER))
    assert f"{text} is not PEM: expected a text with -----BEGIN CERTIFICATE-----" in refusal(text, made.key_file)
    assert "It looks like DER" in refusal(der, made.key_file)
    assert "expected a text with -----BEGIN PRIVATE KEY-----" in refusal(made.chain, text)
    assert "SCOREDOCK_TLS_CERTIFICATE" in refusal(made.key_file, made.chain)  # one for the other
    assert f"SCOREDOCK_TLS_CLIENT_CA: {text} is not PEM" in refusal(made.chain, made.key_file, text)


@pytest.mark.parametrize("at", [60, 300, -40])
def test_a_damaged_file_is_refused(tmp_path, at):
    made = issue(tmp_path)
    text = made.chain.read_text()
    made.chain.write_text(text[:at] + "!!" + text[at + 2 :])
    assert str(made.chain) in refusal(made.chain, made.key_file)


def test_a_key_of_another_certificate_is_refused(tmp_path):
    made, other = issue(tmp_path), issue(tmp_path, "other")
    said = refusal(made.chain, other.key_file)
    assert said.startswith(f"SCOREDOCK_TLS_KEY: the key {other.key_file} does not belong to the first certificate of")
    assert "does not belong" in refusal(made.chain, issue(tmp_path, "rsa", rsa_bits=2048).key_file)


def test_a_key_with_a_password_is_refused_without_asking_for_it(tmp_path):
    made = issue(tmp_path, password=b"secret")
    assert f"the key {made.key_file} has a password" in refusal(made.chain, made.key_file)


def test_a_weak_key_is_refused(tmp_path):
    made = issue(tmp_path, rsa_bits=1024)
    assert "too weak (EE_KEY_TOO_SMALL). Expected RSA with 2048 bits or more" in refusal(made.chain, made.key_file)


def test_a_certificate_that_is_not_valid_now_is_refused(tmp_path):
    expired = issue(tmp_path, "expired", end=NOW - DAY / 2)
    assert f"{expired.chain} has expired on {NOW - DAY / 2:%Y-%m-%d}" in refusal(expired.chain, expired.key_file)
    early = issue(tmp_path, "early", begin=NOW + DAY)
    assert f"is valid from {NOW + DAY:%Y-%m-%d}" in refusal(early.chain, early.key_file)


def test_clients_authorities_must_be_authorities(tmp_path):
    made, authority = issue(tmp_path), issue(tmp_path, "authority", authority=True)
    assert "has no certificate of an authority (CA:TRUE)" in refusal(made.chain, made.key_file, made.chain)
    tls = load(settings(made.chain, made.key_file, authority.chain))
    assert tls.context.verify_mode is ssl.CERT_OPTIONAL


def test_the_end_of_a_certificate_is_told_a_month_before_and_then_daily(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    made = issue(tmp_path, end=NOW + 40 * DAY)
    tls = load(settings(made.chain, made.key_file))

    def said(days: float) -> list[str]:
        caplog.clear()
        tls.warn_when_due(monotonic_s=1e6 + days * 86400, now=NOW + days * DAY)
        return [f"{one.levelname}: {one.message}" for one in caplog.records]

    assert said(1) == []
    assert said(11)[0].startswith(f"WARNING: The certificate {made.chain} expires in 28 days, on ")
    assert "send SIGHUP" in said(12)[0]
    assert said(12.5) == []  # once a day
    assert said(41)[0].startswith("ERROR: SCOREDOCK_TLS_CERTIFICATE: the certificate")


def test_the_certificate_is_announced(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    made = issue(tmp_path)
    load(settings(made.chain, made.key_file)).announce()
    assert f"TLS with certificate {made.chain}, serial" in caplog.text
    assert f"valid until {NOW + 365 * DAY:%Y-%m-%d}" in caplog.text
