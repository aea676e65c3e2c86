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
from connector.model.content import BytesContent, Content
from connector.model.envelope import Document

__all__ = ["JustReceived", "JustVerified", "Known"]

_AT_MOST: Final = 128
_MOST_BYTES: Final = 32 << 20
_MOST_FILES: Final = 32
_MOST_DISK: Final = 64 << 20
_MOST_RECEIVED_BYTES: Final = 24 << 20
_SMALL: Final = 1 << 20
_OVERTAKEN: Final = 512


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


class JustReceived:
    """Keeps the bytes of small messages by message key, bounded in memory.

    What comes when there is no room is not kept: messages are looked at in the order in which
    they came, so the oldest are wanted next. One that hundreds have overtaken is not wanted any
    more: an operator has put it aside.
    """

    def __init__(self, limit_bytes: int = _MOST_RECEIVED_BYTES) -> None:
        self._limit = limit_bytes
        self._changed = threading.Condition()
        self._kept: dict[str, tuple[bytes, int]] = {}
        self._bytes = 0
        self._taken = 0

    def keep(self, message_key: str, body: bytes) -> None:
        """Keep the bytes of a message that is durable, unless it is large or there is no room."""
        size = len(body)
        with self._changed:
            self._drop(message_key)
            if size <= _SMALL and self._bytes + size <= self._limit:
                self._bytes += size
                self._kept[message_key] = body, self._taken

    def take(self, message_key: str) -> bytes | None:
        """Return the bytes of a message and forget them, None if they are not here."""
        with self._changed:
            had_room = self._has_room()
            body = self._drop(message_key)
            if body is not None:
                self._taken += 1
                if self._has_room() and not had_room:  # to wake somebody for each would cost more
                    self._changed.notify_all()
            return body

    def wait_for_room(self, seconds: float) -> None:
        """Wait until most are gone; no longer once nobody took one for so many seconds.

        Whoever receives faster than others look at messages gains nothing by going ahead.
        """
        with self._changed:
            self._drop_overtaken()
            while not self._has_room():
                before = self._taken
                if not self._changed.wait(seconds) and self._taken == before:
                    return

    def _has_room(self) -> bool:
        return 3 * self._bytes <= self._limit

    def _drop_overtaken(self) -> None:
        while self._kept:
            oldest, (_, taken_before) = next(iter(self._kept.items()))
            if self._taken - taken_before < _OVERTAKEN:
                return
            self._drop(oldest)

    def _drop(self, message_key: str) -> bytes | None:
        body, _ = self._kept.pop(message_key, (None, 0))
        self._bytes -= len(body or b"")
        return body
