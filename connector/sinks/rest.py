"""Documents into a service of the legacy system, one request each.

Who answers may be anybody: of an answer only the status and a few bytes count, redirects are not
followed, and a request ends at its time limit whatever the other side does.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from connector.config.secrets import resolve
from connector.errors import (
    ConfigError,
    ConnectorError,
    Finding,
    PermanentError,
    TransientError,
    UnavailableError,
)
from connector.model.inbound import Inbound, InboundTarget
from connector.sinks import codes, system_codes
from connector.sinks.body import Body, json_body, multipart_body
from connector.sinks.system_settings import RestSettings
from connector.sinks.told import MOST_SAID, one_line, told_act, told_document

__all__ = ["RestSink", "open_rest"]

_GONE: Final = 410
_LATER: Final = frozenset({401, 403, 407, 408, 421, 423, 425, 429})
_ABSENT: Final = frozenset({404, _GONE})
_LOCKED: Final = 423
_DOWN: Final = frozenset({502, 503, 504})


def open_rest(settings: RestSettings, _base: Path) -> RestSink:
    """Return the sink of some settings; the service is asked at the first document.

    Raises ConfigError if the token or the root certificates cannot be read.
    """
    if settings.token is not None:
        resolve(settings.token)
    return RestSink(settings, _tls(settings))


class RestSink:
    """Gives each document to a service, which knows it again by its Idempotency-Key."""

    def __init__(self, settings: RestSettings, tls: ssl.SSLContext) -> None:
        self._settings: Final = settings
        self._tls: Final = tls

    def deliver(self, item: Inbound) -> bool:
        """Send the document; the service takes it once for each packet id."""
        settings = self._settings
        told = told_document(settings, item)
        if settings.format == "multipart":
            body = multipart_body(told, item)
        else:
            body = json_body(told, item, settings.files_field)
        status = self._send(settings.url, settings.method, item.packet_id, body)
        return settings.desk and status != _GONE

    def cancel(self, item: Inbound, target: InboundTarget) -> None:
        """Tell of a recall; a service that no longer has the document is content."""
        self._act(item, target)

    def replace(self, item: Inbound, targets: Sequence[InboundTarget]) -> bool:
        """Send the new document, then tell which ones it replaces."""
        on_desk = self.deliver(item)
        for target in targets:
            self._act(item, target)
        return on_desk

    def update(self, item: Inbound, target: InboundTarget) -> None:
        """Tell of changed receivers or transport data."""
        self._act(item, target)

    def check(self) -> tuple[Finding, ...]:
        """Return what keeps the service from being reached; no request is made."""
        try:
            with self._connected(self._settings.url):
                return ()
        except ConnectorError as error:
            return error.findings

    def _act(self, item: Inbound, target: InboundTarget) -> None:
        url = self._settings.acts_url
        if url is None:
            raise PermanentError(codes.NOWHERE_TO_RECORD.at())
        url = url.replace("{target}", quote(target.packet_id, safe=""))
        body = json_body(told_act(item, target), None, "")
        key = f"{item.packet_id}/{target.packet_id}"
        self._send(url, "POST", key, body, absent=_ABSENT)

    def _send(
        self,
        url: str,
        method: str,
        key: str,
        body: Body,
        *,
        absent: frozenset[int] = frozenset({_GONE}),
    ) -> int:
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        with self._connected(url) as connection:
            connection.request(method, target, body.chunks(), self._headers(key, body))
            with connection.getresponse() as answer:  # it keeps the socket open by itself
                status, said = answer.status, answer.read(MOST_SAID)
        if status in absent or status // 100 == 2:
            return status
        facts = {"status": status, "reason": one_line(said)}
        if status in _LATER or status // 100 != 4:
            failed = system_codes.SERVICE_DOWN.at(url, reason=f"{status} {facts['reason']}")
            raise TransientError(failed) if _concerns_one(status) else UnavailableError(failed)
        raise PermanentError(system_codes.SERVICE_REFUSED.at(url, **facts))

    def _headers(self, key: str, body: Body) -> dict[str, str]:
        settings = self._settings
        headers = {
            "Content-Type": body.content_type,
            "Content-Length": str(body.size),
            "Idempotency-Key": key,
            "Accept": "application/json",
            "Connection": "close",
        }
        if settings.token is not None:
            headers[settings.token_header] = settings.token_prefix + resolve(settings.token)
        return headers

    @contextmanager
    def _connected(self, url: str) -> Iterator[http.client.HTTPConnection]:
        """Open a connection that is cut at the time limit; every failure is UnavailableError."""
        parts, seconds = urlsplit(url), self._settings.timeout_seconds
        host, port = parts.hostname or "", parts.port
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            tls = self._tls
            connection = http.client.HTTPSConnection(host, port, timeout=seconds, context=tls)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=seconds)
        late, opened = threading.Event(), list[socket.socket]()
        timer = threading.Timer(seconds, _cut, (opened, late))
        timer.daemon = True
        timer.start()
        try:
            connection.connect()
            opened.append(connection.sock)
            if late.is_set():  # nobody cuts this connection any more
                raise TimeoutError
            yield connection
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = f"no answer within {seconds:g} s" if late.is_set() else _said(error)
            raise UnavailableError(system_codes.SERVICE_DOWN.at(url, reason=reason)) from error
        finally:
            timer.cancel()
            connection.close()


def _concerns_one(status: int) -> bool:
    """Tell whether a service that answers so failed over this document, and may take another."""
    return status == _LOCKED or (status // 100 == 5 and status not in _DOWN)


def _cut(opened: list[socket.socket], late: threading.Event) -> None:
    late.set()
    for each in opened:
        with contextlib.suppress(OSError):  # it may be closed already
            each.shutdown(socket.SHUT_RDWR)


def _said(error: Exception) -> str:
    return one_line((str(error) or type(error).__name__).encode("utf-8", "replace"))


def _tls(settings: RestSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        facts = {"reason": f"{settings.ca_file}: {error.strerror or error}"}
        raise ConfigError(system_codes.SERVICE_DOWN.at(str(settings.ca_file), **facts)) from error
