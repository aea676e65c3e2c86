"""The independent checker: sources on one side, sinks and timelines on the other.

It shares no code with the connector (a test sees to that) and believes no counter of it. It says
of every document whether it was lost, duplicated, altered, is out of state or unanswered::

    python -m tests.fault.checker WORLD.JSON
"""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.fault.evidence import (
    Agency,
    Copy,
    Row,
    World,
    broken_links,
    digest_of,
    packet_facts,
    query,
    read_exports,
    sent_bodies,
    sink_copies,
)

__all__ = ["KINDS", "Fault", "Verdict", "check", "open_work"]

KINDS: Final = ("lost", "duplicated", "altered", "out of state", "unanswered")
_ANSWERED: Final = frozenset({"accepted", "assigned", "processing", "finished"})
_ENDED: Final = _ANSWERED | {"refused", "returned", "recalled"}
_OPEN_OUTBOX: Final = ("queued", "unconfirmed", "blocked")
_ON_THE_WAY: Final = ("sent", "arrived", "recall requested")
_ONCE: Final = ("document_verified", "document_delivered")
_DOCUMENTS: Final = frozenset({0, 3})


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it was promised."""

    kind: str
    agency: str
    document: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.agency} {self.document}: {self.detail}"


@dataclass(slots=True)
class Verdict:
    """What was looked at, and everything that is wrong with it."""

    documents: int = 0
    deliveries: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    def counts(self) -> dict[str, int]:
        """Return how many faults of each kind there are."""
        found = Counter(fault.kind for fault in self.faults)
        return {kind: found[kind] for kind in KINDS}


@dataclass(frozen=True, slots=True)
class _Side:
    """One agency with all that was read of it."""

    agency: Agency
    packets: Sequence[Mapping[str, Any]]
    deliveries: Mapping[str, Sequence[Mapping[str, Any]]]
    inbox: Mapping[str, Sequence[Mapping[str, Any]]]
    events: Mapping[str, Counter[str]]
    receipts: Mapping[str, Sequence[Mapping[str, Any]]]
    copies: Sequence[Copy]
    bodies: Mapping[str, bytes | None]
    refused: Mapping[str, str]


def open_work(world: World, codes: Collection[str] | None = None) -> int:
    """Return how much is still under way, or waits for an answer."""
    states = ", ".join(f"'{state}'" for state in (*_OPEN_OUTBOX, *_ON_THE_WAY))
    outgoing = f"SELECT count(*) AS n FROM delivery WHERE kind = 'document' AND state IN ({states})"  # noqa: S608
    answers = (
        "SELECT count(*) AS n FROM delivery WHERE state IN ('queued', 'unconfirmed', 'blocked')"
    )
    incoming = (
        "SELECT count(*) AS n FROM inbox_message WHERE state IN ('received', 'verified', 'held')"
    )
    return sum(
        row["n"]
        for agency in world.agencies.values()
        if codes is None or agency.code in codes
        for statement in (outgoing, answers, incoming)
        for row in query(agency.database, statement)
    )


def check(world: World, *, only: Collection[str] | None = None, settled: bool = True) -> Verdict:
    """Compare everything, or only some documents by their ids.

    While documents are under way (`settled` is False) nothing counts as lost or unanswered yet.
    """
    verdict = Verdict()
    packets = None if only is None else _packets_of(world, only)
    sides = {code: _read(agency, only, packets) for code, agency in world.agencies.items()}
    rows = [row for agency in world.agencies.values() for row in read_exports(agency)]
    if only is not None:
        rows = [row for row in rows if row.document_id in only]
    by_id: dict[tuple[str, str, int], list[Row]] = {}
    for row in rows:
        by_id.setdefault((row.agency, row.document_id, row.business_type), []).append(row)
    for same in by_id.values():
        verdict.documents += 1
        verdict.faults += _source_faults(same, sides, settled=settled)
    for side in sides.values():
        verdict.deliveries += sum(map(len, side.deliveries.values()))
        verdict.faults += _delivery_faults(side, sides, settled=settled)
        verdict.faults += _sink_faults(side, sides)
        verdict.faults += _inbox_faults(side, settled=settled)
        if only is None:
            verdict.faults += _chain_faults(side.agency)
            verdict.faults += _spool_faults(side.agency)
    return verdict


def _packets_of(world: World, only: Collection[str]) -> set[str]:
    """Return under which ids documents went out or came in, at whatever agency."""
    marks = ", ".join("?" * len(only))
    return {
        row["packet_id"]
        for agency in world.agencies.values()
        for table in ("outbox_packet", "inbox_message")
        for row in query(
            agency.database,
            f"SELECT packet_id FROM {table} WHERE document_id IN ({marks})"  # noqa: S608 - only marks
            " AND packet_id IS NOT NULL",
            *only,
        )
    }


def _read(agency: Agency, only: Collection[str] | None, wanted: Collection[str] | None) -> _Side:
    marks = ""
    values: tuple[str, ...] = ()
    if only is not None:
        marks, values = f" AND document_id IN ({', '.join('?' * len(only))})", tuple(only)
    packets = query(
        agency.database,
        f"SELECT * FROM outbox_packet WHERE kind = 'document'{marks}",  # noqa: S608 - only marks
        *values,
    )
    inbox: dict[str, list[Mapping[str, Any]]] = {}
    received = f"SELECT * FROM inbox_message WHERE kind = 'document'{marks}"  # noqa: S608
    for row in query(agency.database, received, *values):
        inbox.setdefault(row["packet_id"] or row["message_key"], []).append(row)
    ids = sorted({*(packet["packet_id"] for packet in packets), *inbox})
    return _Side(
        agency=agency,
        packets=packets,
        deliveries=_by_packet(agency, "delivery", "packet_id", ids),
        inbox=inbox,
        events=_events(agency, ids),
        receipts=_by_packet(agency, "inbox_receipt", "answers_packet_id", ids),
        copies=sink_copies(agency, wanted),
        bodies=sent_bodies(agency, wanted),
        refused={
            row["place"]: row["findings"]
            for row in query(agency.database, "SELECT place, findings FROM source_refused")
        },
    )


def _by_packet(
    agency: Agency, table: str, column: str, ids: Sequence[str]
) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        marks = ", ".join("?" * len(some))
        statement = f"SELECT * FROM {table} WHERE {column} IN ({marks})"  # noqa: S608 - our names
        for row in query(agency.database, statement, *some):
            found.setdefault(row[column], []).append(row)
    return found


def _events(agency: Agency, ids: Sequence[str]) -> dict[str, Counter[str]]:
    rows = _by_packet(agency, "journal", "packet_id", ids)
    return {key: Counter(row["event"] for row in entries) for key, entries in rows.items()}


def _source_faults(
    rows: Sequence[Row], sides: Mapping[str, _Side], *, settled: bool
) -> Iterator[Fault]:
    """Compare what one document's rows ask for with the packets that they became."""
    row = rows[-1]
    side = sides[row.agency]
    found = [
        packet
        for packet in side.packets
        if packet["document_id"] == row.document_id and packet["business_type"] == row.business_type
    ]
    if row.secret:
        if found:
            yield Fault("altered", row.agency, row.document_id, "a state secret was packaged")
        return
    refused = any(place.endswith(one.place) for one in rows for place in side.refused)
    if not found:
        if settled and not refused:
            yield Fault(
                "lost", row.agency, row.document_id, f"{row.place}: neither taken nor refused"
            )
        return
    if len(found) > 1:
        ids = ", ".join(packet["packet_id"] for packet in found)
        yield Fault("duplicated", row.agency, row.document_id, f"several packets: {ids}")
    packet = found[0]
    receivers = {delivery["receiver"] for delivery in side.deliveries.get(packet["packet_id"], ())}
    for missing in sorted(set(row.receivers) - receivers):
        yield Fault("lost", row.agency, row.document_id, f"no delivery to {missing}")
    for extra in sorted(receivers - set(row.receivers)):
        yield Fault("altered", row.agency, row.document_id, f"delivery to {extra}, not in the row")
    yield from _packet_faults(row, side, packet)


def _packet_faults(row: Row, side: _Side, packet: Mapping[str, Any]) -> Iterator[Fault]:
    body = side.bodies.get(packet["packet_id"])
    if body is None:
        detail = f"packet {packet['packet_id']} is not in the spool as it was signed"
        yield Fault("altered", row.agency, row.document_id, detail)
        return
    facts = packet_facts(body)
    wanted = {
        "DocumentId": row.document_id,
        "Subject": row.subject,
        "files": sorted(row.files.values()),
    }
    for name, value in wanted.items():
        if facts.get(name) != value:
            yield Fault("altered", row.agency, row.document_id, f"{name}: {facts.get(name)!r}")


def _delivery_faults(side: _Side, sides: Mapping[str, _Side], *, settled: bool) -> Iterator[Fault]:
    """Compare what a sender knows of its packets with what lies at the receivers."""
    for packet in side.packets:
        seen = side.events.get(packet["packet_id"], Counter())["document_sealed"]
        if seen != 1:
            yield _fault("out of state", side, packet, f"sealed {seen} times in the journal")
        for delivery in side.deliveries.get(packet["packet_id"], ()):
            receiver = sides.get(delivery["receiver"])
            if receiver is not None:
                yield from _one_delivery(side, packet, delivery, receiver, settled=settled)
            elif settled and delivery["state"] not in _ENDED:
                to = f"to {delivery['receiver']}, whom nobody knows, in state {delivery['state']}"
                yield _fault("lost", side, packet, to)


def _one_delivery(
    side: _Side,
    packet: Mapping[str, Any],
    delivery: Mapping[str, Any],
    receiver: _Side,
    *,
    settled: bool,
) -> Iterator[Fault]:
    state, packet_id = delivery["state"], packet["packet_id"]
    to = f"to {receiver.agency.code} in state {state}"
    copies = [copy for copy in receiver.copies if copy.packet_id == packet_id]
    same = [copy for copy in receiver.copies if copy.document_id == packet["document_id"]]
    if packet["business_type"] in _DOCUMENTS:
        originals = {copy.packet_id for copy in same} - {packet_id}
        others = [each for each in originals if _type_of(receiver, each) == packet["business_type"]]
        if len(copies) > 1 or others:
            yield _fault("duplicated", side, packet, f"{to}: {[c.place for c in same]}")
        if state in _ANSWERED and not copies:
            yield _fault("lost", side, packet, f"{to}, but not in its sink")
        if state == "recalled" and any(copy.state == "there" for copy in copies):
            yield _fault("out of state", side, packet, f"{to}, but still on the desk")
        if state in {"refused", "returned"} and copies:
            yield _fault("out of state", side, packet, f"{to}, but in its sink")
        body = side.bodies.get(packet_id)
        for copy in copies:
            if body is None:
                continue  # told already
            if copy.packet_sha256 not in {None, hashlib.sha256(body).hexdigest()}:
                yield _fault("altered", side, packet, f"{to}: other bytes at {copy.place}")
            yield from _altered(side, packet, copy, body)
    if not settled or state in _ENDED:
        return
    known = bool(copies) or packet_id in receiver.inbox
    kind = "unanswered" if known else "lost"
    yield _fault(kind, side, packet, f"{to} at the end")


def _type_of(side: _Side, packet_id: str) -> int | None:
    found = side.inbox.get(packet_id, ())
    return found[0]["business_type"] if found else None


def _altered(side: _Side, packet: Mapping[str, Any], copy: Copy, body: bytes) -> Iterator[Fault]:
    facts = packet_facts(body)
    found = (copy.document_id, copy.subject, list(copy.files))
    if found != (facts["DocumentId"], facts["Subject"], facts["files"]):
        yield _fault("altered", side, packet, f"other content at {copy.place}: {found}")


def _sink_faults(side: _Side, sides: Mapping[str, _Side]) -> Iterator[Fault]:
    """Look from the sink back: everything there was sent by somebody, and is on record."""
    sent = {packet["packet_id"] for each in sides.values() for packet in each.packets}
    for copy in side.copies:
        name = (side.agency.code, copy.document_id)
        rows = side.inbox.get(copy.packet_id, ())
        if copy.packet_id not in sent:
            yield Fault("altered", *name, f"nobody sent what stands at {copy.place}")
        if not any(
            row["state"] in {"verified", "delivered", "cancelled", "parked"} for row in rows
        ):
            yield Fault("out of state", *name, f"{copy.place} is not in the inbox as verified")
        for act, times in Counter(copy.replaced_by).items():
            if times > 1 or act not in sent:
                yield Fault("duplicated", *name, f"replaced {times} times by {act}")


def _inbox_faults(side: _Side, *, settled: bool) -> Iterator[Fault]:
    """Compare a receiver's inbox with its sink, its receipts and its journal."""
    there = Counter(copy.packet_id for copy in side.copies)
    for packet_id, rows in side.inbox.items():
        valid = [r for r in rows if r["state"] not in {"duplicate", "quarantined", "refused"}]
        for row in valid:
            name = (side.agency.code, str(row["document_id"]))
            if len(valid) > 1:
                yield Fault("duplicated", *name, f"{len(valid)} valid messages of {packet_id}")
            if row["state"] in {"verified", "held", "parked"} and settled:
                yield Fault("out of state", *name, f"inbox in state {row['state']} at the end")
            if row["state"] not in {"delivered", "cancelled"}:
                continue
            if row["business_type"] in _DOCUMENTS and not there[packet_id]:
                yield Fault("lost", *name, f"{row['state']}, but not in the sink")
            seen = side.events.get(packet_id, Counter())
            for event in _ONCE[: 2 if row["business_type"] in _DOCUMENTS else 1]:
                if row["state"] == "delivered" and seen[event] != 1:
                    yield Fault("out of state", *name, f"{event} {seen[event]} times")
            codes = {receipt["status_code"] for receipt in side.receipts.get(packet_id, ())}
            due = {"01", "03"} if row["business_type"] in _DOCUMENTS else {"01", "15"}
            if row["state"] == "delivered" and not due <= codes:
                yield Fault("unanswered", *name, f"answered only {sorted(codes)}")


def _chain_faults(agency: Agency) -> Iterator[Fault]:
    for seq in broken_links(agency.database):
        yield Fault("altered", agency.code, "journal", f"the chain breaks at entry {seq}")


def _spool_faults(agency: Agency) -> Iterator[Fault]:
    for packet_id, body in sent_bodies(agency).items():
        if body is None:
            yield Fault("lost", agency.code, packet_id, "its bytes are not whole in the spool")
    for row in query(agency.database, "SELECT DISTINCT body_sha256 FROM inbox_message"):
        sha256 = row["body_sha256"]
        found = digest_of(agency.spool / sha256[:2] / sha256[2:])
        if found != sha256:
            kind = "lost" if found is None else "altered"
            yield Fault(kind, agency.code, sha256, "a body that rows refer to")


def _fault(kind: str, side: _Side, packet: Mapping[str, Any], detail: str) -> Fault:
    name = f"{packet['document_id']} ({packet['packet_id']})"
    return Fault(kind, side.agency.code, name, detail)


def main(path: str) -> int:
    """Print everything that is wrong with a world; 1 if anything is."""
    verdict = check(World.load(Path(path)))
    for fault in verdict.faults:
        sys.stdout.write(f"{fault}\n")
    counts = ", ".join(f"{kind} {number}" for kind, number in verdict.counts().items())
    sys.stdout.write(f"{verdict.documents} documents, {verdict.deliveries} deliveries: {counts}\n")
    return 0 if verdict.clean else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
