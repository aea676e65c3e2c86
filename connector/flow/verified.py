"""What was in memory a moment ago and is wanted again: packets on their way in.

The bytes of a message are kept from the moment when they are in the spool until they are looked at,
and a verified document with them until it is delivered. They are those of which the spool took the
digest, so they need not be read and hashed again. What is not here any more, after a restart or
because there was too much, is read from the spool. The files of large packets lie in scratch
places, which are open files and take room on the disk until the document is delivered or gives way.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from connector.edxml.stored import Stored
from connector.flow.on_the_way import OnTheWay
from connector.model.content import BytesContent, Content
from connector.model.envelope import Document

__all__ = ["JustReceived", "JustVerified", "Known"]

_MOST_BYTES: Final = 32 << 20
_BESIDE_BYTES: Final = 32 << 10
"""About so much takes what a document says beside its files."""
_MOST_FILES: Final = 32
_MOST_DISK: Final = 256 << 20
_OVERTAKEN_FILES: Final = 64
_MOST_RECEIVED_BYTES: Final = 24 << 20
_SMALL: Final = 1 << 20
_STEP_SECONDS: Final = 0.02
_MOST_SECONDS: Final = 0.25


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
    """Keeps verified documents by message key until they are delivered, in their order.

    Those with open files are counted apart, by files and room on the disk. One of them may take
    any room while it is the only one: a very large packet need not be read a second time.
    """

    def __init__(
        self,
        limit_bytes: int = _MOST_BYTES,
        *,
        limit_files: int = _MOST_FILES,
        limit_disk: int = _MOST_DISK,
    ) -> None:
        self._in_memory: Final[OnTheWay[Known]] = OnTheWay(limit_bytes)
        self._on_disk: Final[OnTheWay[Known]] = OnTheWay(
            limit_disk, one_larger=True, overtaken=_OVERTAKEN_FILES
        )
        self._limit_files: Final = limit_files
        self._file_bytes: Final = limit_disk // limit_files

    def keep(self, message_key: str, known: Known) -> None:
        """Keep a document, in place of another by this key, as far as there is room."""
        self._in_memory.forget(message_key)
        self._on_disk.forget(message_key)
        open_files = known.open_files
        if not open_files:
            self._in_memory.keep(message_key, known, known.held + _BESIDE_BYTES)
        elif open_files <= self._limit_files:
            size = max(known.on_disk, open_files * self._file_bytes)
            self._on_disk.keep(message_key, known, size)

    def take(self, message_key: str) -> Known | None:
        """Return a document and forget it, None if it is not here."""
        return self._in_memory.take(message_key) or self._on_disk.take(message_key)

    def wait_for_room(self) -> None:
        """Wait for a moment while documents are delivered, rather than verify far ahead."""
        self._in_memory.wait_for_room(_STEP_SECONDS, _MOST_SECONDS)
        self._on_disk.wait_for_room(_MOST_SECONDS, _MOST_SECONDS)


class JustReceived(OnTheWay[bytes]):
    """Keeps the bytes of small messages by message key until they are looked at."""

    def __init__(self, limit_bytes: int = _MOST_RECEIVED_BYTES) -> None:
        super().__init__(limit_bytes)

    def receive(self, message_key: str, body: bytes) -> None:
        """Keep the bytes of a message that is durable, unless it is large or there is no room."""
        if len(body) <= _SMALL:
            self.keep(message_key, body, len(body))
