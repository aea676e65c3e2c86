"""Bytes of the broker → frames, each byte looked at and copied as seldom as can be.

pika reads a socket in pieces of 4 KiB, copies all that it has of a frame for each of them, and
what follows a frame once more for each frame. A message of 270 KB costs it 66 system calls, each
of which hands the interpreter to another thread and waits for it again, and megabytes of copying.
"""

from __future__ import annotations

from typing import Any, Final

from pika import frame, spec

from connector.broker.wire import TolerantConnection

__all__ = ["InflowConnection"]

_AT_ONCE: Final = 1 << 18
_PROTOCOL_HEADER: Final = b"AMQP"
_PROTOCOL_HEADER_BYTES: Final = 8
_SIZE_AT: Final = 3  # behind type and channel


class InflowConnection(TolerantConnection):
    """A connection that reads much at once and takes the frames of it apart where they lie."""

    def _proto_connection_made(self, transport: Any) -> None:
        transport._MAX_RECV_BYTES = _AT_ONCE  # noqa: SLF001 - its class knows no other way
        super()._proto_connection_made(transport)

    def _on_data_available(self, data_in: bytes) -> None:
        """Process all frames that are whole; what is left waits for the bytes behind it."""
        data = self._frame_buffer + data_in if self._frame_buffer else data_in
        at, end = 0, frame_end(data, 0)
        while end <= len(data):
            value = self._frame_of(data, at, end)
            self.bytes_received += end - at
            self._frame_buffer = b""  # whatever becomes of this frame, it was taken
            at, end = end, frame_end(data, end)
            try:
                self._process_frame(value)
            except BaseException:
                self._frame_buffer = data[at:]
                raise
        self._frame_buffer = data[at:]

    def _frame_of(self, data: bytes, at: int, end: int) -> Any:
        """Return one whole frame; that of a body is a view, joined once the message is whole."""
        if data[at] == spec.FRAME_BODY:
            view: Any = memoryview(data)[at:end]  # pika only joins what stands in it
            return frame.decode_frame(view)[1]
        self._frame_buffer = data[at:end]
        return self._read_frame()[1]


def frame_end(data: bytes, at: int) -> int:
    """Return where the frame ends that begins at a place: beyond the data if it is not whole."""
    if data.startswith(_PROTOCOL_HEADER, at):
        return at + _PROTOCOL_HEADER_BYTES
    if len(data) - at < spec.FRAME_HEADER_SIZE:
        return len(data) + 1
    size = int.from_bytes(data[at + _SIZE_AT : at + spec.FRAME_HEADER_SIZE], "big")
    return at + spec.FRAME_HEADER_SIZE + size + spec.FRAME_END_SIZE
