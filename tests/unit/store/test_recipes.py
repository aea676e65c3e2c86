from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from connector.clock import ManualClock
from connector.errors import Bug
from connector.model.states import DeliveryState
from connector.store import codes, outbox
from connector.store.outbox import OutboxPacket
from connector.store.store import Store

Make = Callable[..., OutboxPacket]
MINUTE = dt.timedelta(minutes=1)


def test_a_recipe_comes_back_byte_by_byte(store: Store, packet: Make) -> None:
    """What a packet is made of is kept as it was given, whatever the bytes."""
    odd = bytes(range(256)) * 50
    with store.begin() as tx:
        assert outbox.enqueue(tx, packet("p1"), ["G09"], odd)
        assert outbox.enqueue(tx, packet("p2"), ["G09"], b"")
    with store.read() as tx:
        assert outbox.recipe(tx, "p1") == odd
        assert outbox.recipes(tx, ["p2", "p1", "p2"]) == {"p2": b"", "p1": odd}
        assert outbox.recipes(tx, []) == {}
        for look in (lambda: outbox.recipe(tx, "p3"), lambda: outbox.recipes(tx, ["p1", "p3"])):
            with pytest.raises(Bug) as caught:
                look()
            assert caught.value.code == codes.MISUSE.code


def test_a_packet_queued_again_keeps_its_recipe(store: Store, packet: Make) -> None:
    """The second recipe under the same id is not taken: its bytes may have been sent."""
    with store.begin() as tx:
        outbox.enqueue(tx, packet("p1"), ["G09"], b"first")
        assert not outbox.enqueue(tx, packet("p1"), ["G09"], b"second")
        assert outbox.recipe(tx, "p1") == b"first"


def test_a_batch_is_queued_in_its_order(store: Store, packet: Make, clock: ManualClock) -> None:
    """A batch is the same as its packets one by one; an id twice in it counts once."""
    with store.begin() as tx:
        outbox.enqueue(tx, packet("p0"), ["G09"], b"0")
    items = [
        (packet("p3"), ["H41", "G09"], b"3"),
        (packet("p0"), ["H41"], b"again"),
        (packet("p1"), ["G09", "G09"], b"1"),
        (packet("p3"), ["G10"], b"twice"),
        (packet("p2", priority=1), ["G09"], b"2"),
    ]
    with store.begin() as tx:
        assert outbox.enqueue_many(tx, items) == [True, False, True, False, True]
        assert outbox.enqueue_many(tx, []) == []
    with store.read() as tx:
        due = [(p.packet_id, d.receiver) for p, d in outbox.due(tx, now=clock.now(), limit=9)]
        assert outbox.recipes(tx, ["p0", "p1", "p2", "p3"]) == {
            "p0": b"0",
            "p1": b"1",
            "p2": b"2",
            "p3": b"3",
        }
    assert due == [("p2", "G09"), ("p0", "G09"), ("p3", "G09"), ("p3", "H41"), ("p1", "G09")]


def test_a_batch_with_a_packet_for_nobody_leaves_nothing(store: Store, packet: Make) -> None:
    """One packet without receivers makes the whole batch a Bug, before anything is written."""
    items = [(packet("p1"), ["G09"], b"1"), (packet("p2"), [], b"2")]
    with store.begin() as tx:
        with pytest.raises(Bug):
            outbox.enqueue_many(tx, items)
        assert outbox.packet(tx, "p1") is None


def test_other_senders_are_passed_over(store: Store, packet: Make, clock: ManualClock) -> None:
    """Due deliveries of senders that leave by another connection are left out, order kept."""
    with store.begin() as tx:
        for number, sender in enumerate(("G22", "H41", "G22.01", "H41", "G22")):
            outbox.enqueue(tx, packet(f"p{number}", sender=sender), ["G09"], b"")
        outbox.enqueue(tx, packet("p9", sender="H41", priority=2), ["G09"], b"")

    def due(limit: int, *not_of: str) -> list[str]:
        with store.read() as tx:
            found = outbox.due(tx, now=clock.now(), limit=limit, not_of=not_of)
        return [packet.packet_id for packet, _ in found]

    assert due(9) == ["p9", "p0", "p1", "p2", "p3", "p4"]
    assert due(9, "H41") == ["p0", "p2", "p4"]
    assert due(2, "H41") == ["p0", "p2"]
    assert due(9, "G22", "G22.01") == ["p9", "p1", "p3"]
    assert due(9, "G22", "G22.01", "H41") == []


def test_deliveries_are_found_by_their_keys(store: Store, packet: Make) -> None:
    """A batch of confirms is looked up by keys; those that are not there are absent."""
    with store.begin() as tx:
        outbox.enqueue(tx, packet("p1"), ["G09", "H41"], b"")
        found = outbox.deliveries_of(tx, [("p1", "H41"), ("p1", "X"), ("p2", "G09")])
        assert found == {("p1", "H41"): outbox.delivery(tx, "p1", "H41")}


def test_an_illegal_move_is_a_bug(store: Store, packet: Make, clock: ManualClock) -> None:
    """What is finished is not given to the broker again; the finding names the move."""
    with store.begin() as tx:
        outbox.enqueue(tx, packet("p1"), ["G09"], b"")
        outbox.set_state(tx, "p1", "G09", DeliveryState.FINISHED, now=clock.now())
        unconfirmed = DeliveryState.UNCONFIRMED
        assert outbox.set_states(tx, [("p1", "G09")], unconfirmed, now=clock.now()) == 0
        with pytest.raises(Bug) as caught:
            outbox.set_state(tx, "p1", "G09", unconfirmed, now=clock.now())
        found = outbox.delivery(tx, "p1", "G09")
    assert "finished → unconfirmed" in caught.value.findings[0].en
    assert found is not None
    assert found.state is DeliveryState.FINISHED


def test_unanswered_documents_are_counted(store: Store, packet: Make, clock: ManualClock) -> None:
    """Documents sent before a moment, without any status since, are counted; statuses never."""
    start = clock.now()
    with store.begin() as tx:
        for number in range(3):
            outbox.enqueue(tx, packet(f"p{number}"), ["G09"], b"")
        outbox.enqueue(tx, packet("s", kind="status"), ["G09"], b"")
        for name in ("p0", "p1", "s"):
            outbox.set_state(tx, name, "G09", DeliveryState.SENT, now=start)
        outbox.set_state(tx, "p1", "G09", DeliveryState.ARRIVED, now=start)
        assert outbox.unanswered_count(tx, start) == 0
        assert outbox.unanswered_count(tx, start + MINUTE) == 1
