from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from connector.clock import ManualClock
from connector.errors import Bug
from connector.model.states import InboxState
from connector.store import codes, inbox
from connector.store.inbox import NewMessage
from connector.store.store import Store

Make = Callable[..., NewMessage]
MINUTE = dt.timedelta(minutes=1)


def receive(store: Store, *messages: NewMessage) -> list[bool]:
    """Keep messages in one transaction each."""
    kept = []
    for message in messages:
        with store.begin() as tx:
            kept.append(inbox.receive(tx, message))
    return kept


def set_state(store: Store, message: NewMessage, state: InboxState, **columns: Any) -> None:
    """Move one message at the moment of the store's clock."""
    with store.begin() as tx:
        inbox.update(tx, message.message_key, state=state, now=store.clock.now(), **columns)


def test_a_message_is_known_by_sender_id_body_and_receiver() -> None:
    """The key is the digest of all four, so nobody can take another's id before him."""
    expected = hashlib.sha256(b"G22\0id\0body\0H41").hexdigest()
    assert inbox.message_key("G22", "id", "body", "H41") == expected
    assert inbox.message_key("G09", "id", "body", "H41") != expected
    assert inbox.message_key("G22", "id", "body", "H41.90") != expected
    assert inbox.message_key(None, None, "body") == hashlib.sha256(b"\0\0body\0").hexdigest()


def test_a_message_comes_back_as_it_arrived(
    store: Store, new_message: Make, clock: ManualClock
) -> None:
    """A new message is received, unverified, with its headers as they were."""
    headers = {"edoc-sender": "G22", "edoc-part": 1, "x": ["é", None, {"y": 1.5}]}
    arrived = new_message("m1", headers=headers)
    assert receive(store, arrived) == [True]
    with store.read() as tx:
        found = inbox.message(tx, arrived.message_key)
        assert inbox.message(tx, "none") is None
    assert found == inbox.InboxMessage(
        message_key=arrived.message_key,
        user_id="G22",
        message_id="m1",
        type="document",
        queue="edoc.G09.inbox",
        body_sha256="0" * 64,
        body_size=1000,
        headers=headers,
        received_at=clock.now(),
        state=InboxState.RECEIVED,
        packet_id=None,
        sender=None,
        document_id=None,
        kind=None,
        digest=None,
        business_type=None,
        status_code=None,
        subject=None,
        code=None,
        findings=[],
        verification=None,
        served=(),
        attempts=0,
        not_before=clock.now(),
        updated_at=clock.now(),
        copies=1,
    )


def test_the_same_message_is_kept_once(store: Store, new_message: Make) -> None:
    """The broker's second copy is counted, another body or sender is another message."""
    first = new_message("m1")
    other_body = new_message("m1", body_sha256="1" * 64)
    other_user = new_message("m1", user_id="G10")
    assert receive(store, first, first, other_body, other_user) == [True, False, True, True]
    with store.read() as tx:
        found = inbox.message(tx, first.message_key)
        assert len(inbox.list_messages(tx, limit=10)) == 3
    assert found is not None
    assert found.copies == 2


def test_a_message_without_id_or_type_is_kept_too(store: Store, new_message: Make) -> None:
    """What a hostile sender leaves out is no reason to lose the evidence."""
    bare = new_message(None, type=None, user_id=None)
    assert receive(store, bare, bare) == [True, False]
    with store.read() as tx:
        (found,) = inbox.list_messages(tx, limit=10)
    assert (found.message_id, found.type, found.user_id) == ("", "", None)


def test_urgent_messages_come_first_then_the_oldest(
    store: Store, new_message: Make, clock: ManualClock
) -> None:
    """The urgent queue's messages are processed first, the others in order of arrival."""
    urgent = {"queue": "edoc.G09.inbox.urgent"}
    messages = [new_message("m2"), new_message("m1"), new_message("m3", **urgent)]
    receive(store, *messages)
    with store.read() as tx:
        found = [m.message_id for m in inbox.to_process(tx, now=clock.now(), limit=10)]
        first = [m.message_id for m in inbox.to_process(tx, now=clock.now(), limit=1)]
    assert (found, first) == (["m3", "m2", "m1"], ["m3"])


@pytest.mark.parametrize("state", list(InboxState))
def test_only_unfinished_messages_are_processed(
    store: Store, new_message: Make, clock: ManualClock, state: InboxState
) -> None:
    """Received, verified and held messages are worked on, no others."""
    arrived = new_message("m1")
    receive(store, arrived)
    if state is InboxState.CANCELLED:
        set_state(store, arrived, InboxState.VERIFIED)
    set_state(store, arrived, state)
    with store.read() as tx:
        found = inbox.to_process(tx, now=clock.now(), limit=10)
        oldest = inbox.oldest_open(tx)
    assert bool(found) == (state.value in {"received", "verified", "held"})
    assert (oldest == clock.now()) == bool(found)


def test_a_held_message_waits_for_its_time(
    store: Store, new_message: Make, clock: ManualClock
) -> None:
    """A held message comes back when its moment has come."""
    arrived = new_message("m1")
    receive(store, arrived)
    later = clock.now() + MINUTE
    set_state(store, arrived, InboxState.HELD, not_before=later, attempts=1)
    with store.read() as tx:
        assert inbox.to_process(tx, now=later - dt.timedelta(microseconds=1), limit=10) == []
        (found,) = inbox.to_process(tx, now=later, limit=10)
    assert (found.attempts, found.not_before) == (1, later)


def test_what_verification_found_is_kept(
    store: Store, new_message: Make, clock: ManualClock
) -> None:
    """All that became known of a message is set with its state."""
    arrived = new_message("m1")
    receive(store, arrived)
    clock.sleep(60)
    known: dict[str, Any] = {
        "packet_id": "p1",
        "sender": "G22",
        "document_id": "D1",
        "kind": "document",
        "digest": "d",
        "business_type": 0,
        "status_code": None,
        "subject": "Về việc",
        "code": "1/A",
        "findings": [codes.MISUSE.at(reason="x").as_dict()],
        "verification": {"verdict": "valid", "chain": ["a", "b"]},
        "served": ("G09", "G09.01"),
        "attempts": 2,
        "not_before": clock.now() + MINUTE,
    }
    set_state(store, arrived, InboxState.VERIFIED, **known)
    with store.read() as tx:
        found = inbox.by_packet(tx, "p1")
    assert found is not None
    assert {name: getattr(found, name) for name in known} == known
    assert (found.state, found.updated_at) == (InboxState.VERIFIED, clock.now())


def test_unknown_messages_and_columns_are_bugs(store: Store, new_message: Make) -> None:
    """What would be lost in silence is refused."""
    arrived = new_message("m1")
    receive(store, arrived)
    with pytest.raises(Bug):
        set_state(store, arrived, InboxState.VERIFIED, body_sha256="1" * 64)
    with pytest.raises(Bug):
        set_state(store, new_message("m2"), InboxState.VERIFIED)


def test_a_packet_is_in_effect_once(store: Store, new_message: Make) -> None:
    """The database itself refuses that two messages deliver the same packet."""
    first, second = new_message("m1"), new_message("m2")
    receive(store, first, second)
    set_state(store, first, InboxState.DELIVERED, packet_id="p1")
    with pytest.raises(Bug) as caught:
        set_state(store, second, InboxState.VERIFIED, packet_id="p1")
    assert caught.value.code == codes.CONSTRAINT.code
    set_state(store, second, InboxState.DUPLICATE, packet_id="p1")
    with store.read() as tx:
        found = inbox.by_packet(tx, "p1")
    assert found is not None
    assert found.message_id == "m1"


@pytest.mark.parametrize("state", [InboxState.QUARANTINED, InboxState.DUPLICATE])
def test_what_was_set_aside_stands_for_no_packet(
    store: Store, new_message: Make, state: InboxState
) -> None:
    """A forgery in quarantine does not make the genuine packet a duplicate."""
    arrived = new_message("m1")
    receive(store, arrived)
    set_state(store, arrived, state, packet_id="p1")
    with store.read() as tx:
        assert inbox.by_packet(tx, "p1") is None


def test_documents_are_found_by_sender_and_id(store: Store, new_message: Make) -> None:
    """Only verified documents of that very sender count, oldest first."""
    states = {
        "m1": InboxState.DELIVERED,
        "m2": InboxState.QUARANTINED,
        "m3": InboxState.HELD,
        "m4": InboxState.REFUSED,
    }
    named = {"sender": "G22", "document_id": "D1", "kind": "document"}
    for message_id, state in states.items():
        receive(store, new_message(message_id))
        set_state(store, new_message(message_id), state, **named, packet_id=message_id)
    for message_id, other in (("m5", {"sender": "G10"}), ("m6", {"kind": "status"})):
        receive(store, new_message(message_id))
        set_state(store, new_message(message_id), InboxState.VERIFIED, **{**named, **other})
    with store.read() as tx:
        assert [m.message_id for m in inbox.by_document(tx, "G22", "D1")] == ["m1", "m4"]


def test_messages_are_found_by_every_name(store: Store, new_message: Make) -> None:
    """An operator finds a message by key, packet, message or document id, or code."""
    arrived, other = new_message("m1"), new_message("m2")
    receive(store, arrived, other)
    names = {"packet_id": "ab12-cd", "document_id": "D1", "code": "1/A"}
    set_state(store, arrived, InboxState.VERIFIED, **names)
    key = arrived.message_key
    with store.read() as tx:
        for text in (key, key[:10], "ab12", "ab12-cd", "m1", "D1", "1/A"):
            assert [m.message_id for m in inbox.find(tx, text=text)] == ["m1"], text
        assert inbox.find(tx, text="nothing") == []


def test_messages_are_listed_newest_first(store: Store, new_message: Make) -> None:
    """Lists can be narrowed to states and kind, those without a kind included, and paged."""
    for number in range(4):
        receive(store, new_message(f"m{number}"))
    set_state(store, new_message("m0"), InboxState.QUARANTINED)
    set_state(store, new_message("m1"), InboxState.QUARANTINED, kind="document")
    set_state(store, new_message("m2"), InboxState.VERIFIED, kind="status")

    def ids(**narrow: Any) -> list[str]:
        with store.read() as tx:
            listed = inbox.list_messages(tx, **{"limit": 10, **narrow})
        return [message.message_id for message in listed]

    assert ids() == ["m3", "m2", "m1", "m0"]
    assert ids(limit=2, offset=1) == ["m2", "m1"]
    assert ids(states={InboxState.QUARANTINED}) == ["m1", "m0"]
    assert ids(states={InboxState.QUARANTINED}, kind="document") == ["m1"]
    assert ids(kind="status") == ["m2"]
    with store.read() as tx:
        assert inbox.counts(tx, "document") == {InboxState.QUARANTINED: 1}
        assert inbox.counts(tx) == {
            InboxState.QUARANTINED: 2,
            InboxState.VERIFIED: 1,
            InboxState.RECEIVED: 1,
        }


def test_an_answer_is_given_once(store: Store, clock: ManualClock) -> None:
    """The same status for the same addressed code is recorded once, and comes back in order."""

    def answer(code: str, status: str, receipt: str) -> bool:
        with store.begin() as tx:
            return inbox.add_receipt(
                tx,
                answers_packet_id="p1",
                addressed_code=code,
                status_code=status,
                receipt_packet_id=receipt,
                now=clock.now(),
            )

    assert answer("G09", "03", "r1")
    clock.sleep(1)
    assert answer("G09", "01", "r2")
    assert answer("G09.01", "01", "r3")
    assert not answer("G09", "01", "r4")
    with store.read() as tx:
        found = inbox.receipts(tx, "p1")
        assert inbox.receipts(tx, "p2") == []
    assert [receipt.receipt_packet_id for receipt in found] == ["r1", "r2", "r3"]
    assert found[2] == inbox.Receipt(
        answers_packet_id="p1",
        addressed_code="G09.01",
        status_code="01",
        receipt_packet_id="r3",
        at=clock.now(),
    )


def test_the_processing_order_needs_no_sorting(store: Store, clock: ManualClock) -> None:
    """Finding the next messages reads along one index that holds unfinished ones only."""
    query = "SELECT * FROM inbox_message WHERE state IN ('held', 'received', 'verified') "
    query += "AND not_before <= ? ORDER BY lane, position LIMIT 10"
    with store.read() as tx:
        assert inbox.to_process(tx, now=clock.now(), limit=10) == []
        plan = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", ("2026",)).all()
    assert [row[3] for row in plan] == ["SCAN inbox_message USING INDEX ix_inbox_message_lane"]
