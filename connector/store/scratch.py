"""Bytes that are needed only while one document is worked on: in a file that has no name.

Nothing of it survives the process, however it ends, and nothing of it is synced.
"""

from __future__ import annotations

import hashlib
import io
import os
from typing import TYPE_CHECKING, Final, Self

from connector.disk import write_all
from connector.errors import Bug
from connector.store import codes
from connector.store.border import files

if TYPE_CHECKING:
    from types import TracebackType

    from _typeshed import WriteableBuffer
    from typing_extensions import Buffer

__all__ = ["Scratch"]

_BUFFER: Final = 1 << 16
_CLOSED: Final = -1


class Scratch:
    """Content that is first written, then read as often as needed, by one thread at a time.

    `Spool.scratch` makes it. Its room on the disk is free again once it and all of its streams
    are closed or dropped.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._size = 0
        self._digest = ""

    def write(self, data: Buffer) -> None:
        """Append bytes; StorageError if there is no room for them."""
        whole = memoryview(data).cast("B")
        self._digest = ""
        with files("scratch"):
            write_all(self._descriptor, whole, self._size)
        self._size += len(whole)

    @property
    def sha256(self) -> str:
        """Lower-case hex SHA-256 of what was written so far, taken when it is asked for.

        Nearly all scratch content is read in parts that have digests of their own.
        """
        if not self._digest:
            with self.open() as stream:
                self._digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return self._digest

    @property
    def size(self) -> int:
        """Number of bytes written so far."""
        return self._size

    def open(self) -> io.BufferedReader:
        """Return a new stream at the first byte; it may outlive the scratch content."""
        if self._descriptor == _CLOSED:
            raise Bug(codes.MISUSE.at(reason="a scratch content is read after it was closed"))
        with files("scratch"):
            return io.BufferedReader(_Reading(os.dup(self._descriptor)), _BUFFER)

    def close(self) -> None:
        """Let it go; streams that are open still read. Closing twice does nothing."""
        descriptor, self._descriptor = self._descriptor, _CLOSED
        if descriptor != _CLOSED:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


class _Reading(io.RawIOBase):
    """A stream with a place of its own in a file that others read too."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        with files("scratch"):
            got = os.preadv(self._descriptor, [buffer], self._at)
        self._at += got
        return got

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at}
        end = os.fstat(self._descriptor).st_size if whence == os.SEEK_END else 0
        self._at = max(0, start.get(whence, end) + offset)
        return self._at

    def close(self) -> None:
        if not self.closed:
            os.close(self._descriptor)
        super().close()
