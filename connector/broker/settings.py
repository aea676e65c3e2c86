"""How to reach the broker: one URL, several hosts of a cluster, TLS."""

from __future__ import annotations

import os
import ssl
import stat
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from connector.broker import codes, tls_codes
from connector.config.file_access import open_to_others
from connector.errors import ConfigError

__all__ = ["BrokerSettings", "Endpoint", "TlsSettings"]

_PRIVATE: Final = b"PRIVATE KEY-----"
_MAX_KEY_BYTES: Final = 1 << 20
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
        if self.key_file is not None and self.certificate_file is None:
            raise ConfigError(tls_codes.TLS_KEY_ALONE.at(str(self.key_file)))
        holder = self.key_file or self.certificate_file
        for path in (self.ca_file, self.certificate_file, self.key_file):
            if path is not None:
                _check_readable(path, private=path == holder)
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            if self.certificate_file is not None:
                context.load_cert_chain(self.certificate_file, self.key_file, _no_password(holder))
        except OSError as error:  # ssl.SSLError is one of them
            raise ConfigError(tls_codes.TLS_FILES.at("broker.tls", reason=error)) from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def _no_password(path: Path | None) -> Callable[[], str]:
    """Return what is asked for a key's password, and refuses: OpenSSL would ask at the terminal."""

    def refuse() -> str:
        raise ConfigError(tls_codes.TLS_KEY_LOCKED.at(str(path), path=path))

    return refuse


def _check_readable(path: Path, *, private: bool = False) -> None:
    """Refuse a file by its name: what loads several of them does not tell which one it was.

    A file with a private key must be closed to others.
    """
    try:
        with path.open("rb") as stream:
            if private and _PRIVATE in stream.read(_MAX_KEY_BYTES):
                status = os.fstat(stream.fileno())
                mode = f"{stat.S_IMODE(status.st_mode):04o}"
                if open_to_others(stream.fileno()):
                    raise ConfigError(tls_codes.TLS_KEY_OPEN.at(str(path), mode=mode, path=path))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError(tls_codes.TLS_FILES.at(str(path), reason=reason)) from error


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
        raise ConfigError(tls_codes.TLS_UNUSED.at("broker.url"))
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
