"""The bytes of what was sent, made again from recipe and spool, never whole where it is large.

Small packets that were sealed in this process just now are remembered as they were signed, so
that their bytes need not be made and hashed a second time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from connector.edxml.parser import DEFAULT_LIMITS, Limits
from connector.edxml.reader import read
from connector.errors import StorageError
from connector.flow.on_the_way import OnTheWay
from connector.model.content import Content
from connector.model.envelope import Envelope
from connector.model.packet import Part, Sealed, Whole
from connector.model.recipe import Checked, decode
from connector.store import codes as store_codes
from connector.store.outbox import OutboxPacket
from connector.store.spool import Spool

__all__ = ["Bodies", "Fresh"]

_REMEMBERED_BYTES: Final = 24 << 20
_READ_IN_MEMORY: Final = 1 << 20
_STEP_SECONDS: Final = 0.02
_MOST_SECONDS: Final = 0.25


@dataclass(slots=True)
class _Signed:
    recipe: bytes
    chunks: tuple[bytes, ...]
    uses: int


class Fresh:
    """The bytes of packets that were sealed a moment ago, as far as there is room for them.

    They are those over which the digest was taken, and are given out for the same recipe only.
    """

    def __init__(self, most_bytes: int = _REMEMBERED_BYTES) -> None:
        self._packets: Final[OnTheWay[_Signed]] = OnTheWay(most_bytes)

    def remember(self, sealed: Sealed, recipe: bytes, uses: int) -> None:
        """Keep a packet until it was asked for `uses` times, if it is small."""
        if sealed.signed is not None:
            size = sum(map(len, sealed.signed))
            self._packets.keep(sealed.packet_id, _Signed(recipe, sealed.signed, uses), size)

    def take(self, packet_id: str, recipe: bytes) -> tuple[bytes, ...] | None:
        """Return a packet's bytes in pieces, None if they are unknown or the recipe is another."""
        found = self._packets.look(packet_id)
        if found is None:
            return None
        found.uses -= 1
        if found.uses <= 0 or found.recipe != recipe:
            self._packets.take(packet_id)
        return found.chunks if found.recipe == recipe else None

    def wait_for_room(self) -> None:
        """Wait for a moment while packets are sent, rather than seal far ahead of that."""
        self._packets.wait_for_room(_STEP_SECONDS, _MOST_SECONDS)


class Bodies:
    """Finds the files of packets in the spool, and makes sure that they are still the same."""

    def __init__(self, spool: Spool, fresh: Fresh | None = None) -> None:
        self._spool = spool
        self._fresh = fresh or Fresh()

    def parts(self, packet: OutboxPacket, recipe: bytes) -> tuple[Part, ...]:
        """Return a packet's parts; StorageError if a file is gone or the recipe is damaged."""
        try:
            return decode(recipe, self._spool.get)
        except ValueError as error:
            raise _changed(packet, "unreadable") from error

    def chunks(self, packet: OutboxPacket, recipe: bytes) -> Iterator[bytes]:
        """Yield a packet's bytes in pieces; StorageError at the end if they are not the same."""
        parts = self.parts(packet, recipe)
        checked = Checked(parts)
        yield from checked.chunks()
        expected = _expected(packet, parts)
        if checked.digest != expected:
            raise _changed(packet, checked.digest)

    def pieces(self, packet: OutboxPacket, recipe: bytes) -> tuple[bytes, ...]:
        """Return all bytes of a packet that is small; StorageError as with `chunks`."""
        known = self._fresh.take(packet.packet_id, recipe)
        return tuple(self.chunks(packet, recipe)) if known is None else known

    def data(self, packet: OutboxPacket, recipe: bytes) -> bytes:
        """Return what `pieces` does, in one piece."""
        return b"".join(self.pieces(packet, recipe))

    def envelope(
        self, packet: OutboxPacket, recipe: bytes, limits: Limits = DEFAULT_LIMITS
    ) -> Envelope:
        """Return what a packet says: its size was allowed when it was sealed, and is still.

        A large one is read from a file; StorageError as with `chunks`, PermanentError if unclear.
        """
        source: bytes | Content
        if packet.body_size <= _READ_IN_MEMORY:
            source = self.data(packet, recipe)
        else:
            source = written = self._spool.scratch()
            for chunk in self.chunks(packet, recipe):
                written.write(chunk)
        allowed = replace(
            limits,
            max_bytes=max(limits.max_bytes, packet.body_size),
            max_attachment_bytes=max(limits.max_attachment_bytes, packet.body_size),
        )
        return read(source, limits=allowed, scratch=self._spool.scratch).envelope

    def check(self, packet: OutboxPacket, recipe: bytes) -> tuple[Part, ...]:
        """Return the parts of a packet of any size once all of it was read and compared."""
        for _ in self.chunks(packet, recipe):
            pass
        return self.parts(packet, recipe)


def _expected(packet: OutboxPacket, parts: tuple[Part, ...]) -> str:
    """Return the digest that the bytes must have: a packet that is one file bears its own."""
    if len(parts) == 1 and isinstance(parts[0], Whole):
        return parts[0].content.sha256
    return packet.digest


def _changed(packet: OutboxPacket, found: str) -> StorageError:
    place = f"packet {packet.packet_id}"
    return StorageError(store_codes.BODY_CHANGED.at(place, sha256=packet.digest, found=found))
