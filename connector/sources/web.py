"""One request to a legacy web service: bounded in time and bytes, nothing followed, TLS checked.

A new connection for each request, closed after it: slower than keeping it, but nothing of one
answer reaches the next. Proxies of the environment are not used.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self
from urllib.parse import urlsplit

from connector.errors import ConfigError, Finding, UnavailableError
from connector.sources import remote_codes as codes
from connector.sources.files import Where

__all__ = ["Answer", "Request", "TooLargeError", "Web", "origin"]

_CHUNK: Final = 64 << 10
_PORTS: Final = MappingProxyType({"http": 80, "https": 443})
_AGENT: Final = "connector"


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked; headers may hold secrets and are shown nowhere."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers by lower-case name, and the bytes unless they went elsewhere."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class TooLargeError(Exception):
    """The answer has more bytes than allowed."""


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of an address; ValueError if it has none."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None:
        raise ValueError(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]


@dataclass(frozen=True, slots=True)
class Web:
    """A client of one service; `where` leads from a setting's name to its place."""

    timeout_seconds: float
    ca_file: Path | None
    where: Where

    def ask(
        self, request: Request, limit: int, take: Callable[[bytes], object] | None = None
    ) -> Answer:
        """Send a request and return the answer, whatever its status; a good body goes to `take`.

        Raises:
            UnavailableError: no answer, not a whole one, or not in time.
            ConfigError: the server sends elsewhere.
            TooLargeError: the body has more than `limit` bytes.
        """
        with self._connected(request.url) as (connection, deadline):
            try:
                answer = _exchange(connection, request, limit, take)
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise self._translated(error, deadline) from error
            if deadline.expired:  # a connection that was shut down can look like an answer's end
                raise self._translated(TimeoutError(), deadline)
            return answer

    @contextmanager
    def _connected(self, url: str) -> Iterator[tuple[http.client.HTTPConnection, _Deadline]]:
        scheme, host, port = origin(url)
        with _Deadline(self.timeout_seconds) as deadline:
            connection = http.client.HTTPConnection(host, port)
            try:
                try:
                    sock = socket.create_connection((host, port), self.timeout_seconds)
                    deadline.guard(sock)
                    connection.sock = self._encrypted(sock, host, deadline, scheme)
                except (OSError, ValueError) as error:
                    raise self._translated(error, deadline) from error
                yield connection, deadline
            finally:
                connection.close()

    def _encrypted(
        self, sock: socket.socket, host: str, deadline: _Deadline, scheme: str
    ) -> socket.socket:
        if scheme == "http":
            return sock
        try:
            wrapped = self._context().wrap_socket(
                sock, server_hostname=host, do_handshake_on_connect=False
            )
        except BaseException:
            sock.close()
            raise
        deadline.guard(wrapped)
        try:
            wrapped.do_handshake()
        except BaseException:
            wrapped.close()
            raise
        return wrapped

    def _context(self) -> ssl.SSLContext:
        """Return what checks certificates and names; there is no way to have it not check."""
        if self.ca_file is None:
            return ssl.create_default_context()
        try:
            return ssl.create_default_context(cafile=str(self.ca_file))
        except (OSError, ssl.SSLError) as error:
            reason = error.strerror or type(error).__name__
            finding = codes.SETTING_UNREADABLE.at(self.where("ca_file"), reason=reason)
            raise ConfigError(finding) from error

    def _translated(self, error: Exception, deadline: _Deadline) -> UnavailableError:
        place = self.where("url")
        if deadline.expired or isinstance(error, TimeoutError):
            seconds = f"{self.timeout_seconds:g}"
            return UnavailableError(codes.SERVER_SLOW.at(place, seconds=seconds))
        if isinstance(error, ssl.SSLCertVerificationError):
            reason = error.verify_message
            return UnavailableError(codes.SERVER_UNTRUSTED.at(place, reason=reason))
        return UnavailableError(codes.SERVER_FAILED.at(place, reason=_reason(error)))

    def redirected(self, answer: Answer) -> Finding:
        """Return what to say of an answer that sends elsewhere."""
        location = shown(answer.headers.get("location", "?"))
        return codes.REDIRECTED.at(self.where("url"), location=location)


class _Deadline:
    """Ends the connection when the time is over, however slowly its bytes drip."""

    def __init__(self, seconds: float) -> None:
        self._socket: socket.socket | None = None
        self.expired = False
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()

    def guard(self, sock: socket.socket) -> None:
        """Name the socket that is to be shut down."""
        self._socket = sock
        if self.expired:
            self._expire()

    def _expire(self) -> None:
        self.expired = True
        if self._socket is not None:
            try:
                # Of the plain class: that of TLS would change the object under its reader.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
            except OSError:
                return


def shown(text: str) -> str:
    """Return what a server wrote, short and printable."""
    return "".join(char if char.isprintable() else "�" for char in text[:200])


def _exchange(
    connection: http.client.HTTPConnection,
    request: Request,
    limit: int,
    take: Callable[[bytes], object] | None,
) -> Answer:
    parts = urlsplit(request.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {
        "Host": parts.netloc,
        "User-Agent": _AGENT,
        "Accept-Encoding": "identity",
        "Connection": "close",
        **request.headers,
    }
    connection.request(request.method, target, body=request.body, headers=headers)
    response = connection.getresponse()
    with response:
        found = {name.lower(): value for name, value in response.getheaders()}
        kept = bytearray()
        good = response.status == http.client.OK
        consume = take if take is not None and good else kept.extend
        _read(response, found, limit, consume)
    return Answer(response.status, MappingProxyType(found), bytes(kept))


def _read(
    response: http.client.HTTPResponse,
    headers: Mapping[str, str],
    limit: int,
    take: Callable[[bytes], object],
) -> None:
    """Read the body to its end; a cut one is an HTTPException."""
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise http.client.HTTPException("compressed, though that was not asked for")
    expected = response.length
    if expected is not None and expected > limit:
        raise TooLargeError
    found = 0
    while chunk := response.read(_CHUNK):
        found += len(chunk)
        if found > limit:
            raise TooLargeError
        take(chunk)
    if expected is not None and found != expected:
        raise http.client.HTTPException(f"{found} of {expected} bytes")


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return shown(str(text))
