"""As much AMQP 0-9-1 as it takes to find the broker's ceiling; not for use elsewhere."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote, urlsplit

__all__ = ["RawPublisher", "message_frames"]

_METHOD: Final = 1
_HEADER: Final = 2
_BODY: Final = 3
_HEARTBEAT: Final = 8
_END: Final = b"\xce"
_FRAME_MAX: Final = 131_072
_CHANNEL: Final = 1
_ACK: Final = (60, 80)
_BAD: Final = {(60, 50), (60, 120), (10, 50), (20, 40)}  # return, nack, closes
_PERSISTENT: Final = 2
_CONTENT_TYPE, _DELIVERY_MODE, _MESSAGE_ID, _TYPE, _USER_ID = (
    1 << 15,
    1 << 12,
    1 << 7,
    1 << 5,
    1 << 4,
)


def message_frames(body: bytes, receiver: str, user: str, number: str) -> list[bytes]:
    """Return the frames of one persistent, mandatory message to the exchange ``edoc``."""
    publish = struct.pack(">HHH", 60, 40, 0) + _short("edoc") + _short(receiver) + b"\x01"
    flags = _CONTENT_TYPE | _DELIVERY_MODE | _MESSAGE_ID | _TYPE | _USER_ID
    header = struct.pack(">HHQH", 60, 0, len(body), flags)
    header += _short("application/edxml+xml") + bytes([_PERSISTENT])
    header += _short(f"ceiling-{number}") + _short("document") + _short(user)
    room = _FRAME_MAX - 8
    parts = (body[at : at + room] for at in range(0, len(body), room))
    frames = [_frame(_BODY, _CHANNEL, part) for part in parts]
    return [_frame(_METHOD, _CHANNEL, publish) + _frame(_HEADER, _CHANNEL, header), *frames]


class RawPublisher:
    """One connection with confirms; at most `window` messages are unanswered."""

    def __init__(self, url: str, window: int) -> None:
        parts = urlsplit(url)
        self._window = window
        self._pending = b""
        self._socket = socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 5672))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open_tags: set[int] = set()
        self._sent = 0
        self._open(unquote(parts.username or ""), unquote(parts.password or ""), parts.path[1:])

    def publish(self, messages: Sequence[Sequence[bytes]]) -> float:
        """Publish all; return the seconds until the last confirm. Raises if one is refused."""
        begun = time.perf_counter()
        for frames in messages:
            while len(self._open_tags) >= self._window:
                self._take(self._next())
            for frame in frames:
                self._socket.sendall(frame)
            self._sent += 1
            self._open_tags.add(self._sent)
        while self._open_tags:
            self._take(self._next())
        return time.perf_counter() - begun

    def _open(self, user: str, password: str, vhost: str) -> None:
        self._socket.sendall(b"AMQP\x00\x00\x09\x01")
        self._expect(10, 10)
        login = struct.pack(">HHI", 10, 11, 0) + _short("PLAIN")
        login += _long(f"\0{user}\0{password}".encode()) + _short("en_US")
        self._send(0, login)
        self._expect(10, 30)
        self._send(0, struct.pack(">HHHIH", 10, 31, 16, _FRAME_MAX, 0))
        self._send(0, struct.pack(">HH", 10, 40) + _short(unquote(vhost)) + b"\x00\x00")
        self._expect(10, 41)
        self._send(_CHANNEL, struct.pack(">HH", 20, 10) + b"\x00")
        self._expect(20, 11)
        self._send(_CHANNEL, struct.pack(">HH", 85, 10) + b"\x00")
        self._expect(85, 11)

    def _send(self, channel: int, method: bytes) -> None:
        self._socket.sendall(_frame(_METHOD, channel, method))

    def _expect(self, group: int, method: int) -> None:
        payload = self._next()
        if struct.unpack_from(">HH", payload) != (group, method):
            raise ConnectionError(payload)

    def _take(self, payload: bytes) -> None:
        name = struct.unpack_from(">HH", payload)
        if name in _BAD:
            raise ConnectionError(payload)
        if name == _ACK:
            tag, multiple = struct.unpack_from(">QB", payload, 4)
            done = {other for other in self._open_tags if other <= tag} if multiple else {tag}
            self._open_tags -= done

    def _next(self) -> bytes:
        """Return the payload of the next method frame."""
        while True:
            kind, _, size = struct.unpack(">BHI", self._read(7))
            payload = self._read(size)
            self._read(1)
            if kind != _HEARTBEAT:
                return payload

    def _read(self, size: int) -> bytes:
        while len(self._pending) < size:
            data = self._socket.recv(65536)
            if not data:
                raise ConnectionError("closed")
            self._pending += data
        taken, self._pending = self._pending[:size], self._pending[size:]
        return taken


def _frame(kind: int, channel: int, payload: bytes) -> bytes:
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + _END


def _short(text: str) -> bytes:
    data = text.encode()
    return bytes([len(data)]) + data


def _long(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data
