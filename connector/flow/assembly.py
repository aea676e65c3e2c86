"""Packets that come in parts: each part is durable before its ack, the whole is one message (G3).

Parts may come in any order, more than once, between those of other packets, and before and after
a restart. When all are there they are joined, by streaming, into the packet that the sender
signed; nothing is believed of it that is not believed of a packet in one piece. What never
becomes whole is removed in the end, or when its sender leaves too much unfinished, with an alarm.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from connector import crash
from connector.errors import Finding, StorageError
from connector.events import AlarmRaised
from connector.flow import codes
from connector.flow.crowding import GENEROUS, Room
from connector.flow.ledger import Ledger, Work
from connector.flow.part_headers import PartHeaders, read_part, without_part
from connector.model.states import InboxState
from connector.store import inbox, parts
from connector.store.inbox import InboxMessage, NewMessage
from connector.store.parts import Assembly, Piece
from connector.store.spool import Spool, Spooled

__all__ = ["Arrived", "Assembler", "Whole"]

_OPEN_AT_MOST: Final = 10_000
_UNSOUND: Final = frozenset({InboxState.QUARANTINED, InboxState.REFUSED})


@dataclass(frozen=True, slots=True)
class Whole:
    """A packet of which all parts were here, joined; `finding` says what is wrong with it."""

    message: NewMessage
    finding: Finding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """What came of one part.

    `complete` is the assembly that can be joined now, `finding` why the part is to be set aside,
    `known` the message of which it is a part sent again; `unneeded` that its file among the
    parts is not kept.
    """

    complete: str | None = None
    finding: Finding | None = None
    known: InboxMessage | None = None
    unneeded: bool = False


class Assembler:
    """Brings the parts of packets together; the receivers of a node share one.

    Parts lie in a spool of their own: in the common one a sender could make a part of his equal
    to a file to which something else refers.
    """

    def __init__(
        self,
        ledger: Ledger,
        spool: Spool,
        parts_spool: Spool,
        *,
        max_bytes: int,
        expire_seconds: float,
        room: Room = GENEROUS,
    ) -> None:
        self._ledger = ledger
        self._spool = spool
        self._parts = parts_spool
        self._max_bytes = max_bytes
        self._expire = dt.timedelta(seconds=expire_seconds)
        self._lock = threading.Lock()
        self._joining = threading.Lock()
        self._room = room
        self._gone: list[str] = []

    @contextmanager
    def joining(self) -> Iterator[None]:
        """Keep two receivers from joining the same parts, of which one then removes the files."""
        with self._joining:
            yield

    @contextmanager
    def receiving(self) -> Iterator[None]:
        """Keep files of parts from being removed between their writing and their row."""
        with self._lock:
            yield

    def put_many(self, bodies: Sequence[bytes]) -> list[Spooled]:
        """Make bodies of parts durable, apart from packets, to be taken then."""
        return self._parts.put_many(bodies)

    def take(self, work: Work, message: NewMessage) -> Arrived:
        """Note a part whose body is in the spool."""
        part = read_part(message, self._max_bytes)
        if isinstance(part, Finding):
            said = _said_before(work, message, part)
            return Arrived(finding=None if said else part, unneeded=True)
        known = _known(work, message, part)
        if known is not None:  # sent again: the packet is here, only its receipts may be missing
            return Arrived(known=known if part.number == 1 else None, unneeded=True)
        assembly = part.assembly(message)
        begun = parts.assembly(work.tx, assembly)
        if begun is not None and _too_much(work, begun, part, message):
            finding = codes.PART_UNUSABLE.at(reason=f"the parts have more than {part.size} bytes")
            said = _said_before(work, message, finding)
            return Arrived(finding=None if said else finding, unneeded=True)
        if begun is None:
            self._make_room(work, message, part)
        state = parts.add(
            work.tx,
            assembly=assembly,
            facts=_facts(message, part),
            number=part.number,
            of=part.count,
            size=message.body_size,
            sha256=message.body_sha256,
            now=work.now,
        )
        crash.point("receive.part_taken")
        if state.conflict:
            conflict = codes.PART_CONFLICT.at(number=part.number, parts=part.count)
            return Arrived(finding=conflict, unneeded=True)
        return Arrived(complete=None if state.missing else assembly)

    def _make_room(self, work: Work, message: NewMessage, part: PartHeaders) -> None:
        """Let go what a sender leaves unfinished beyond its room; files go after the commit."""
        unfinished = parts.open_assemblies(work.tx, _OPEN_AT_MOST)
        for each in self._room.giving_way(unfinished, message.user_id, part.size, work.now):
            self._gone += self.joined(work, each.assembly)
            missing, sender = each.parts - each.arrived, _sender(each)
            finding = codes.PARTS_CROWDED.at(missing=missing, parts=each.parts, sender=sender)
            work.record(_alarm(each, finding))

    def join(self, assembly: str) -> Whole | None:
        """Join the parts of a packet into one body of the spool; None if they are gone already."""
        with self._ledger.store.read() as tx:
            found, pieces = parts.assembly(tx, assembly), parts.pieces(tx, assembly)
        if found is None or len(pieces) != found.parts:
            return None
        body = self._spool.put_stream(_Joined(self._parts, pieces))
        message = _message(found.facts, body, self._ledger.clock.now())
        stated = int(found.facts["size"])
        if body.size != stated:
            return Whole(message, codes.PARTS_MISMATCH.at(found=body.size, stated=stated))
        return Whole(message)

    def joined(self, work: Work, assembly: str) -> list[str]:
        """Forget an assembly whose packet is in the inbox; return the digests of its parts."""
        digests = [piece.sha256 for piece in parts.pieces(work.tx, assembly)]
        parts.remove(work.tx, assembly)
        return digests

    def drop(self, digests: Iterable[str]) -> None:
        """Remove files of parts to which nothing refers any more."""
        wanted = set(digests)
        if not wanted and not self._gone:
            return
        with self._lock:
            wanted.update(self._gone)
            self._gone = []
            with self._ledger.store.read() as tx:
                unused = parts.unused(tx, sorted(wanted))
            crash.point("receive.parts_unneeded")
            for digest in unused:
                self._parts.remove(digest)
        crash.point("receive.parts_dropped")

    def complete(self) -> list[str]:
        """Return assemblies that were complete when the process ended."""
        with self._ledger.store.read() as tx:
            found = parts.open_assemblies(tx, _OPEN_AT_MOST)
        return [each.assembly for each in found if each.arrived == each.parts]

    def lost(self, assembly: str, error: StorageError) -> None:
        """Forget a packet of which a part is gone, with an alarm: it has to come again.

        Only a restored backup or somebody's hand can have taken the file away.
        """
        with self._ledger.work() as work:
            found = parts.assembly(work.tx, assembly)
            if found is None:
                return
            digests = self.joined(work, assembly)
            work.record(_alarm(found, error.findings[0]))
        self.drop(digests)

    def expire(self) -> int:
        """Remove what has waited too long for its other parts; return how many packets."""
        before = self._ledger.clock.now() - self._expire
        with self._ledger.store.read() as tx:
            old = [each for each in parts.expired(tx, before) if each.arrived < each.parts]
        if not old:
            return 0
        digests: list[str] = []
        with self._ledger.work() as work:
            for each in old:
                digests += self.joined(work, each.assembly)
                missing, sender = each.parts - each.arrived, _sender(each)
                finding = codes.PARTS_EXPIRED.at(missing=missing, parts=each.parts, sender=sender)
                work.record(_alarm(each, finding))
        self.drop(digests)
        return len(old)


def _too_much(work: Work, begun: Assembly, part: PartHeaders, message: NewMessage) -> bool:
    """Tell whether a new part makes a packet larger than announced; a copy of one does not."""
    if begun.arrived_bytes + message.body_size <= part.size:
        return False
    return all(piece.number != part.number for piece in parts.pieces(work.tx, begun.assembly))


class _Joined:
    """Parts of the spool as one stream."""

    def __init__(self, spool: Spool, pieces: Sequence[Piece]) -> None:
        self._bodies: Iterator[Spooled] = (spool.get(piece.sha256) for piece in pieces)
        self._stream: BinaryIO | None = None

    def read(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes, empty at the end."""
        while True:
            if self._stream is None:
                body = next(self._bodies, None)
                if body is None:
                    return b""
                self._stream = body.open()
            if data := self._stream.read(size):
                return data
            self._stream.close()
            self._stream = None


def _facts(message: NewMessage, part: PartHeaders) -> dict[str, Any]:
    return {
        "user_id": message.user_id,
        "message_id": message.message_id,
        "type": message.type,
        "queue": message.queue,
        "receiver": message.receiver,
        "headers": without_part(message.headers),
        "size": part.size,
    }


def _message(facts: dict[str, Any], body: Spooled, now: dt.datetime) -> NewMessage:
    return NewMessage(
        user_id=facts["user_id"],
        message_id=facts["message_id"],
        type=facts["type"],
        queue=facts["queue"],
        body_sha256=body.sha256,
        body_size=body.size,
        headers=facts["headers"],
        received_at=now,
        receiver=facts["receiver"],
    )


def _known(work: Work, message: NewMessage, part: PartHeaders) -> InboxMessage | None:
    """Return the packet in the inbox of which this is a part once more."""
    for row in _of_sender(work, message):
        same = row.headers.get("edoc-sha256") == part.digest and row.body_size == part.size
        if same and row.state not in _UNSOUND:
            return row
    return None


def _said_before(work: Work, message: NewMessage, finding: Finding) -> bool:
    """Tell whether another part of the same packet was set aside for the same reason."""
    return any(
        row.state is InboxState.QUARANTINED
        and [each.get("code") for each in row.findings] == [finding.code]
        for row in _of_sender(work, message)
    )


def _of_sender(work: Work, message: NewMessage) -> list[InboxMessage]:
    if not message.message_id:
        return []
    return [
        row
        for row in inbox.find(work.tx, text=message.message_id)
        if (row.message_id, row.user_id) == (message.message_id, message.user_id)
        and row.headers.get("edoc-receiver") == message.headers.get("edoc-receiver")
    ]


def _sender(found: Assembly) -> str:
    return str(found.facts.get("user_id"))


def _alarm(found: Assembly, finding: Finding) -> AlarmRaised:
    return AlarmRaised(
        packet_id=found.facts.get("message_id"),
        error_code=finding.code,
        reason=finding.en,
        sender=_sender(found),
    )
