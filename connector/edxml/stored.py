"""Payloads as content: windows of larger contents, and files that need not outlive the process."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import BinaryIO, Final, Protocol

from connector.model.content import BytesContent, Content

__all__ = ["Gather", "NewScratch", "Scratch", "Shelf", "Stored", "window"]

_PIECE: Final = 1 << 20
_BUFFER: Final = 1 << 16
_TOGETHER: Final = 4 << 20


class Scratch(Protocol):
    """A place for bytes that need not outlive the process."""

    def write(self, data: bytes, /) -> object:
        """Append bytes."""
        ...

    def open(self) -> BinaryIO:
        """Return a new stream at the first byte; the caller closes it."""
        ...


@dataclass(frozen=True)
class Stored:
    """A part of something that can be opened again and again, as content of its own.

    The digest is computed when it is first asked for; nothing is held in memory.
    """

    source: Scratch | Content
    start: int
    size: int

    @cached_property
    def sha256(self) -> str:
        """Lower-case hex SHA-256 of the bytes."""
        digest = hashlib.sha256()
        with self.open() as stream:
            while block := stream.read(_PIECE):
                digest.update(block)
        return digest.hexdigest()

    def open(self) -> BinaryIO:
        """Return a new stream at the first byte; the caller closes it."""
        return io.BufferedReader(_Bounded(self.source.open(), self.start, self.size), _BUFFER)


class _Bounded(io.RawIOBase):
    """A part of a stream, as a stream of its own."""

    def __init__(self, stream: BinaryIO, start: int, size: int) -> None:
        self._stream: Final = stream
        self._start: Final = start
        self._size: Final = size
        self._at = 0
        if start:
            stream.seek(start)

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to a place of the part and return it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(base + offset, 0)
        self._stream.seek(self._start + self._at)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read into a buffer; 0 at the end."""
        got = self._stream.read(max(min(len(buffer), self._size - self._at), 0))
        buffer[: len(got)] = got
        self._at += len(got)
        return len(got)

    def close(self) -> None:
        """Close the stream below, too."""
        if not self.closed:
            self._stream.close()
        super().close()


def window(content: Content, start: int, size: int) -> Content:
    """Return `size` bytes of a content from `start` as a content; in memory if that one is."""
    if isinstance(content, BytesContent):
        return BytesContent(content.data[start : start + size])
    if isinstance(content, Stored):
        return Stored(content.source, content.start + start, size)
    return Stored(content, start, size)


NewScratch = Callable[[], Scratch]
"""Makes a scratch place."""


class Shelf:
    """Where the contents of one packet go, one after the other: however many, in one file.

    Small ones are held in memory while there is little of them; all the others lie in one scratch
    place, so that a packet costs one file, whatever it says.
    """

    def __init__(self, scratch: NewScratch) -> None:
        self._scratch: Final = scratch
        self._place: Scratch | None = None
        self._end = 0
        self._memory_left = _TOGETHER

    @classmethod
    def of(cls, scratch: NewScratch | None) -> Shelf | None:
        """Return a shelf if there is scratch room."""
        return None if scratch is None else cls(scratch)

    @property
    def in_memory(self) -> int:
        """Up to how many bytes the next content may be held in memory."""
        return min(_PIECE, self._memory_left)

    def hold(self, size: int) -> None:
        """Note that so many bytes are held in memory."""
        self._memory_left -= size

    def put(self, data: bytes) -> Stored:
        """Append bytes to the scratch place and return them as a content."""
        place = self._place = self._place or self._scratch()
        place.write(data)
        start, self._end = self._end, self._end + len(data)
        return Stored(place, start, len(data))


class Gather:
    """Takes one content piece by piece: in memory while it is small, beyond that on a shelf.

    Without a shelf all is held in memory. The content before it on the shelf has to be complete.
    """

    def __init__(self, shelf: Shelf | None) -> None:
        self._shelf = shelf
        self._pieces: list[bytes] = []
        self._start: Stored | None = None
        self.size = 0

    def take(self, data: bytes) -> None:
        """Append bytes."""
        self.size += len(data)
        self._pieces.append(data)
        shelf = self._shelf
        if shelf is None or (self._start is None and self.size <= shelf.in_memory):
            return
        for piece in self._pieces:
            stored = shelf.put(piece)
            self._start = self._start or stored
        self._pieces.clear()

    def content(self) -> Content:
        """Return all that was taken; asked once."""
        if self._start is not None:
            return replace(self._start, size=self.size)
        if self._shelf is not None:
            self._shelf.hold(self.size)
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        return BytesContent(data)
