"""The independent count: what the exports asked for against what stands in stores and sinks.

It reads files and databases by itself, with plain SQL, and uses none of the code that moved the
documents. A delivery is lost if no sink and no refusal accounts for it; duplicated if a sink has
it more than once.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.demo.material import Expected, Material, Outcome
from connector.demo.nodes import DemoNode

__all__ = ["Count", "Line", "count", "sent_deliveries"]


@dataclass(frozen=True, slots=True)
class Line:
    """What happened to one row of an export for one receiver, and whether it had to."""

    expected: Expected
    receiver: str
    outcome: str
    due: str
    reason: str

    @property
    def right(self) -> bool:
        """Whether what happened is what had to happen."""
        return self.outcome == self.due


@dataclass(slots=True)
class Count:
    """The totals of the report, counted from sources, stores and sinks."""

    documents: int = 0
    deliveries: int = 0
    delivered: int = 0
    refused: int = 0
    receipts: int = 0
    lost: int = 0
    duplicated: int = 0
    lines: list[Line] = field(default_factory=list)

    @property
    def wrong(self) -> list[Line]:
        """Lines on which something else happened than had to."""
        return [line for line in self.lines if not line.right]


def count(nodes: Sequence[DemoNode], material: Material) -> Count:
    """Compare the expectations of the material with what is really there."""
    sinks = {code: _sink(node) for node in nodes for code in node.agency.serves}
    sent = {node.agency.code: list(sent_deliveries(node)) for node in nodes}
    refused = {node.agency.code: _refused(node) for node in nodes}
    total = Count(documents=len(material.expected))
    for row in material.expected:
        if row.record is not Outcome.PACKAGED:
            total.lines.append(_record_line(row, refused[row.agency], sent[row.agency]))
            continue
        for receiver, due in row.deliveries.items():
            found = _outcome(row, receiver, sent[row.agency], sinks)
            total.lines.append(Line(row, receiver, found[0], due.value, found[1]))
    _add_up(total, sent, sinks)
    return total


def sent_deliveries(node: DemoNode) -> Iterator[dict[str, Any]]:
    """Yield every delivery of a document that a node's outbox knows."""
    yield from _query(
        node.store,
        "SELECT p.packet_id, p.document_id, p.code, p.business_type, d.receiver, d.state,"
        " d.last_status, d.reason, d.sent_at FROM outbox_packet p JOIN delivery d"
        " ON d.packet_id = p.packet_id WHERE p.kind = 'document'",
    )


def _record_line(row: Expected, refused: dict[str, str], sent: list[dict[str, Any]]) -> Line:
    reason = next((why for place, why in refused.items() if place.endswith(row.place)), "")
    packets = {entry["packet_id"] for entry in sent if entry["document_id"] == row.document_id}
    if reason:
        outcome = Outcome.REFUSED.value
    elif row.document_id and len(packets) == 1:
        outcome = Outcome.REPEATED.value
    else:
        outcome = f"{len(packets)} packets"
    return Line(row, "-", outcome, row.record.value, reason)


def _outcome(
    row: Expected,
    receiver: str,
    sent: list[dict[str, Any]],
    sinks: dict[str, Counter[tuple[str, str]]],
) -> tuple[str, str]:
    entries = [
        entry
        for entry in sent
        if entry["document_id"] == row.document_id
        and entry["receiver"] == receiver
        and entry["business_type"] in {0, 3}
    ]
    if len(entries) != 1:
        return f"{len(entries)} deliveries", ""
    entry = entries[0]
    in_sink = sinks.get(receiver, Counter())
    state, reason = entry["state"], entry["reason"] or ""
    if state == "returned":
        return Outcome.RETURNED.value, reason
    if state == "refused" and not _times(in_sink, entry["packet_id"]):
        return Outcome.ANSWERED_02.value, reason
    if state == "recalled":
        taken_back = in_sink[(entry["packet_id"], "cancelled")]
        return (Outcome.RECALLED.value if taken_back == 1 else "recalled, still there"), reason
    if _times(in_sink, entry["packet_id"]) == 1:
        return (Outcome.DELIVERED.value if state == "accepted" else f"delivered, {state}"), reason
    return f"lost in state {state}", reason


def _add_up(
    total: Count,
    sent: dict[str, list[dict[str, Any]]],
    sinks: dict[str, Counter[tuple[str, str]]],
) -> None:
    everything = [entry for entries in sent.values() for entry in entries]
    routed = [entry for entry in everything if entry["state"] != "returned"]
    answered = [entry for entry in routed if entry["last_status"]]
    total.deliveries = len(routed)
    total.receipts = len(answered)
    acts = {entry["packet_id"] for entry in everything if entry["business_type"] in {1, 2}}
    for entry in routed:
        times = _times(sinks.get(entry["receiver"], Counter()), entry["packet_id"])
        if entry["packet_id"] in acts:
            times = 1 if entry["last_status"] == "15" else 0
        refused = entry["state"] == "refused"
        total.delivered += bool(times)
        total.refused += refused
        total.lost += not times and not refused
        total.duplicated += max(times - 1, 0) + bool(times and refused)
    total.refused += sum(line.outcome == Outcome.REFUSED.value for line in total.lines)


def _times(sink: Counter[tuple[str, str]], packet_id: str) -> int:
    return sum(times for (found, _), times in sink.items() if found == packet_id)


def _sink(node: DemoNode) -> Counter[tuple[str, str]]:
    """Count (packet id, state) in a sink by reading its files or its tables."""
    if node.has_sql_sink:
        database = node.directory / "van-ban-den.db"
        rows = _query(database, "SELECT MaGoiTin, TrangThai FROM VanBanDen")
        return Counter(
            (row["MaGoiTin"], "cancelled" if row["TrangThai"] == "thu hoi" else "there")
            for row in rows
        )
    found: Counter[tuple[str, str]] = Counter()
    root = node.directory / "van-ban-den"
    for document in root.rglob("document.json"):
        if "_incoming" in document.parts or "_acts" in document.parts:
            continue
        packet_id = document.parent.name[-36:]
        cancelled = "_cancelled" in document.parts
        found[(packet_id, "cancelled" if cancelled else "there")] += 1
    return found


def _refused(node: DemoNode) -> dict[str, str]:
    rows = _query(node.store, "SELECT place, findings FROM source_refused")
    first = {row["place"]: json.loads(row["findings"])[0] for row in rows}
    return {place: f"{finding['vi']} / {finding['en']}" for place, finding in first.items()}


def _query(database: Path, statement: str) -> list[dict[str, Any]]:
    if not database.exists():
        return []
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return []  # just being created
        return [dict(row) for row in connection.execute(statement)]
