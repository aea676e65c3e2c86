"""What was in memory a moment ago and is wanted again: packets on their way in.

The bytes of a message are kept from the moment when they are in the spool until they are looked at,
and a verified document with them until it is delivered. They are those of which the spool took the
digest, so they need not be read and hashed again. What is not here any more, after a restart or
because there was too much, is read from the spool. The files of large packets lie in scratch
places, which are open files and take room on the disk until the document is delivered or gives way.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from connector.edxml.stored import Stored
from connector.flow.on_the_way import OnTheWay
from connector.model.content import BytesContent, Content
from connector.model.envelope import Document

__all__ = ["JustReceived", "JustVerified", "Known"]

_AT_MOST: Final = 128
_MOST_BYTES: Final = 32 << 20
_MOST_FILES: Final = 32
_MOST_DISK: Final = 64 << 20
_MOST_RECEIVED_BYTES: Final = 24 << 20
_SMALL: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Known:
    """A document that was verified, and its packet as it was received, if that is small.

    `as_of` is when its file was written: one that was written since is another matter.
    """

    document: Document
    packet: bytes | None = None
    as_of: dt.datetime | None = None

    @property
    def held(self) -> int:
        """About how many bytes of memory it takes."""
        files = sum(each.size for each in self._contents() if isinstance(each, BytesContent))
        return files + len(self.packet or b"")

    @property
    def open_files(self) -> int:
        """How many files it keeps open; those of a packet may share one."""
        outside = (each for each in self._contents() if not isinstance(each, BytesContent))
        return len({id(each.source if isinstance(each, Stored) else each) for each in outside})

    @property
    def on_disk(self) -> int:
        """About how many bytes it takes on the disk, the packet in the spool aside."""
        return sum(each.size for each in self._contents() if not isinstance(each, BytesContent))

    def _contents(self) -> Iterator[Content]:
        return (attachment.content for attachment in self.document.attachments)


class JustVerified:
    """Keeps the newest verified documents by message key.

    Bounded in number, memory, open files and room on the disk; only of the last the newest may
    take more, so that a very large packet need not be read a second time.
    """

    def __init__(
        self,
        limit: int = _AT_MOST,
        limit_bytes: int = _MOST_BYTES,
        *,
        limit_files: int = _MOST_FILES,
        limit_disk: int = _MOST_DISK,
    ) -> None:
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._limit_files = limit_files
        self._limit_disk = limit_disk
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Known] = OrderedDict()
        self._with_files: dict[str, Known] = {}
        self._bytes = 0

    def keep(self, message_key: str, known: Known) -> None:
        """Keep a document; the oldest ones give way."""
        open_files = known.open_files
        with self._lock:
            self._drop(message_key)
            if open_files > self._limit_files:
                return
            self._kept[message_key] = known
            self._bytes += known.held
            if open_files:
                self._with_files[message_key] = known
            while self._kept and (len(self._kept) > self._limit or self._bytes > self._limit_bytes):
                self._drop(next(iter(self._kept)))
            while self._too_much_on_disk():
                self._drop(next(iter(self._with_files)))

    def take(self, message_key: str) -> Known | None:
        """Return a document and forget it, None if it is not here."""
        with self._lock:
            return self._drop(message_key)

    def _too_much_on_disk(self) -> bool:
        known = self._with_files.values()
        if len(known) < 2:
            return False
        open_files = sum(each.open_files for each in known)
        return open_files > self._limit_files or (
            sum(each.on_disk for each in known) > self._limit_disk
        )

    def _drop(self, message_key: str) -> Known | None:
        known = self._kept.pop(message_key, None)
        self._with_files.pop(message_key, None)
        if known is not None:
            self._bytes -= known.held
        return known


class JustReceived(OnTheWay[bytes]):
    """Keeps the bytes of small messages by message key until they are looked at."""

    def __init__(self, limit_bytes: int = _MOST_RECEIVED_BYTES) -> None:
        super().__init__(limit_bytes)

    def receive(self, message_key: str, body: bytes) -> None:
        """Keep the bytes of a message that is durable, unless it is large or there is no room."""
        if len(body) <= _SMALL:
            self.keep(message_key, body, len(body))
