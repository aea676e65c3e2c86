"""Packets that come in parts: each part is durable before its ack, the whole is one message (G3).

Parts may come in any order, more than once, between those of other packets, and before and after
a restart. Each is written behind what is recorded of its packet, so that the file is the packet
which the sender signed if they came in their order; else they are joined by streaming. Nothing is
believed of it that is not believed of a packet in one piece. What never becomes whole is removed in
the end, or when its sender leaves too much unfinished, with an alarm.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from connector import crash
from connector.errors import Finding, StorageError
from connector.events import AlarmRaised
from connector.flow import codes
from connector.flow.containment import concerns_one_body
from connector.flow.crowding import GENEROUS, Room
from connector.flow.ledger import Ledger, Work
from connector.flow.part_headers import PartHeaders, read_part, without_part
from connector.model.states import InboxState
from connector.store import inbox, parts
from connector.store.codes import PARTS_GONE
from connector.store.inbox import InboxMessage, NewMessage
from connector.store.part_files import Fragment, PartFiles, end_of
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
    `known` the message of which it is a part sent again; `unneeded` the assembly in whose file it
    stands without being needed.
    """

    complete: str | None = None
    finding: Finding | None = None
    known: InboxMessage | None = None
    unneeded: str | None = None


class Assembler:
    """Brings the parts of packets together; the receivers of a node share one.

    Their files lie apart from the spool: there a sender could make a part of his equal to a file to
    which something else refers. What an older version took, each part by its digest, is there, too.
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
        self._older = parts_spool
        self._files = PartFiles(parts_spool.directory)
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

    def stage(self, messages: Sequence[tuple[NewMessage, bytes]]) -> list[int | None]:
        """Make the bodies of parts durable before they are taken; return where they stand.

        None stands for what is not written, because it is here or will be refused.
        """
        held: dict[str, _Held] = {}
        fragments: list[Fragment | None] = []
        for message, body in messages:
            part = read_part(message, self._max_bytes)
            if isinstance(part, Finding):
                fragments.append(None)
                continue
            assembly = part.assembly(message)
            if assembly not in held:
                held[assembly] = self._held(assembly)
            fragments.append(held[assembly].place(assembly, part, body))
        self._files.write_many([each for each in fragments if each is not None])
        return [None if each is None else each.start for each in fragments]

    def _held(self, assembly: str) -> _Held:
        """Return what a file holds; what somebody took away is forgotten with an alarm."""
        with self._ledger.store.read() as tx:
            recorded = parts.pieces(tx, assembly)
        if recorded and not self._files.has(assembly, recorded):
            self._forget(assembly, self._missing(assembly))
            recorded = []
        return _Held(end_of(recorded), {piece.number for piece in recorded})

    def take(self, work: Work, message: NewMessage, body: bytes, start: int | None) -> Arrived:
        """Note a part whose body was staged."""
        part = read_part(message, self._max_bytes)
        if isinstance(part, Finding):
            said = _said_before(work, message, part)
            return Arrived(finding=None if said else part)
        assembly = part.assembly(message)
        known = _known(work, message, part)
        if known is not None:  # sent again: the packet is here, only its receipts may be missing
            return Arrived(known=known if part.number == 1 else None, unneeded=assembly)
        begun = parts.assembly(work.tx, assembly)
        before = None if begun is None else parts.piece(work.tx, assembly, part.number)
        if begun is not None and before is not None:
            if self._is(before, assembly, body):
                return Arrived(complete=None if begun.arrived < begun.parts else assembly)
            return Arrived(finding=codes.PART_CONFLICT.at(number=part.number, parts=part.count))
        if begun is not None and begun.arrived_bytes + message.body_size > part.size:
            finding = codes.PART_UNUSABLE.at(reason=f"the parts have more than {part.size} bytes")
            said = _said_before(work, message, finding)
            return Arrived(finding=None if said else finding)
        if begun is None:
            self._make_room(work, message, part)
        start = self._written(work, assembly, body) if start is None else start
        piece = Piece(part.number, start, len(body))
        facts = _facts(message, part)
        missing = parts.add(work.tx, assembly, piece, of=part.count, facts=facts, now=work.now)
        crash.point("receive.part_taken")
        return Arrived(complete=None if missing else assembly)

    def _is(self, piece: Piece, assembly: str, body: bytes) -> bool:
        """Tell whether a part is this one; one that is gone is missed when they are joined."""
        if piece.start is None:
            return hashlib.sha256(body).hexdigest() == piece.sha256
        try:
            there = self._files.holds(Fragment(assembly, piece.start, body))
        except StorageError as error:
            if not concerns_one_body(error):
                raise
            return True
        return there and len(body) == piece.size

    def _written(self, work: Work, assembly: str, body: bytes) -> int:
        """Write a part that was not staged, for then it was here: its packet has given way since.

        Should this transaction fail, it has not: nothing that is in the file is touched.
        """
        start = max(end_of(parts.pieces(work.tx, assembly)), self._files.size(assembly))
        self._files.write_many([Fragment(assembly, start, body)])
        return start

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
        body = self._body(assembly, pieces)
        message = _message(found.facts, body, self._ledger.clock.now())
        stated = int(found.facts["size"])
        if body.size != stated:
            return Whole(message, codes.PARTS_MISMATCH.at(found=body.size, stated=stated))
        return Whole(message)

    def _body(self, assembly: str, pieces: Sequence[Piece]) -> Spooled:
        if self._files.is_whole(assembly, pieces):
            return self._spool.adopt(self._files.place(assembly))
        if not self._files.has(assembly, pieces):
            raise StorageError(self._missing(assembly))
        return self._spool.put_stream(_Joined(self._streams(assembly, pieces)))

    def _missing(self, assembly: str) -> Finding:
        place = self._files.place(assembly)
        return PARTS_GONE.at(place, path=place)

    def _streams(self, assembly: str, pieces: Sequence[Piece]) -> Iterator[tuple[BinaryIO, int]]:
        """Yield a stream for each part and how much of it belongs to that."""
        for piece in pieces:
            if piece.start is None:
                yield self._older.get(piece.sha256).open(), piece.size
            else:
                stream = self._files.open(assembly)
                stream.seek(piece.start)
                yield stream, piece.size

    def joined(self, work: Work, assembly: str) -> list[str]:
        """Forget an assembly whose packet is in the inbox; return the names of its files."""
        older = [piece.sha256 for piece in parts.pieces(work.tx, assembly) if piece.sha256]
        parts.remove(work.tx, assembly)
        return [assembly, *older]

    def drop(self, names: Iterable[str]) -> None:
        """Remove files of parts to which nothing refers any more."""
        wanted = set(names)
        if not wanted and not self._gone:
            return
        with self._lock:
            wanted.update(self._gone)
            self._gone = []
            with self._ledger.store.read() as tx:
                unused = parts.unused(tx, sorted(wanted))
            crash.point("receive.parts_unneeded")
            for name in unused:
                self._older.remove(name)
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
        self.drop(self._forget(assembly, error.findings[0]))

    def _forget(self, assembly: str, why: Finding) -> list[str]:
        with self._ledger.work() as work:
            found = parts.assembly(work.tx, assembly)
            if found is None:
                return []
            names = self.joined(work, assembly)
            work.record(_alarm(found, why))
        return names

    def expire(self) -> int:
        """Remove what has waited too long for its other parts; return how many packets."""
        before = self._ledger.clock.now() - self._expire
        with self._ledger.store.read() as tx:
            old = [each for each in parts.expired(tx, before) if each.arrived < each.parts]
        if not old:
            return 0
        names: list[str] = []
        with self._ledger.work() as work:
            for each in old:
                names += self.joined(work, each.assembly)
                missing, sender = each.parts - each.arrived, _sender(each)
                finding = codes.PARTS_EXPIRED.at(missing=missing, parts=each.parts, sender=sender)
                work.record(_alarm(each, finding))
        self.drop(names)
        return len(old)


@dataclass(slots=True)
class _Held:
    """What the file of an assembly holds: up to where, and which parts."""

    end: int
    numbers: set[int]

    def place(self, assembly: str, part: PartHeaders, body: bytes) -> Fragment | None:
        """Return where a part belongs; None if it is here, or more than was announced."""
        if part.number in self.numbers or self.end + len(body) > part.size:
            return None
        self.numbers.add(part.number)
        start, self.end = self.end, self.end + len(body)
        return Fragment(assembly, start, body)


class _Joined:
    """Parts as one stream, each of them as long as its stream is said to be."""

    def __init__(self, streams: Iterator[tuple[BinaryIO, int]]) -> None:
        self._streams: Final = streams
        self._stream: BinaryIO = io.BytesIO()
        self._left = 0

    def read(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes, empty at the end."""
        while True:
            if data := self._stream.read(self._left if size < 0 else min(size, self._left)):
                self._left -= len(data)
                return data
            self._stream.close()
            following = next(self._streams, None)
            if following is None:
                return b""
            self._stream, self._left = following


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
