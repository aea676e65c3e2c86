from __future__ import annotations

from collections.abc import Callable

import pytest

from connector.clock import ManualClock
from connector.errors import Bug
from connector.model.states import InboxState
from connector.store import codes, inbox
from connector.store.inbox import NewMessage, Receipt
from connector.store.store import Store

Make = Callable[..., NewMessage]


def test_messages_are_kept_in_one_go(store: Store, new_message: Make) -> None:
    """A batch is the same as its messages one by one; a copy in it is counted as one."""
    one, two, old = (new_message(f"m{number}") for number in range(3))
    with store.begin() as tx:
        assert inbox.receive_many(tx, [old, old]) == [True, False]
        assert inbox.receive_many(tx, [two, old, one, two, two]) == [
            True,
            False,
            True,
            False,
            False,
        ]
        assert inbox.receive_many(tx, []) == []
        keys = [each.message_key for each in (one, two, old)]
        found = inbox.messages(tx, [*keys, "x" * 64])
        waiting = inbox.to_process(tx, now=store.clock.now(), limit=9)
    assert {key: row.copies for key, row in found.items()} == dict(
        zip(keys, (1, 3, 3), strict=True)
    )
    assert [row.message_id for row in waiting] == ["m2", "m1", "m0"]
    assert found[keys[0]].served == ()
    assert found[keys[0]].findings == []


def test_changes_are_made_in_one_go(store: Store, new_message: Make, clock: ManualClock) -> None:
    """Changes of different columns and states may stand in one batch."""
    messages = [new_message(f"m{number}") for number in range(4)]
    keys = [message.message_key for message in messages]
    later = clock.now()
    with store.begin() as tx:
        inbox.receive_many(tx, messages)
        inbox.update_many(
            tx,
            [
                (keys[0], InboxState.VERIFIED, {"packet_id": "p0", "served": ("H41", "H41.90")}),
                (keys[1], InboxState.HELD, {"attempts": 2, "not_before": later}),
                (keys[2], InboxState.VERIFIED, {"packet_id": "p2", "served": ()}),
                (keys[3], InboxState.QUARANTINED, {"findings": [{"code": "EDX-3101"}]}),
            ],
            now=later,
        )
        found = [inbox.message(tx, key) for key in keys]
        assert inbox.by_packets(tx, ["p0", "p2", "p9"]) == {"p0": found[0], "p2": found[2]}
    assert [row.state.value for row in found if row] == [
        "verified",
        "held",
        "verified",
        "quarantined",
    ]
    assert found[0] is not None
    assert found[0].served == ("H41", "H41.90")
    assert found[3] is not None
    assert found[3].findings == [{"code": "EDX-3101"}]


def test_an_illegal_or_unknown_change_is_a_bug(store: Store, new_message: Make) -> None:
    """What is in quarantine is not delivered by a mistake; a message has to be here to move."""
    message = new_message("m")
    with store.begin() as tx:
        inbox.receive(tx, message)
        key, now = message.message_key, store.clock.now()
        inbox.update(tx, key, state=InboxState.QUARANTINED, now=now)
        for which, state, said in (
            (key, InboxState.DELIVERED, "quarantined"),
            ("x", InboxState.VERIFIED, "no message"),
        ):
            with pytest.raises(Bug) as caught:
                inbox.update_many(tx, [(which, state, {})], now=now)
            assert caught.value.code == codes.MISUSE.code
            assert said in caught.value.findings[0].en
        with pytest.raises(Bug):
            inbox.update(tx, key, state=InboxState.QUARANTINED, now=now, copies=7)


def test_answers_are_noted_once(store: Store, clock: ManualClock) -> None:
    """An answer that is on record, or twice in the batch, stays as it was given first."""

    def answer(code: str, packet_id: str) -> Receipt:
        return Receipt(
            answers_packet_id="p",
            addressed_code=code,
            status_code="01",
            receipt_packet_id=packet_id,
            at=clock.now(),
        )

    with store.begin() as tx:
        assert inbox.add_receipts(tx, [answer("H41", "r1"), answer("H41", "r2")]) == 1
        assert inbox.add_receipts(tx, [answer("H41", "r3"), answer("H42", "r4")]) == 1
        assert inbox.add_receipts(tx, []) == 0
        assert inbox.receipts(tx, "p") == [answer("H41", "r1"), answer("H42", "r4")]


def test_the_held_of_one_sender_are_woken(
    store: Store, new_message: Make, clock: ManualClock
) -> None:
    """Held documents of a sender are due at once; those of others, and statuses, still wait."""
    kinds = {"m0": ("G22", "document"), "m1": ("H41", "document"), "m2": ("G22", "status")}
    messages = {name: new_message(name) for name in kinds}
    start = clock.now()
    with store.begin() as tx:
        inbox.receive_many(tx, list(messages.values()))
        clock.sleep(3600)
        for name, (sender, kind) in kinds.items():
            inbox.update(
                tx,
                messages[name].message_key,
                state=InboxState.HELD,
                now=start,
                sender=sender,
                kind=kind,
                not_before=clock.now(),
            )
        assert inbox.to_process(tx, now=start, limit=9) == []
        assert inbox.wake_held(tx, "G22", now=start) == 1
        assert [row.message_id for row in inbox.to_process(tx, now=start, limit=9)] == ["m0"]


def test_a_held_document_counts_only_after_it_was_verified(
    store: Store, new_message: Make, clock: ManualClock
) -> None:
    """A verified document that waits for another is known for conflicts; a mere claim is not."""
    claim, waiting = new_message("m0"), new_message("m1")
    columns = {"sender": "G22", "document_id": "D", "kind": "document"}
    with store.begin() as tx:
        inbox.receive_many(tx, [claim, waiting])
        for message, facts in ((claim, None), (waiting, {"signer": "G22"})):
            inbox.update(
                tx,
                message.message_key,
                state=InboxState.HELD,
                now=clock.now(),
                verification=facts,
                **columns,
            )
        assert [row.message_id for row in inbox.by_document(tx, "G22", "D")] == ["m1"]


def test_documents_that_a_sink_refuses_are_counted(
    store: Store, new_message: Make, clock: ManualClock
) -> None:
    """Verified documents with failed attempts count; fresh ones, statuses and held ones do not."""
    rows = (
        ("m0", InboxState.VERIFIED, "document", 1),
        ("m1", InboxState.VERIFIED, "document", 0),
        ("m2", InboxState.VERIFIED, "status", 1),
        ("m3", InboxState.HELD, "document", 1),
    )
    with store.begin() as tx:
        for name, state, kind, attempts in rows:
            message = new_message(name)
            inbox.receive(tx, message)
            inbox.update(
                tx,
                message.message_key,
                state=state,
                now=clock.now(),
                kind=kind,
                attempts=attempts,
            )
        assert inbox.failing_count(tx) == 1


def test_states_are_those_of_the_messages(store: Store, new_message: Make) -> None:
    """Any number of states is read at once; who asks twice or for the unknown gets no more."""
    messages = [new_message(f"m{number}") for number in range(150)]
    keys = [message.message_key for message in messages]
    with store.begin() as tx:
        inbox.receive_many(tx, messages)
        inbox.update(tx, keys[7], state=InboxState.QUARANTINED, now=store.clock.now())
        found = inbox.states(tx, [*keys, keys[0], "x" * 64])
        assert inbox.states(tx, []) == {}
    assert found.keys() == set(keys)
    assert found[keys[7]] is InboxState.QUARANTINED
    assert {found[key] for key in keys if key != keys[7]} == {InboxState.RECEIVED}
