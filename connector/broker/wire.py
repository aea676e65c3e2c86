"""What strangers may put into a message's properties must not cost us the connection.

pika fails on some values that the broker passes on, such as a timestamp of the year 10^11; the
message would come again with every new connection, for ever. Such a message is delivered without
its properties instead, so that it can be set aside.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Self

from pika import BasicProperties, SelectConnection, spec
from pika.frame import Header, Method

from connector.broker.message import Body

__all__ = [
    "UNREADABLE",
    "Pieces",
    "TolerantConnection",
    "framed",
    "plain_headers",
    "plain_text",
    "without_properties",
]

UNREADABLE: Final = "connector-unreadable-properties"
"""Header that stands for properties which could not be read."""

_MAX_DEPTH: Final = 6
_FRAME: Final = struct.Struct(">BHL")
_CONTENT: Final = struct.Struct(">HHQ")
_END: Final = bytes((spec.FRAME_END,))
_SMALL: Final = 16_384


class TolerantConnection(SelectConnection):
    """pika's connection, except that unreadable properties are left out."""

    def _read_frame(self) -> Any:
        try:
            return super()._read_frame()
        except Exception:  # whatever a decoder may raise on hostile bytes
            found = without_properties(self._frame_buffer)
            if found is None:
                raise
            return found

    def _send_message(
        self, channel_number: int, method_frame: Any, content: tuple[BasicProperties, bytes]
    ) -> None:
        """Write a message as pika does, but its body as it lies in memory, not copied thrice."""
        properties, body = content
        pieces = body.pieces if isinstance(body, Pieces) else (body,)
        size = sum(map(len, pieces))
        head = Method(channel_number, method_frame).marshal()
        head += Header(channel_number, size, properties).marshal()
        frames: list[Any] = list(framed(head, channel_number, pieces, self._body_max_length))
        self._output_marshaled_frames(frames)


class Pieces(bytes):
    """The body of a message in pieces; pika passes bytes on, whatever else they are."""

    pieces: tuple[bytes, ...]

    def __new__(cls, body: Body) -> Self:
        """Take a body as it lies in memory; the bytes of this object itself are none."""
        made = super().__new__(cls)
        made.pieces = (body,) if isinstance(body, bytes) else body
        return made


def framed(
    head: bytes, channel_number: int, pieces: Iterable[bytes], most: int
) -> Iterator[bytes | memoryview]:
    """Yield the bytes of a message: what stands before its body, then the body in frames.

    Large pieces of the body are views; what is small is joined to what stands before it.
    """
    views = [memoryview(piece) for piece in pieces]
    left, room, before = sum(map(len, views)), 0, head
    for whole in views:
        view = whole
        while view:
            if not room:
                room = min(most, left)
                before += _FRAME.pack(spec.FRAME_BODY, channel_number, room)
            piece, view = view[:room], view[room:]
            room, left = room - len(piece), left - len(piece)
            if len(piece) > _SMALL:
                yield from (before, piece) if before else (piece,)
                before = b""
            else:
                before += bytes(piece)
            if not room:
                before += _END
    yield before


def without_properties(data: bytes) -> tuple[int, Header] | None:
    """Return length and content of a header frame, None if another kind of frame comes first."""
    kind, channel, size = _FRAME.unpack_from(data)
    if kind != spec.FRAME_HEADER:
        return None
    _, _, body_size = _CONTENT.unpack_from(data, _FRAME.size)
    properties = BasicProperties(headers={UNREADABLE: True})  # type: ignore[no-untyped-call]
    length = spec.FRAME_HEADER_SIZE + size + spec.FRAME_END_SIZE
    return length, Header(channel, body_size, properties)


def plain_text(value: str | bytes | None) -> str | None:
    """Return a property as text; bytes that are no UTF-8 are written as escapes."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value


def plain_headers(headers: Mapping[str | bytes, Any] | None) -> dict[str, Any]:
    """Return headers as JSON can hold them: other types as text, deep nesting cut off."""
    return {str(plain_text(name)): _plain(value, 1) for name, value in (headers or {}).items()}


def _plain(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes):
        return plain_text(value)
    if depth >= _MAX_DEPTH:
        return "..."
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {str(plain_text(name)): _plain(item, depth + 1) for name, item in value.items()}
    return str(value)
