"""Payloads as content: windows of larger contents, and files that need not outlive the process."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO, Final, Protocol

from connector.model.content import BytesContent, Content

__all__ = ["Gather", "NewScratch", "Scratch", "Stored", "window"]

_PIECE: Final = 1 << 20
_BUFFER: Final = 1 << 16


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


class Gather:
    """Takes bytes piece by piece: in memory up to a limit, beyond it in a scratch place."""

    def __init__(self, scratch: NewScratch | None, in_memory: int = _PIECE) -> None:
        self._scratch = scratch
        self._in_memory = in_memory
        self._pieces: list[bytes] = []
        self._file: Scratch | None = None
        self.size = 0

    @property
    def held(self) -> int:
        """Number of bytes in memory."""
        return 0 if self._file is not None else self.size

    def take(self, data: bytes) -> None:
        """Append bytes."""
        self.size += len(data)
        if self._file is None and self._scratch is not None and self.size > self._in_memory:
            self._file = self._scratch()
            for piece in self._pieces:
                self._file.write(piece)
            self._pieces.clear()
        if self._file is None:
            self._pieces.append(data)
        else:
            self._file.write(data)

    def content(self) -> Content:
        """Return all that was taken."""
        if self._file is not None:
            return Stored(self._file, 0, self.size)
        if len(self._pieces) == 1:
            return BytesContent(self._pieces[0])
        return BytesContent(b"".join(self._pieces))
