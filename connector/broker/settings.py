"""How to reach the broker: one URL, several hosts of a cluster, TLS."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from connector.broker import codes
from connector.errors import ConfigError

__all__ = ["BrokerSettings", "Endpoint", "TlsSettings"]

_PORTS: Final = {"amqp": 5672, "amqps": 5671}


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """Files for TLS; `external` logs in by the client certificate instead of a password."""

    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    external: bool = False
    server_name: str | None = None

    def context(self) -> ssl.SSLContext:
        """Return a context that verifies the server; raises ConfigError on unusable files."""
        for path in (self.ca_file, self.certificate_file, self.key_file):
            if path is not None:
                _check_readable(path)
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            if self.certificate_file is not None:
                context.load_cert_chain(self.certificate_file, self.key_file)
        except OSError as error:  # ssl.SSLError is one of them
            raise ConfigError(codes.TLS_FILES.at("broker.tls", reason=error)) from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def _check_readable(path: Path) -> None:
    """Refuse a file by its name: what loads several of them does not tell which one it was."""
    try:
        path.open("rb").close()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError(codes.TLS_FILES.at(str(path), reason=reason)) from error


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One host of the broker with what is needed to log in there."""

    host: str
    port: int
    vhost: str
    user: str
    password: str = field(repr=False)
    secure: bool = False

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSettings:
    """Everything about the connections; `url` carries the resolved secret and is never shown."""

    url: str = field(repr=False)
    management_url: str | None = field(default=None, repr=False)
    window: int = 64
    window_bytes: int = 32 * 1024 * 1024
    part_bytes: int = 4 * 1024 * 1024
    heartbeat_seconds: int = 30
    tls: TlsSettings | None = None
    connect_timeout_seconds: float = 10.0
    handshake_timeout_seconds: float = 15.0
    blocked_timeout_seconds: float = 60.0
    confirm_timeout_seconds: float = 180.0
    first_wait_seconds: float = 1.0
    max_wait_seconds: float = 60.0

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return the hosts in order of preference; raises ConfigError on an unusable URL."""
        try:
            return _endpoints(self.url, self.tls)
        except ValueError as error:
            raise ConfigError(codes.BROKER_URL.at("broker.url", reason=error)) from error

    @property
    def user(self) -> str:
        """The user of the connection, which every message names as its `user_id`."""
        return self.endpoints()[0].user

    @property
    def vhost(self) -> str:
        """The virtual host at the end of the URL, ``/`` if there is none."""
        return self.endpoints()[0].vhost

    def login(self, user: str, password: str, vhost: str) -> BrokerSettings:
        """Return the same settings for another user and virtual host of the same broker."""
        hosts = ",".join(_netloc(endpoint) for endpoint in self.endpoints())
        scheme = urlsplit(self.url).scheme
        who = f"{quote(user, safe='')}:{quote(password, safe='')}"
        return replace(self, url=f"{scheme}://{who}@{hosts}/{quote(vhost, safe='')}")


def _netloc(endpoint: Endpoint) -> str:
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    return f"{host}:{endpoint.port}"


def _endpoints(url: str, tls: TlsSettings | None) -> tuple[Endpoint, ...]:
    parts = urlsplit(url)
    if parts.scheme not in _PORTS:
        raise ValueError(f"the scheme is {parts.scheme!r}, not amqp or amqps")
    if parts.scheme == "amqp" and tls is not None:
        raise ConfigError(codes.TLS_UNUSED.at("broker.url"))
    login, _, hosts = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    if not user and not (tls is not None and tls.external):
        raise ValueError("the user is missing")
    vhost = unquote(parts.path[1:]) or "/"
    return tuple(
        Endpoint(
            *_host_and_port(part, _PORTS[parts.scheme]),
            vhost,
            unquote(user),
            unquote(password),
            secure=parts.scheme == "amqps",
        )
        for part in hosts.split(",")
    )


def _host_and_port(text: str, default: int) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise ValueError("a host is missing")
    return parts.hostname, parts.port or default
