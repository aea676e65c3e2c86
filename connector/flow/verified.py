"""Documents that were just verified, kept for the moment until they are delivered.

What is not here any more, after a restart or because there was too much, is read from the spool
again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

from connector.model.content import BytesContent
from connector.model.envelope import Document

__all__ = ["JustVerified"]

_AT_MOST: Final = 64
_MOST_BYTES: Final = 16 << 20


class JustVerified:
    """Keeps the newest verified documents by message key, bounded in number and memory."""

    def __init__(self, limit: int = _AT_MOST, limit_bytes: int = _MOST_BYTES) -> None:
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._bytes = 0

    def keep(self, message_key: str, document: Document) -> None:
        """Keep a document; the oldest ones give way."""
        with self._lock:
            self._drop(message_key)
            self._kept[message_key] = document
            self._bytes += _held(document)
            while self._kept and (len(self._kept) > self._limit or self._bytes > self._limit_bytes):
                self._drop(next(iter(self._kept)))

    def take(self, message_key: str) -> Document | None:
        """Return a document and forget it, None if it is not here."""
        with self._lock:
            return self._drop(message_key)

    def _drop(self, message_key: str) -> Document | None:
        document = self._kept.pop(message_key, None)
        if document is not None:
            self._bytes -= _held(document)
        return document


def _held(document: Document) -> int:
    """Return about how many bytes of memory a document takes."""
    contents = (attachment.content for attachment in document.attachments)
    return sum(each.size for each in contents if isinstance(each, BytesContent))
