from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from connector.clock import ManualClock
from connector.errors import Bug
from connector.model.states import DeliveryState
from connector.store import outbox
from connector.store import tables as t
from connector.store.outbox import OutboxPacket
from connector.store.store import Store

Make = Callable[..., OutboxPacket]
MINUTE = dt.timedelta(minutes=1)
RECIPE = b'["<edXML/>"]'


def keys_due(store: Store, now: dt.datetime, limit: int = 100) -> list[tuple[str, str]]:
    """Return the keys of the due deliveries in their order."""
    with store.read() as tx:
        return [(p.packet_id, d.receiver) for p, d in outbox.due(tx, now=now, limit=limit)]


def test_a_packet_comes_back_as_it_was_queued(store: Store, packet: Make) -> None:
    """All facts of a packet survive, Vietnamese and absent ones included."""
    full = packet(
        "p1",
        correlation_id="p0",
        status_code="01",
        priority=3,
        adapter="g22",
        place="a.csv:2",
        source_key="1|2",
        config_hash="c",
        sealed_at=dt.datetime(2026, 1, 5, 8, 0, 0, 1, tzinfo=dt.timezone(dt.timedelta(hours=7))),
    )
    bare = packet("p2", subject=None, code=None, business_type=None)
    with store.begin() as tx:
        assert outbox.enqueue(tx, full, ["G09"], RECIPE)
        assert outbox.enqueue(tx, bare, ["G09"], RECIPE)
    with store.read() as tx:
        assert outbox.packet(tx, "p1") == full
        assert outbox.packet(tx, "p2") == bare
        assert outbox.packet(tx, "p3") is None
        found = outbox.packet(tx, "p1")
    assert found is not None
    assert found.sealed_at.tzinfo is dt.UTC


def test_every_receiver_has_one_delivery(store: Store, packet: Make, clock: ManualClock) -> None:
    """A receiver named twice gets the packet once."""
    with store.begin() as tx:
        outbox.enqueue(tx, packet("p1"), ["H41", "G09", "H41"], RECIPE)
    with store.read() as tx:
        found = outbox.deliveries(tx, "p1")
        assert outbox.delivery(tx, "p1", "G09") == found[0]
        assert outbox.delivery(tx, "p1", "G10") is None
    assert [delivery.receiver for delivery in found] == ["G09", "H41"]
    assert found[0] == outbox.Delivery(
        packet_id="p1",
        receiver="G09",
        state=DeliveryState.QUEUED,
        attempts=0,
        not_before=clock.now(),
        reason=None,
        error_code=None,
        updated_at=clock.now(),
        sent_at=None,
        last_status=None,
    )


def test_the_same_packet_is_queued_once(store: Store, packet: Make) -> None:
    """Queueing an id again writes nothing, whatever the receivers."""
    with store.begin() as tx:
        assert outbox.enqueue(tx, packet("p1"), ["G09"], RECIPE)
        assert not outbox.enqueue(tx, packet("p1", subject="khác"), ["H41"], RECIPE)
    with store.read() as tx:
        assert [delivery.receiver for delivery in outbox.deliveries(tx, "p1")] == ["G09"]
        found = outbox.packet(tx, "p1")
    assert found is not None
    assert found.subject == "Về việc kiểm tra"


def test_a_packet_without_receivers_is_a_bug(store: Store, packet: Make) -> None:
    """What would never be sent is not accepted."""
    with pytest.raises(Bug), store.begin() as tx:
        outbox.enqueue(tx, packet("p1"), [], RECIPE)


def test_urgent_packets_are_due_first_then_the_oldest(
    store: Store, packet: Make, clock: ManualClock
) -> None:
    """Due deliveries come urgent first, then in the order in which they were queued."""
    with store.begin() as tx:
        outbox.enqueue(tx, packet("p3"), ["H41", "G09"], RECIPE)
        outbox.enqueue(tx, packet("p1"), ["G09"], RECIPE)
        outbox.enqueue(tx, packet("p2", priority=1), ["G09"], RECIPE)
        outbox.enqueue(tx, packet("p0", priority=4), ["G09"], RECIPE)
    expected = [("p2", "G09"), ("p0", "G09"), ("p3", "G09"), ("p3", "H41"), ("p1", "G09")]
    assert keys_due(store, clock.now()) == expected
    assert keys_due(store, clock.now(), limit=2) == expected[:2]


@pytest.mark.parametrize("state", list(DeliveryState))
def test_only_open_deliveries_are_due(
    store: Store, packet: Make, clock: ManualClock, state: DeliveryState
) -> None:
    """Queued, unconfirmed and blocked deliveries are published, no others."""
    with store.begin() as tx:
        outbox.enqueue(tx, packet("p1"), ["G09"], RECIPE)
        outbox.set_state(tx, "p1", "G09", state, now=clock.now())
    is_due = keys_due(store, clock.now()) == [("p1", "G09")]
    assert is_due == (state.value in {"queued", "unconfirmed", "blocked"})
    with store.read() as tx:
        assert (outbox.oldest_open(tx) is not None) == is_due
        assert (outbox.next_due(tx, clock.now()) is not None) == is_due


def test_a_delivery_waits_for_its_time(store: Store, packet: Make, clock: ManualClock) -> None:
    """A delivery is due from its moment on, and the store tells which moment is next."""
    later = clock.now() + MINUTE
    with store.begin() as tx:
        assert outbox.next_due(tx, clock.now()) is None
        outbox.enqueue(tx, packet("p1"), ["G09"], RECIPE)
        outbox.set_state(tx, "p1", "G09", DeliveryState.BLOCKED, now=clock.now(), not_before=later)
    assert keys_due(store, later - dt.timedelta(microseconds=1)) == []
    assert keys_due(store, later) == [("p1", "G09")]
    with store.read() as tx:
        assert outbox.next_due(tx, clock.now()) == later
        assert outbox.next_due(tx, later + MINUTE) == later + MINUTE


def test_a_state_replaces_the_reasons_of_the_one_before(
    store: Store, packet: Make, clock: ManualClock
) -> None:
    """Reason and error code belong to one state; attempts and status accumulate."""
    with store.begin() as tx:
        outbox.enqueue(tx, packet("p1"), ["G09"], RECIPE)
        change: dict[str, Any] = {"reason": "đầy", "error_code": "EDX-6001", "status": "01"}
        outbox.set_state(
            tx, "p1", "G09", DeliveryState.BLOCKED, now=clock.now(), count_attempt=True, **change
        )
        blocked = outbox.delivery(tx, "p1", "G09")
        clock.sleep(60)
        outbox.set_state(tx, "p1", "G09", DeliveryState.QUEUED, now=clock.now(), count_attempt=True)
        queued = outbox.delivery(tx, "p1", "G09")
    assert blocked is not None
    assert queued is not None
    assert (blocked.reason, blocked.error_code) == ("đầy", "EDX-6001")
    assert (queued.reason, queued.error_code) == (None, None)
    assert (queued.attempts, queued.last_status) == (2, "01")
    assert (queued.updated_at, queued.not_before) == (clock.now(), blocked.not_before)


def test_sending_is_dated_once(store: Store, packet: Make, clock: ManualClock) -> None:
    """The moment of the first confirm stays when a packet is sent again."""
    first = clock.now()
    with store.begin() as tx:
        outbox.enqueue(tx, packet("p1"), ["G09"], RECIPE)
        outbox.set_states(tx, [("p1", "G09")], DeliveryState.SENT, now=first)
        clock.sleep(60)
        outbox.set_state(tx, "p1", "G09", DeliveryState.SENT, now=clock.now())
        sent = outbox.delivery(tx, "p1", "G09")
    assert sent is not None
    assert (sent.sent_at, sent.updated_at) == (first, clock.now())


def test_an_unknown_delivery_is_a_bug(store: Store, clock: ManualClock) -> None:
    """Moving a delivery that does not exist is not passed over in silence."""
    with pytest.raises(Bug), store.begin() as tx:
        outbox.set_state(tx, "p1", "G09", DeliveryState.SENT, now=clock.now())


def test_a_batch_moves_exactly_its_deliveries(
    store: Store, packet: Make, clock: ManualClock
) -> None:
    """A batch moves the deliveries that it names and counts them, an empty one none."""
    with store.begin() as tx:
        for number in range(5):
            outbox.enqueue(tx, packet(f"p{number}"), ["G09", "H41"], RECIPE)
        batch = [(f"p{number}", "G09") for number in range(4)]
        at = clock.now()
        later = at + MINUTE
        unconfirmed = DeliveryState.UNCONFIRMED
        moved = outbox.set_states(
            tx, batch, unconfirmed, now=at, not_before=later, count_attempt=True
        )
        assert moved == 4
        assert outbox.set_states(tx, [], unconfirmed, now=at) == 0
        moved_one = outbox.delivery(tx, "p3", "G09")
        assert outbox.counts(tx) == {DeliveryState.QUEUED: 6, unconfirmed: 4}
    assert moved_one is not None
    assert (moved_one.attempts, moved_one.not_before) == (1, later)


def test_a_confirm_does_not_undo_a_status(store: Store, packet: Make, clock: ManualClock) -> None:
    """A batch can be limited to states, so that what moved on in between stays."""
    with store.begin() as tx:
        outbox.enqueue(tx, packet("p1"), ["G09", "H41"], RECIPE)
        outbox.set_state(tx, "p1", "H41", DeliveryState.ARRIVED, now=clock.now(), status="01")
        keys = [("p1", "G09"), ("p1", "H41")]
        only = {DeliveryState.QUEUED, DeliveryState.UNCONFIRMED}
        moved = outbox.set_states(tx, keys, DeliveryState.SENT, now=clock.now(), only_from=only)
        assert moved == 1
        states = [delivery.state for delivery in outbox.deliveries(tx, "p1")]
    assert states == [DeliveryState.SENT, DeliveryState.ARRIVED]


def test_packets_are_found_by_id_document_and_code(store: Store, packet: Make) -> None:
    """An operator finds a packet by the beginning of its id, its document id or its code."""
    with store.begin() as tx:
        outbox.enqueue(tx, packet("ab12-cd", document_id="D1", code="1/A"), ["G09"], RECIPE)
        outbox.enqueue(tx, packet("ab129", document_id="D1", code="2/A"), ["G09"], RECIPE)
        outbox.enqueue(tx, packet("b", document_id="ab12", code="3/A"), ["G09"], RECIPE)
    with store.read() as tx:
        found = {
            text: [p.packet_id for p in outbox.find(tx, text=text)]
            for text in ("ab12", "ab12-cd", "D1", "2/A", "A", "%", "")
        }
    assert found == {
        "ab12": ["b", "ab129", "ab12-cd"],
        "ab12-cd": ["ab12-cd"],
        "D1": ["ab129", "ab12-cd"],
        "2/A": ["ab129"],
        "A": [],
        "%": [],
        "": [],
    }


def test_packets_are_found_by_document_and_digest(store: Store, packet: Make) -> None:
    """Packets of one DocumentId come oldest first, statuses about it and other senders not."""
    with store.begin() as tx:
        outbox.enqueue(tx, packet("p1", document_id="D1"), ["G09"], RECIPE)
        outbox.enqueue(tx, packet("p0", document_id="D1", business_type=1), ["G09"], RECIPE)
        outbox.enqueue(tx, packet("p2", document_id="D1", kind="status"), ["G09"], RECIPE)
        outbox.enqueue(tx, packet("p3", document_id="D1", sender="G22.01"), ["G09"], RECIPE)
    with store.read() as tx:
        found = [p.packet_id for p in outbox.by_document(tx, "G22", "D1")]
        by_digest = outbox.by_digest(tx, "digest-p2")
        assert outbox.by_digest(tx, "digest-p9") is None
    assert found == ["p1", "p0"]
    assert by_digest is not None
    assert by_digest.packet_id == "p2"


def test_deliveries_are_listed_newest_first(store: Store, packet: Make, clock: ManualClock) -> None:
    """Lists can be narrowed to states, receiver and kind, and paged."""
    with store.begin() as tx:
        for number in range(3):
            outbox.enqueue(tx, packet(f"p{number}"), ["G09", "H41"], RECIPE)
        outbox.enqueue(tx, packet("s", kind="status"), ["H41"], RECIPE)
        outbox.set_state(tx, "p1", "H41", DeliveryState.PARKED, now=clock.now())
        outbox.set_state(tx, "s", "H41", DeliveryState.PARKED, now=clock.now())

    def keys(**narrow: Any) -> list[str]:
        with store.read() as tx:
            listed = outbox.list_deliveries(tx, **{"limit": 10, **narrow})
        assert all(p.packet_id == d.packet_id for p, d in listed)
        return [f"{d.packet_id} {d.receiver}" for _, d in listed]

    assert keys() == ["s H41", "p2 G09", "p2 H41", "p1 G09", "p1 H41", "p0 G09", "p0 H41"]
    assert keys(limit=2, offset=1) == ["p2 G09", "p2 H41"]
    assert keys(states={DeliveryState.PARKED}) == ["s H41", "p1 H41"]
    assert keys(states=[DeliveryState.PARKED], kind="document") == ["p1 H41"]
    assert keys(receiver="H41", kind="status") == ["s H41"]
    assert keys(states=[]) == []


def test_counts_tell_documents_from_statuses(store: Store, packet: Make) -> None:
    """The counts of documents do not contain our receipts."""
    with store.begin() as tx:
        assert outbox.counts(tx) == {}
        outbox.enqueue(tx, packet("p1"), ["G09", "H41"], RECIPE)
        outbox.enqueue(tx, packet("s", kind="status"), ["H41"], RECIPE)
        assert outbox.counts(tx) == {DeliveryState.QUEUED: 2}
        assert outbox.counts_of(tx, "status") == {DeliveryState.QUEUED: 1}


def test_the_oldest_open_delivery_is_dated(store: Store, packet: Make, clock: ManualClock) -> None:
    """The age of the backlog is that of its first packet, in whichever lane it waits."""
    start = clock.now()
    with store.begin() as tx:
        assert outbox.oldest_open(tx) is None
        for number, priority in enumerate((0, 1, 0)):
            outbox.enqueue(tx, packet(f"p{number}", priority=priority), ["G09"], RECIPE)
            clock.sleep(60)
        assert outbox.oldest_open(tx) == start
        outbox.set_state(tx, "p0", "G09", DeliveryState.SENT, now=clock.now())
        assert outbox.oldest_open(tx) == start + MINUTE


def test_all_open_states_are_in_the_index() -> None:
    """The condition of the partial index names exactly the open states."""
    assert t.OPEN_DELIVERY == "state IN ('blocked', 'queued', 'unconfirmed')"
