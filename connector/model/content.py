"""The bytes of an attachment, known by digest and size before anyone reads them."""

from __future__ import annotations

import functools
import hashlib
import io
from dataclasses import dataclass
from typing import BinaryIO, Protocol

__all__ = ["BytesContent", "Content", "read_all"]


class Content(Protocol):
    """Bytes that can be opened as often as needed, always the same."""

    @property
    def sha256(self) -> str:
        """Lower-case hex SHA-256 of the bytes."""
        ...

    @property
    def size(self) -> int:
        """Number of bytes."""
        ...

    def open(self) -> BinaryIO:
        """Return a new stream at the first byte; the caller closes it."""
        ...


@dataclass(frozen=True)
class BytesContent:
    """Content that is already in memory."""

    data: bytes

    @functools.cached_property
    def sha256(self) -> str:
        """Lower-case hex SHA-256 of the bytes."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def size(self) -> int:
        """Number of bytes."""
        return len(self.data)

    def open(self) -> BinaryIO:
        """Return a new stream over the bytes."""
        return io.BytesIO(self.data)


def read_all(content: Content) -> bytes:
    """Return all bytes of a content whose size the caller has bounded."""
    with content.open() as stream:
        return stream.read()
