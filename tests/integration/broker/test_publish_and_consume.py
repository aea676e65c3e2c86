"""Publisher and consumer against a real broker."""

from __future__ import annotations

import functools
import json
import struct
from dataclasses import replace

import pika
import pytest

from connector.broker.consumer import Consumer
from connector.broker.layout import QueueLimits, exchange_for
from connector.broker.message import OutcomeKind
from connector.broker.sandbox import Sandbox
from connector.broker.topology import dead_queue, queues_of
from tests.integration.broker.traffic import (
    SECONDS,
    a_message,
    consuming,
    drained,
    open_channel,
    outcomes_of,
    publish_all,
    publishing,
    waiting_in_inbox,
)

pytestmark = pytest.mark.broker


def test_a_message_arrives_as_it_was_sent(vhost: Sandbox) -> None:
    """Body, ids, type, user and headers reach the receiver unchanged."""
    vhost.connect(["G22", "H41"])
    with publishing(vhost.settings("G22")) as publisher:
        sent = a_message(1, body=bytes(range(256)) * 2000)
        assert publish_all(publisher, sent) == {sent.key: OutcomeKind.CONFIRMED}
    (got,) = drained(vhost.settings("H41"), *queues_of("H41"))
    assert got.body == sent.body
    assert (got.message_id, got.type, got.correlation_id) == ("packet-1", "document", "answered")
    assert (got.user_id, got.queue, got.redelivered) == ("G22", "edoc.H41.inbox", False)
    assert got.headers == {"edoc-sender": "G22", "edoc-part": 1}
    assert got.content_type == "application/edxml+xml"


def test_every_message_of_a_long_run_is_confirmed_once(vhost: Sandbox) -> None:
    """Far more messages than fit into the window get one confirm each and are all there."""
    vhost.connect(["G22", "H41"])
    settings = replace(vhost.settings("G22"), window=16)
    keys = []
    with publishing(settings) as publisher:
        for number in range(500):
            publisher.submit(a_message(number))
            assert publisher._open_count <= 16
            keys += [outcome.key for outcome in publisher.outcomes()]
        keys += [outcome.key for outcome in outcomes_of(publisher)]
    assert sorted(keys) == sorted((f"packet-{n}", "H41") for n in range(500))
    assert waiting_in_inbox(vhost, "H41") == [f"packet-{n}" for n in range(500)]


def test_the_window_is_limited_by_bytes_too(vhost: Sandbox) -> None:
    """Messages that do not fit go one by one, even one that is larger than the whole window."""
    vhost.connect(["G22", "H41"])
    settings = replace(vhost.settings("G22"), window_bytes=1000)
    with publishing(settings) as publisher:
        for number in range(20):
            publisher.submit(a_message(number, body=b"x" * 700))
            assert publisher._open_count <= 1
        publisher.submit(a_message(20, body=b"x" * 5000))
        assert {o.kind for o in outcomes_of(publisher)} == {OutcomeKind.CONFIRMED}
    assert len(waiting_in_inbox(vhost, "H41")) == 21


def test_an_unknown_receiver_comes_straight_back(vhost: Sandbox) -> None:
    """No queue for a code means RETURNED, while its neighbours are confirmed."""
    vhost.connect(["G22", "H41"])
    with publishing(vhost.settings("G22")) as publisher:
        said = publish_all(
            publisher, a_message(1), a_message(1, "H99"), a_message(1, "H4"), a_message(2)
        )
    assert said == {
        ("packet-1", "H41"): OutcomeKind.CONFIRMED,
        ("packet-1", "H99"): OutcomeKind.RETURNED,
        ("packet-1", "H4"): OutcomeKind.RETURNED,
        ("packet-2", "H41"): OutcomeKind.CONFIRMED,
    }


def test_mail_for_a_unit_without_a_node_falls_to_the_agency_above(vhost: Sandbox) -> None:
    """H41 gets its own mail and that of H41.03, H41.02 what is for it and below it."""
    vhost.connect(["G22", "H41", "H41.02"])
    receivers = ["H41", "H41.02", "H41.02.07", "H41.03", "H41.03.01"]
    with publishing(vhost.settings("G22")) as publisher:
        messages = [a_message(n, receiver) for n, receiver in enumerate(receivers)]
        assert set(publish_all(publisher, *messages).values()) == {OutcomeKind.CONFIRMED}
    assert waiting_in_inbox(vhost, "H41") == ["packet-0", "packet-3", "packet-4"]
    assert waiting_in_inbox(vhost, "H41.02") == ["packet-1", "packet-2"]
    assert waiting_in_inbox(vhost, "G22") == []


def test_a_new_agency_above_takes_its_place_without_doubling_mail(vhost: Sandbox) -> None:
    """When H41 joins after H41.02, the unit's mail still arrives once, by way of H41."""
    vhost.connect(["G22", "H41.02"])
    done = vhost.connect(["H41"])
    assert "binding edoc --H41.02.#--> edoc.H41.02 removed" in done
    with publishing(vhost.settings("G22")) as publisher:
        publish_all(publisher, a_message(1, "H41.02"), a_message(2, "H41.09"))
    assert waiting_in_inbox(vhost, "H41.02") == ["packet-1"]
    assert waiting_in_inbox(vhost, "H41") == ["packet-2"]


def test_urgent_mail_is_handed_out_first(vhost: Sandbox) -> None:
    """What came through the urgent lane is received before older mail that waits."""
    vhost.connect(["G22", "H41", "H41.02"])
    with publishing(vhost.settings("G22")) as publisher:
        normal = [a_message(n, "H41.01") for n in range(5)]
        urgent = [a_message(n, "H41.01", exchange=exchange_for(1)) for n in range(5, 8)]
        assert set(publish_all(publisher, *normal, *urgent).values()) == {OutcomeKind.CONFIRMED}
    with consuming(vhost.settings("H41"), queues_of("H41")) as consumer:
        assert consumer.wait_connected(SECONDS)
        while consumer.buffered < 8:
            assert consumer.backlog() is not None
        got = consumer.receive_many(8, SECONDS)
        consumer.ack(message.tag for message in got)
    assert [message.message_id for message in got] == [f"packet-{n}" for n in (5, 6, 7, *range(5))]
    assert got[0].queue == "edoc.H41.inbox.urgent"


def test_a_full_inbox_nacks_and_keeps_what_it_has(vhost: Sandbox) -> None:
    """Beyond the limit of the queue the sender is told, nothing older is dropped."""
    vhost.connect(["G22", "H41"], QueueLimits(max_bytes=50_000))
    said: dict[tuple[str, str], OutcomeKind] = {}
    with publishing(replace(vhost.settings("G22"), window=1)) as publisher:
        for number in range(30):
            said |= publish_all(publisher, a_message(number, body=b"x" * 10_000))
    confirmed = [key[0] for key, kind in said.items() if kind is OutcomeKind.CONFIRMED]
    assert set(said.values()) == {OutcomeKind.CONFIRMED, OutcomeKind.NACKED}
    assert waiting_in_inbox(vhost, "H41") == confirmed


def test_a_missing_exchange_refuses_that_message_only(vhost: Sandbox) -> None:
    """The culprit is REFUSED with a code, and the next messages go through."""
    vhost.connect(["G22", "H41"])
    vhost.management.put_permissions("G22", "^$", ".*", "^$")
    with publishing(vhost.settings("G22")) as publisher:
        publisher.submit(a_message(1, exchange="edoc.nowhere"), SECONDS)
        (outcome,) = outcomes_of(publisher)
        assert (outcome.kind, outcome.error_code) == (OutcomeKind.REFUSED, "EDX-6020")
        assert publish_all(publisher, a_message(2)) == {("packet-2", "H41"): OutcomeKind.CONFIRMED}


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"user_id": "H41"}, "EDX-6022"),
        ({"exchange": "edoc.H41"}, "EDX-6023"),
        ({"exchange": ""}, "EDX-6023"),
    ],
)
def test_forgeries_are_refused_by_the_broker(
    vhost: Sandbox, bad: dict[str, str], code: str
) -> None:
    """Another's user id, another's exchange and the default exchange are closed to agencies."""
    vhost.connect(["G22", "H41"])
    with publishing(vhost.settings("G22")) as publisher:
        publisher.submit(replace(a_message(1), **bad), SECONDS)  # type: ignore[arg-type]
        (outcome,) = outcomes_of(publisher)
    assert (outcome.kind, outcome.error_code) == (OutcomeKind.REFUSED, code)
    assert waiting_in_inbox(vhost, "H41") == []


def test_bad_messages_among_good_ones_are_found_by_sending_again(vhost: Sandbox) -> None:
    """Sending what is unknown again ends: good ones confirmed, each bad one refused."""
    vhost.connect(["G22", "H41"])
    messages = {
        message.key: message
        for message in (
            a_message(number, user_id="H41" if number in {3, 7, 8} else "G22")
            for number in range(12)
        )
    }
    final: dict[tuple[str, str], OutcomeKind] = {}
    with publishing(vhost.settings("G22")) as publisher:
        rounds = 0
        while len(final) < len(messages):
            rounds += 1
            assert rounds < 12
            todo = [message for key, message in messages.items() if key not in final]
            said = publish_all(publisher, *todo)
            final |= {key: kind for key, kind in said.items() if kind is not OutcomeKind.UNKNOWN}
    refused = {key[0] for key, kind in final.items() if kind is OutcomeKind.REFUSED}
    assert refused == {"packet-3", "packet-7", "packet-8"}
    assert set(waiting_in_inbox(vhost, "H41")) == {f"packet-{n}" for n in range(12)} - refused


def test_what_was_not_acked_comes_again(vhost: Sandbox) -> None:
    """A consumer that goes without acking gets the rest again, marked as redelivered."""
    vhost.connect(["G22", "H41"])
    with publishing(vhost.settings("G22")) as publisher:
        publish_all(publisher, *(a_message(n) for n in range(4)))
    with consuming(vhost.settings("H41"), queues_of("H41")) as consumer:
        got = [consumer.receive(SECONDS) for _ in range(4)]
        consumer.ack(message.tag for message in got[1:3] if message)
        assert consumer.backlog() == 0
    again = drained(vhost.settings("H41"), *queues_of("H41"))
    assert [message.message_id for message in again] == ["packet-0", "packet-3"]
    assert {message.redelivered for message in again} == {True}


class _Hostile(pika.BasicProperties):
    """Properties that the broker passes on and pika cannot read."""

    def __init__(self, raw: bytes) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._raw = raw

    def encode(self) -> list[bytes]:
        return [self._raw]


_HEADERS = struct.pack(">H", 1 << 13)
_NO_TIME = b"\x01xT" + b"\xff" * 8
_NESTED = functools.reduce(lambda i, _: b"A" + struct.pack(">I", len(i)) + i, range(5000), b"V")


@pytest.mark.parametrize(
    "raw",
    [
        _HEADERS + struct.pack(">I", len(_NO_TIME)) + _NO_TIME,
        _HEADERS + struct.pack(">I", len(_NESTED) + 2) + b"\x01x" + _NESTED,
        struct.pack(">H", 1 << 7) + b"\x02\xff\xfe",
    ],
    ids=["year beyond all years", "deep nesting", "id that is no text"],
)
def test_hostile_properties_do_not_stop_the_mail(vhost: Sandbox, raw: bytes) -> None:
    """A message with unreadable properties is handed over, and so is the next one."""
    vhost.connect(["G22", "H41"])
    with open_channel(vhost.settings("G22")) as connection:
        channel = connection.channel()
        channel.basic_publish("edoc", "H41", b"hostile", _Hostile(raw))
        channel.close()
    with publishing(vhost.settings("G22")) as publisher:
        publish_all(publisher, a_message(1))
    got = drained(vhost.settings("H41"), *queues_of("H41"))
    assert [message.body for message in got] == [b"hostile", b"<edXML/>"]
    assert got[0].user_id is None
    json.dumps(got[0].headers)


def test_requeued_messages_come_again_at_once(vhost: Sandbox) -> None:
    """Giving a message back delivers it again; acking it then ends it."""
    vhost.connect(["G22", "H41"])
    with publishing(vhost.settings("G22")) as publisher:
        publish_all(publisher, a_message(1))
    with consuming(vhost.settings("H41"), queues_of("H41")) as consumer:
        first = consumer.receive(SECONDS)
        assert first is not None
        consumer.requeue([first.tag])
        second = consumer.receive(SECONDS)
        assert second is not None
        assert (second.message_id, second.redelivered) == ("packet-1", True)
        consumer.ack([first.tag, second.tag, second.tag])
        assert consumer.backlog() == 0
        assert consumer.idle
    assert waiting_in_inbox(vhost, "H41") == []


def test_what_is_given_back_too_often_goes_to_the_dead_queue(vhost: Sandbox) -> None:
    """Beyond the delivery limit a message is set aside for quarantine, not lost."""
    vhost.connect(["G22", "H41"], QueueLimits(delivery_limit=2))
    with publishing(vhost.settings("G22")) as publisher:
        publish_all(publisher, a_message(1))
    queues = (*queues_of("H41"), dead_queue("H41"))
    with consuming(vhost.settings("H41"), queues) as consumer:
        seen: list[str] = []
        while not seen or seen[-1] != dead_queue("H41"):
            message = consumer.receive(SECONDS)
            assert message is not None
            seen.append(message.queue)
            if message.queue == dead_queue("H41"):
                assert message.user_id == "G22"
                consumer.ack([message.tag])
            else:
                consumer.requeue([message.tag])
    assert seen == ["edoc.H41.inbox"] * 3 + [dead_queue("H41")]


def test_a_second_daemon_waits_until_the_first_is_gone(vhost: Sandbox) -> None:
    """Only one consumer of an agency is active; the other takes over."""
    vhost.connect(["G22", "H41"])
    with (
        publishing(vhost.settings("G22")) as publisher,
        consuming(vhost.settings("H41"), queues_of("H41")) as first,
        consuming(vhost.settings("H41"), queues_of("H41")) as second,
    ):
        assert first.wait_connected(SECONDS)
        assert second.wait_connected(SECONDS)
        publish_all(publisher, *(a_message(n) for n in range(6)))
        active, waiting = (first, second) if first.receive(1.0) else (second, first)
        assert waiting.receive(0.2) is None
        active.stop()
        assert waiting.receive(SECONDS) is not None


def test_prefetch_limits_what_is_held(vhost: Sandbox) -> None:
    """No more unacked messages than the prefetch are held per queue; the rest is backlog."""
    vhost.connect(["G22", "H41"])
    with publishing(vhost.settings("G22")) as publisher:
        publish_all(publisher, *(a_message(n) for n in range(10)))
    with consuming(vhost.settings("H41"), queues_of("H41"), prefetch=3) as consumer:
        assert consumer.receive(SECONDS) is not None
        assert consumer.unacked <= 3
        assert (consumer.backlog() or 0) >= 7


def test_bytes_limit_what_is_held(vhost: Sandbox) -> None:
    """While large messages wait to be handed out, few more are read; none is lost, none late."""
    vhost.connect(["G22", "H41"])
    bodies = [bytes([number]) * (1 << 20) for number in range(16)]
    with publishing(vhost.settings("G22")) as publisher:
        publish_all(publisher, *(a_message(n, body=body) for n, body in enumerate(bodies)))
    consumer = Consumer(
        vhost.settings("H41"), queues_of("H41"), 64, lambda _: None, most_bytes=3 << 20
    )
    consumer.start()
    received: list[bytes] = []
    try:
        while len(received) < len(bodies):
            found = consumer.receive_many(64, SECONDS, most_bytes=2 << 20)
            assert 1 <= len(found) <= 2
            assert consumer.buffered <= 4
            received += [message.body for message in found]
            consumer.ack([message.tag for message in found])
    finally:
        consumer.stop()
    assert received == bodies
