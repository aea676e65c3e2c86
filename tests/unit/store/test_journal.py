from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from connector.clock import ManualClock
from connector.errors import Bug, Text
from connector.store import codes, inbox, journal, outbox
from connector.store.inbox import NewMessage
from connector.store.outbox import OutboxPacket
from connector.store.store import Store

COPY_OF_THE_LAST = """
    INSERT INTO journal SELECT 6, at, event, packet_id, facts, hash FROM journal WHERE seq = 5
"""


def write(store: Store, *facts: dict[str, Any], packet_id: str | None = None) -> list[str]:
    """Write one entry for each set of facts."""
    with store.begin() as tx:
        now = store.clock.now()
        return [journal.append(tx, "event", f, now=now, packet_id=packet_id) for f in facts]


def tamper(store: Store, statement: str) -> list[str]:
    """Change the journal behind the program's back and return the codes that are found."""
    with store.begin() as tx:
        tx.exec_driver_sql(statement)
    with store.read() as tx:
        return [finding.code for finding in journal.verify(tx)]


def test_entries_come_back_in_order(store: Store, clock: ManualClock) -> None:
    """Entries can be read from any point on, and those of one packet alone."""
    with store.read() as tx:
        assert (journal.head(tx), journal.count(tx), journal.verify(tx)) == (None, 0, [])
    hashes = write(store, {"subject": "Về việc", "n": 1, "x": [1.5, None, True]}, packet_id="p1")
    clock.sleep(1)
    hashes += write(store, {}, {"b": 2})
    with store.read() as tx:
        found = journal.entries(tx, limit=10)
        assert journal.head(tx) == hashes[-1]
        assert journal.count(tx) == 3
        assert journal.entries(tx, packet_id="p1", limit=10) == found[:1]
        assert journal.entries(tx, after=1, limit=1) == found[1:2]
    assert found[0] == journal.Entry(
        seq=1,
        at=dt.datetime(2026, 1, 5, 1, 0, tzinfo=dt.UTC),
        event="event",
        packet_id="p1",
        facts={"subject": "Về việc", "n": 1, "x": [1.5, None, True]},
        hash=hashes[0],
    )
    assert [entry.hash for entry in found] == hashes


def test_the_chain_can_be_computed_without_the_program(store: Store) -> None:
    """The hash is SHA-256 over the hash before and the canonical JSON of the entry."""
    first, second = write(store, {"b": 1, "a": "ấ"}, {})
    row = '{"at":"2026-01-05T01:00:00.000000+00:00","event":"event",'
    one = row + '"facts":{"a":"ấ","b":1},"packet_id":null,"seq":1}'
    two = row + '"facts":{},"packet_id":null,"seq":2}'
    assert first == hashlib.sha256(one.encode()).hexdigest()
    assert second == hashlib.sha256((first + two).encode()).hexdigest()


@pytest.mark.parametrize(
    "facts", [{10: "x", 9: "y"}, {"t": (1, 2)}, {"name": "tệp\udcff"}, {"deep": {"z": 1, "a": []}}]
)
def test_odd_facts_hold_in_the_chain(store: Store, facts: dict[Any, Any]) -> None:
    """Whatever JSON makes of facts is what is hashed and read again."""
    write(store, facts, facts)
    with store.read() as tx:
        assert journal.verify(tx) == []
        assert journal.entries(tx, limit=1)[0].facts == json.loads(json.dumps(facts))


@pytest.mark.parametrize("facts", [{"x": object()}, {"x": float("nan")}, {"x": dt.date.min}])
def test_facts_that_are_no_json_are_a_bug(store: Store, facts: dict[str, Any]) -> None:
    """Nothing is written that could not be read again."""
    with pytest.raises(Bug):
        write(store, facts)
    with store.read() as tx:
        assert journal.count(tx) == 0


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE journal SET event = 'other' WHERE seq = 3", codes.JOURNAL_ROW_CHANGED),
        ("UPDATE journal SET facts = '{\"n\": 2}' WHERE seq = 3", codes.JOURNAL_ROW_CHANGED),
        ("UPDATE journal SET facts = 'nonsense' WHERE seq = 3", codes.JOURNAL_ROW_CHANGED),
        ("UPDATE journal SET facts = '{\"n\":1e999}' WHERE seq = 3", codes.JOURNAL_ROW_CHANGED),
        ("UPDATE journal SET facts = x'00ff' WHERE seq = 3", codes.JOURNAL_ROW_CHANGED),
        ("UPDATE journal SET hash = x'00ff' WHERE seq = 3", codes.JOURNAL_ROW_CHANGED),
        ("UPDATE journal SET at = x'00ff' WHERE seq = 3", codes.JOURNAL_ROW_CHANGED),
        ("UPDATE journal SET packet_id = 'p2' WHERE seq = 3", codes.JOURNAL_ROW_CHANGED),
        ("DELETE FROM journal WHERE seq = 3", codes.JOURNAL_GAP),
        ("DELETE FROM journal WHERE seq < 3", codes.JOURNAL_GAP),
        ("UPDATE journal SET seq = 0 WHERE seq = 1", codes.JOURNAL_ROW_CHANGED),
        ("UPDATE journal SET seq = 50 WHERE seq = 5", codes.JOURNAL_GAP),
        (COPY_OF_THE_LAST, codes.JOURNAL_ROW_CHANGED),
    ],
)
def test_tampering_is_found(store: Store, statement: str, code: Text) -> None:
    """A changed, removed, inserted or renumbered entry breaks the chain."""
    write(store, *({"n": number} for number in range(5)), packet_id="p1")
    assert code.code in tamper(store, statement)


def test_a_lost_end_is_found_by_a_witnessed_head(store: Store) -> None:
    """That the end was cut off shows against a head that someone has seen."""
    hashes = write(store, *({"n": number} for number in range(5)))
    assert tamper(store, "DELETE FROM journal WHERE seq > 3") == []
    with store.read() as tx:
        assert journal.verify(tx, expected_head=hashes[1]) == []
        (finding,) = journal.verify(tx, expected_head=hashes[4])
    assert finding.code == codes.JOURNAL_HEAD_LOST.code


def test_a_journal_that_was_emptied_is_found_by_what_was_sent(
    store: Store, packet: Callable[..., OutboxPacket]
) -> None:
    """No packet is queued without an entry, so one beside an empty journal gives it away."""
    with store.begin() as tx:
        outbox.enqueue(tx, packet("p1"), ["H41"], b"recipe")
    write(store, {"n": 1})
    assert tamper(store, "UPDATE journal SET seq = 1") == []
    assert tamper(store, "DELETE FROM journal") == [codes.JOURNAL_EMPTIED.code]


def test_a_journal_that_was_emptied_is_found_by_what_was_received(
    store: Store, new_message: Callable[..., NewMessage]
) -> None:
    """No message is kept without an entry either; a lost head is told beside it."""
    with store.begin() as tx:
        inbox.receive(tx, new_message("m1"))
    (head,) = write(store, {"n": 1})
    assert tamper(store, "DELETE FROM journal") == [codes.JOURNAL_EMPTIED.code]
    with store.read() as tx:
        found = [finding.code for finding in journal.verify(tx, expected_head=head)]
    assert found == [codes.JOURNAL_EMPTIED.code, codes.JOURNAL_HEAD_LOST.code]


def test_a_gap_is_named(store: Store) -> None:
    """The finding says which entries are missing and where the chain breaks."""
    write(store, *({"n": number} for number in range(5)))
    with store.begin() as tx:
        tx.exec_driver_sql("DELETE FROM journal WHERE seq IN (2, 3)")
        (finding,) = journal.verify(tx)
    assert finding.place == "journal:4"
    assert "2 to 3" in finding.en


def test_a_long_journal_is_checked_to_its_end(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check goes on over the pages in which it reads, and its report is bounded."""
    monkeypatch.setattr(journal, "_AT_ONCE", 7)
    write(store, *({"n": number} for number in range(130)))
    with store.read() as tx:
        assert journal.verify(tx) == []
    changed = tamper(store, "UPDATE journal SET event = 'x' WHERE seq = 129")
    assert changed == [codes.JOURNAL_ROW_CHANGED.code]
    assert len(tamper(store, "UPDATE journal SET facts = '{}'")) == 100


def test_many_entries_are_the_same_as_one_by_one(store: Store, clock: ManualClock) -> None:
    """A batch makes the chain that its entries would make alone, odd facts and names included."""
    facts: list[dict[Any, Any]] = [
        {"b": 1, "a": "ấ", "none": None, "yes": True, "f": 0.1},
        {10: "x", 9: {"z": (1, 2)}},
        {"name": "tệp\udcff"},
        {"control": "\x01\u2028"},
        {},
    ]
    rows = [
        journal.NewEntry(event, each, packet_id)
        for each in facts
        for event, packet_id in (("event", None), ("sự kiện", "p1"), ('"quoted"', "gói"))
    ]
    before = ""
    with store.begin() as tx:
        hashes = journal.append_many(tx, rows, now=clock.now())
        assert journal.append_many(tx, [], now=clock.now()) == []
        entries = journal.entries(tx, limit=99)
        assert journal.verify(tx) == []
        assert journal.head(tx) == hashes[-1]
    for entry, chained in zip(entries, hashes, strict=True):
        row = {
            "seq": entry.seq,
            "at": "2026-01-05T01:00:00.000000+00:00",
            "event": entry.event,
            "packet_id": entry.packet_id,
            "facts": entry.facts,
        }
        before = journal.entry_hash(before, row)
        assert entry.hash == chained == before
