"""TLS with the shipped settings: server verified, agencies logged in by certificate."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

from connector.broker.message import OutcomeKind, Outgoing
from connector.broker.publisher import Publisher
from connector.broker.sandbox import Sandbox
from connector.broker.settings import BrokerSettings, TlsSettings

pytestmark = pytest.mark.broker

_SECONDS = 30.0


class _Site(Protocol):
    @property
    def directory(self) -> Path: ...

    def settings(self, plain: BrokerSettings) -> BrokerSettings: ...


def _tls(site: _Site, *, ca: str = "ca", client: str | None = "G22") -> TlsSettings:
    return TlsSettings(
        ca_file=site.directory / f"{ca}.crt",
        certificate_file=site.directory / f"{client}.crt" if client else None,
        key_file=site.directory / f"{client}.key" if client else None,
    )


def _settings(vhost: Sandbox, site: _Site, tls: TlsSettings) -> BrokerSettings:
    plain = replace(vhost.settings("G22"), first_wait_seconds=0.1, max_wait_seconds=0.2)
    return replace(site.settings(plain), tls=tls)


def _outcome(settings: BrokerSettings) -> OutcomeKind | None:
    """Send one message to oneself; None if there is no connection."""
    publisher = Publisher(settings, lambda _: None)
    publisher.start()
    try:
        if not publisher.wait_connected(_SECONDS):
            return None
        message = Outgoing(
            key=("packet", "G22"),
            exchange="edoc",
            routing_key="G22",
            body=b"x" * 60_000,
            message_id="packet",
            type="document",
            user_id="G22",
        )
        publisher.submit(message)
        return publisher.outcomes(_SECONDS)[0].kind
    finally:
        publisher.stop()


def _trouble(settings: BrokerSettings) -> str | None:
    lost = threading.Event()
    publisher = Publisher(settings, lambda event: lost.set() if event.level != "info" else None)
    publisher.start()
    try:
        lost.wait(_SECONDS)
        return publisher.trouble.code if publisher.trouble else None
    finally:
        publisher.stop()


def test_a_password_login_over_tls(fragile_vhost: Sandbox, tls_site: _Site) -> None:
    """With the broker's CA and a client certificate, user and password log in."""
    fragile_vhost.connect(["G22"])
    settings = _settings(fragile_vhost, tls_site, _tls(tls_site))
    assert _outcome(settings) is OutcomeKind.CONFIRMED


def test_a_login_by_certificate_alone(fragile_vhost: Sandbox, tls_site: _Site) -> None:
    """The certificate's CN is the agency's code, and the broker vouches for it as user id."""
    fragile_vhost.connect(["G22"])
    by_certificate = replace(_tls(tls_site), external=True)
    settings = _settings(fragile_vhost, tls_site, by_certificate)
    without_password = settings.login("G22", "", fragile_vhost.vhost)
    assert _outcome(without_password) is OutcomeKind.CONFIRMED


@pytest.mark.parametrize(("ca", "client"), [("stranger", "G22"), ("ca", None), ("ca", "stranger")])
def test_strangers_are_refused_on_either_side(
    fragile_vhost: Sandbox, tls_site: _Site, ca: str, client: str | None
) -> None:
    """A broker of another CA, and a client without a certificate of ours, do not get together."""
    fragile_vhost.connect(["G22"])
    settings = _settings(fragile_vhost, tls_site, _tls(tls_site, ca=ca, client=client))
    assert _trouble(settings) in {"EDX-6004", "EDX-6001"}
    if ca == "stranger":
        assert _trouble(settings) == "EDX-6004"


def test_a_server_of_another_name_is_refused(fragile_vhost: Sandbox, tls_site: _Site) -> None:
    """The server's certificate must be for the host that was asked for."""
    fragile_vhost.connect(["G22"])
    other = replace(_tls(tls_site), server_name="mq.example.vn")
    assert _trouble(_settings(fragile_vhost, tls_site, other)) == "EDX-6004"
