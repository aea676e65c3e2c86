"""Bytes that were fetched once: small ones in memory, large ones in a file without a name."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import weakref
from typing import BinaryIO, Final

from connector.disk import write_all
from connector.model.content import BytesContent, Content

__all__ = ["Fetching"]

_IN_MEMORY: Final = 256 << 10


class _Nameless:
    """Content in a file that is gone with the process, whatever ends it."""

    __slots__ = ("__weakref__", "_descriptor", "_sha256", "_size")

    def __init__(self, descriptor: int, sha256: str, size: int) -> None:
        self._descriptor = descriptor
        self._sha256 = sha256
        self._size = size
        weakref.finalize(self, os.close, descriptor)

    @property
    def sha256(self) -> str:
        """Lower-case hex SHA-256 of the bytes."""
        return self._sha256

    @property
    def size(self) -> int:
        """Number of bytes."""
        return self._size

    def open(self) -> BinaryIO:
        """Return a new stream at the first byte."""
        return io.BufferedReader(_Window(self))

    def read_at(self, size: int, position: int) -> bytes:
        """Return bytes from a position; none at the end."""
        return os.pread(self._descriptor, size, position)


class _Window(io.RawIOBase):
    """One reader's own position in the content, which it keeps alive."""

    def __init__(self, content: _Nameless) -> None:
        self._content = content
        self._position = 0

    def readable(self) -> bool:
        """Tell that this can be read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer and return how many bytes it got."""
        data = self._content.read_at(len(buffer), self._position)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


class Fetching:
    """Takes chunks and becomes a Content; close it if it does not."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._small = bytearray()
        self._descriptor: int | None = None
        self.size = 0

    def take(self, chunk: bytes) -> None:
        """Add the next bytes."""
        self._digest.update(chunk)
        self.size += len(chunk)
        if self._descriptor is None and self.size <= _IN_MEMORY:
            self._small += chunk
            return
        if self._descriptor is None:
            self._descriptor = _new_file()
            chunk, self._small = bytes(self._small) + chunk, bytearray()
        write_all(self._descriptor, chunk)

    def content(self) -> Content:
        """Return what was taken."""
        if self._descriptor is None:
            return BytesContent(bytes(self._small))
        descriptor, self._descriptor = self._descriptor, None
        return _Nameless(descriptor, self._digest.hexdigest(), self.size)

    def close(self) -> None:
        """Forget what was taken, if it did not become a Content."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _new_file() -> int:
    descriptor, path = tempfile.mkstemp(prefix="connector-")
    os.unlink(path)  # noqa: PTH108 - the name must not outlive this line
    return descriptor
