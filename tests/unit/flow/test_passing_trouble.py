"""Trouble that passes leaves nothing behind: nobody is forgotten, refused or spoken for."""

from __future__ import annotations

import itertools
import threading
import weakref
from collections.abc import Callable
from typing import Any, cast

import pytest

from connector.broker.message import Outcome, Outgoing
from connector.broker.publisher import Publisher
from connector.errors import StorageError, UnavailableError
from connector.flow import codes, deliver, handover
from connector.flow.adapters.adapter import Adapter
from connector.flow.outbound import Outbound
from connector.flow.relay import Relay
from connector.flow.verified import JustReceived
from connector.flow.workers.sealer import Sealer
from connector.model.states import InboxState
from connector.service.daemon import Daemon
from connector.store import codes as store_codes
from connector.store import inbox, outbox
from connector.store.scratch import Scratch
from connector.store.spool import Spool
from connector.trust.pki import DevPki
from connector.trust.verify import signed_digest
from tests.unit.flow.arrivals import AtHand, messages_of, packet, receiver_of
from tests.unit.flow.conftest import Office


def counts(office: Office) -> dict[InboxState, int]:
    """Return how many messages are in each state."""
    with office.node.store.read() as tx:
        return inbox.counts(tx)


def away(*_: Any, **__: Any) -> Any:
    """Fail as a token does that was pulled."""
    raise UnavailableError(codes.SEALING_STOPPED.at())


def test_whoever_looks_at_a_message_first_finds_its_bytes(office: Office, pki: DevPki) -> None:
    """Nothing stays in memory, even if a message is looked at before it is acknowledged."""
    node = office.node

    class Eager(AtHand):
        def ack(self, tags: Any) -> None:
            super().ack(tags)
            while node.admission.pump():
                pass

    receiver = receiver_of(node, Eager(messages_of([packet(pki, n) for n in range(1, 7)])))
    receiver.pump()
    assert counts(office) == {InboxState.VERIFIED: 6}
    node.admission.arrived.receive("probe", b"x")
    assert list(node.admission.arrived._kept) == ["probe"]


def test_what_nobody_wants_any_more_makes_room() -> None:
    """A message that an operator put aside does not hold up reception for good."""
    received = JustReceived(limit_bytes=3)
    received.receive("put aside", b"xx")
    for number in range(600):
        received.receive(str(number), b"x")
        assert received.take(str(number)) == b"x"
    waited = threading.Thread(target=received.wait_for_room, args=(60.0,))
    waited.start()
    waited.join(30)
    assert not waited.is_alive()
    assert received.take("put aside") is None


def forged(data: bytes) -> bytes:
    """Return a packet in which a word was changed after it was signed."""
    return data.replace("thử".encode(), "thư".encode())


def arrives(office: Office, data: bytes) -> None:
    """Let a packet arrive; nobody has looked at it."""
    receiver_of(office.node, AtHand(messages_of([data]))).pump()


def test_a_refusal_waits_for_its_key(
    office: Office, pki: DevPki, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the token is away nobody is refused in silence: the 02 goes out when it is back."""
    node = office.node
    arrives(office, forged(packet(pki, 1)))
    with monkeypatch.context() as patched:
        patched.setattr(Sealer, "seal", away)
        node.admission.pump()
        assert counts(office) == {InboxState.RECEIVED: 1}
    cast("Any", node.clock).sleep(3600)
    node.admission.pump()
    assert counts(office) == {InboxState.REFUSED: 1}
    with node.store.read() as tx:
        assert [sent.status_code for sent, _ in outbox.list_deliveries(tx, limit=9)] == ["02"]


@pytest.mark.parametrize("rooms", [0, 1, 2])
def test_a_refusal_waits_for_the_disk(
    office: Office, pki: DevPki, monkeypatch: pytest.MonkeyPatch, rooms: int
) -> None:
    """Without room to read what is refused nobody is quarantined in silence; the 02 names it."""
    node, real = office.node, Spool.scratch
    good = packet(pki, 1, b"%PDF-1.4\n" + b"x" * 1_200_000)
    arrives(office, forged(good))
    made = itertools.count()

    def scratch(spool: Spool) -> Scratch:
        if next(made) >= rooms:
            raise StorageError(store_codes.DISK_FULL.at("scratch", reason="full"))
        return real(spool)

    with monkeypatch.context() as patched:
        patched.setattr(Spool, "scratch", scratch)
        with pytest.raises(StorageError):
            node.admission.pump()
    assert counts(office) == {InboxState.RECEIVED: 1}
    node.admission.pump()
    with node.store.read() as tx:
        (refused,) = inbox.list_messages(tx, limit=9)
        assert [sent.status_code for sent, _ in outbox.list_deliveries(tx, limit=9)] == ["02"]
    assert (refused.state, refused.digest) == (InboxState.REFUSED, signed_digest(good))


def test_a_refusal_waits_for_what_is_away(
    office: Office, pki: DevPki, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trouble that passes while the refused packet is read puts it off, and decides nothing."""
    node = office.node
    arrives(office, forged(packet(pki, 1)))
    with monkeypatch.context() as patched:
        patched.setattr("connector.flow.admit.read", away)
        node.admission.pump()
    assert counts(office) == {InboxState.RECEIVED: 1}
    cast("Any", node.clock).sleep(3600)
    node.admission.pump()
    assert counts(office) == {InboxState.REFUSED: 1}


def test_a_refusal_needs_no_more_files_than_the_verdict(
    office: Office, pki: DevPki, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read in vain is let go before the packet is read anew for its sender."""
    node, real = office.node, Spool.scratch
    made: list[weakref.ref[Scratch]] = []
    beside: list[int] = []

    def scratch(spool: Spool) -> Scratch:
        beside.append(sum(each() is not None for each in made))
        place = real(spool)
        made.append(weakref.ref(place))
        return place

    monkeypatch.setattr(Spool, "scratch", scratch)
    good = packet(pki, 1, b"%PDF-1.4\n" + b"x" * 1_200_000)
    arrives(office, forged(good))
    node.admission.pump()
    assert counts(office) == {InboxState.REFUSED: 1}
    assert beside == [0, 0, 0]


def test_a_batch_does_not_wait_for_the_next(
    office: Office, row: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where processes seal, what was begun is taken though what follows cannot be read now."""
    office.export(*[row(f"{number:03}/VPCP") for number in range(1, 101)])
    monkeypatch.setattr(Outbound, "seals_beside", property(lambda _: True))
    real = Adapter.map

    def mapped(self: Adapter, record: Any, source: Any) -> Any:
        if record.values["So"].startswith("080"):
            raise UnavailableError(codes.SEALING_STOPPED.at())
        return real(self, record, source)

    with monkeypatch.context() as patched:
        patched.setattr(Adapter, "map", mapped)
        with pytest.raises(UnavailableError):
            office.collect()
        assert len(office.packets()) == 64
    office.collect()
    assert len(office.packets()) == 100


class _Taking:
    """A publisher that takes everything and never hears of it."""

    connected = True

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []

    def outcomes(self, *_: Any) -> list[Outcome]:
        return []

    def submit(self, message: Outgoing) -> None:
        self.taken.append(message.key)


def test_a_full_disk_keeps_no_delivery_in_hand(
    office: Office, row: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A packet that can neither be sent nor set aside holds up none of those behind it."""
    node, publisher = office.node, _Taking()
    office.export(*[row(f"{number:03}/VPCP") for number in range(1, 6)])
    office.collect()
    relay = Relay(
        node.ledger,
        node.spool,
        cast("Publisher", publisher),
        node.policy,
        agency="G22",
        sends_for=lambda _: True,
        environment="test",
    )
    real, calls = relay._bodies.pieces, itertools.count(1)

    def damaged(*given: Any) -> Any:
        if next(calls) == 2:
            raise StorageError(store_codes.BODY_MISSING.at("x", sha256="0" * 64))
        return real(*given)

    def full(*_: Any) -> None:
        raise StorageError(store_codes.DISK_FULL.at("x", reason="full"))

    with monkeypatch.context() as patched:
        patched.setattr(relay._bodies, "pieces", damaged)
        patched.setattr(relay, "_give_up", full)
        with pytest.raises(StorageError):
            relay.pump()
    cast("Any", node.clock).sleep(3600)
    relay.pump()
    assert len(set(publisher.taken)) == 5


def test_what_an_operator_parked_stays_so(
    office: Office, pki: DevPki, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though a sink was at work on it: he is not overruled, and the program did not fail."""
    node = office.node
    receiver_of(node, AtHand(messages_of([packet(pki, 1)]))).pump()
    node.admission.pump()
    real = handover.hand_over

    def slow(item: Any, *given: Any) -> Any:
        node.operator("clerk").park_received(item.packet_id, "wrong desk")
        return real(item, *given)

    with monkeypatch.context() as patched:
        patched.setattr(deliver, "hand_over_all", away)  # so that each is handed over alone
        patched.setattr(deliver, "hand_over", slow)
        node.desk.pump()
    with node.store.read() as tx:
        (found,) = inbox.list_messages(tx, limit=9)
    assert (found.state, list(found.findings)) == (InboxState.PARKED, [])


def test_an_odd_row_of_statuses_ends_no_daemon(office: Office) -> None:
    """What nobody foresaw in an exchange of states is told, and the other work goes on."""

    class Odd:
        name = "statuses of G22"
        rows = iter([KeyError("odd"), None])

        def step(self, _go_on: Callable[[], bool]) -> int:
            trouble = next(self.rows)
            if trouble is not None:
                raise trouble
            return 1

    daemon = Daemon(office.node)
    step = daemon._exchanging(cast("Any", Odd()))
    assert step(lambda: True) == 0
    assert "EDX-9003" in str(daemon._source_errors["statuses of G22"])
    assert (step(lambda: True), daemon._source_errors) == (1, {})
