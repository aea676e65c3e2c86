"""What a broker can do to us: die, hang, raise an alarm, refuse what is too large."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from connector.broker.consumer import Consumer
from connector.broker.message import Outcome, OutcomeKind, Outgoing
from connector.broker.private import PrivateNode
from connector.broker.publisher import Publisher
from connector.broker.sandbox import Sandbox
from connector.broker.settings import BrokerSettings
from connector.broker.topology import queues_of
from connector.errors import UnavailableError
from connector.events import BrokerConnected, BrokerLost, Event

pytestmark = [pytest.mark.broker, pytest.mark.slow]

_SECONDS = 60.0


def _message(number: int, body: bytes = b"x" * 2000) -> Outgoing:
    return Outgoing(
        key=(f"packet-{number}", "H41"),
        exchange="edoc",
        routing_key="H41",
        body=body,
        message_id=f"packet-{number}",
        type="document",
        user_id="G22",
    )


def _impatient(settings: BrokerSettings) -> BrokerSettings:
    return replace(
        settings, first_wait_seconds=0.1, max_wait_seconds=0.5, heartbeat_seconds=1, window=32
    )


@contextmanager
def _publisher(settings: BrokerSettings, events: list[Event]) -> Iterator[Publisher]:
    publisher = Publisher(settings, events.append)
    publisher.start()
    try:
        yield publisher
    finally:
        publisher.stop()


def _send_all(publisher: Publisher, count: int) -> list[Outcome]:
    """Send until everything is confirmed, like the relay: unknown means the same id again."""
    todo = {f"packet-{number}": _message(number) for number in range(count)}
    said: list[Outcome] = []
    while todo:
        for message in list(todo.values()):
            publisher.submit(message, _SECONDS)
        while publisher.in_flight:
            found = publisher.outcomes(_SECONDS)
            said += found
            for outcome in found:
                if outcome.kind is OutcomeKind.CONFIRMED:
                    todo.pop(outcome.key[0], None)
    return said


def _ids_in_inbox(settings: BrokerSettings) -> list[str | None]:
    """Take all that is in the inbox.

    The reader is patient: one that a busy machine keeps from answering for a second would be cut
    off, and what the broker still holds for its old connection is in no backlog.
    """
    patient = replace(settings, heartbeat_seconds=60)
    consumer = Consumer(patient, queues_of("H41"), 64, lambda _: None)
    consumer.start()
    found: list[str | None] = []
    try:
        assert consumer.wait_connected(_SECONDS)
        while consumer.backlog(_SECONDS) != 0 or consumer.unacked:  # None: it was just cut off
            batch = consumer.receive_many(100, 0.5)
            consumer.ack(message.tag for message in batch)
            found += [message.message_id for message in batch]
    finally:
        consumer.stop()
    return found


def test_nothing_is_lost_when_the_broker_is_killed(
    fragile_node: PrivateNode, fragile_vhost: Sandbox
) -> None:
    """Kill -9 in the middle of publishing: every message ends with an outcome, all arrive."""
    fragile_vhost.connect(["G22", "H41"], settle_seconds=2.0)
    events: list[Event] = []
    count = 3000

    def kill_and_restart() -> None:
        fragile_node.freeze()  # what is sent from here on has no answer when the node is killed
        time.sleep(0.5)
        fragile_node.kill()
        fragile_node.restart()

    with _publisher(_impatient(fragile_vhost.settings("G22")), events) as publisher:
        publisher.submit(_message(0), _SECONDS)
        killer = threading.Thread(target=kill_and_restart)
        killer.start()
        said = _send_all(publisher, count)
        killer.join()
    assert {outcome.kind for outcome in said} == {OutcomeKind.CONFIRMED, OutcomeKind.UNKNOWN}
    assert [type(event) for event in events] == [BrokerConnected, BrokerLost, BrokerConnected]
    assert set(_ids_in_inbox(_impatient(fragile_vhost.settings("H41")))) == {
        f"packet-{number}" for number in range(count)
    }


def test_a_frozen_broker_leaves_messages_unknown(
    fragile_node: PrivateNode, fragile_vhost: Sandbox
) -> None:
    """A broker that hangs is noticed by the heartbeat; a stop does not hang with it."""
    fragile_vhost.connect(["G22", "H41"])
    events: list[Event] = []
    with _publisher(_impatient(fragile_vhost.settings("G22")), events) as publisher:
        assert publisher.wait_connected(_SECONDS)
        fragile_node.freeze()
        try:
            publisher.submit(_message(1))
            (outcome,) = publisher.outcomes(_SECONDS)
            assert outcome.kind is OutcomeKind.UNKNOWN
            assert not publisher.connected
            with pytest.raises(UnavailableError):
                publisher.submit(_message(2), timeout=0.2)
        finally:
            fragile_node.thaw()
        publisher.submit(_message(1), _SECONDS)
        (outcome,) = publisher.outcomes(_SECONDS)
        assert outcome.kind is OutcomeKind.CONFIRMED
    assert [type(event) for event in events] == [BrokerConnected, BrokerLost, BrokerConnected]
    assert set(_ids_in_inbox(_impatient(fragile_vhost.settings("H41")))) == {"packet-1"}


def test_stopping_while_the_broker_hangs_ends(
    fragile_node: PrivateNode, fragile_vhost: Sandbox
) -> None:
    """A node can be shut down while its broker answers nothing; open messages are unknown."""
    fragile_vhost.connect(["G22", "H41"])
    settings = replace(fragile_vhost.settings("G22"), heartbeat_seconds=600)
    with _publisher(settings, []) as publisher:
        assert publisher.wait_connected(_SECONDS)
        fragile_node.freeze()
        try:
            publisher.submit(_message(1))
            publisher.stop(0.1)
        finally:
            fragile_node.thaw()
        assert [outcome.kind for outcome in publisher.outcomes()] == [OutcomeKind.UNKNOWN]


def test_a_broker_that_confirms_nothing_is_given_up(
    fragile_node: PrivateNode, fragile_vhost: Sandbox
) -> None:
    """Without any confirm for the set time the messages become unknown, heartbeat or not."""
    fragile_vhost.connect(["G22", "H41"])
    settings = replace(
        fragile_vhost.settings("G22"), heartbeat_seconds=600, confirm_timeout_seconds=0.5
    )
    with _publisher(settings, []) as publisher:
        assert publisher.wait_connected(_SECONDS)
        fragile_node.freeze()
        try:
            publisher.submit(_message(1))
            (outcome,) = publisher.outcomes(_SECONDS)
        finally:
            fragile_node.thaw()
    assert outcome.kind is OutcomeKind.UNKNOWN
    assert "confirmed nothing" in outcome.reason


def test_a_blocked_broker_is_no_lost_message(
    fragile_node: PrivateNode, fragile_vhost: Sandbox
) -> None:
    """A disk alarm stops sending with one event; when it is over, sending goes on."""
    fragile_vhost.connect(["G22", "H41"])
    events: list[Event] = []
    with _publisher(_impatient(fragile_vhost.settings("G22")), events) as publisher:
        assert publisher.wait_connected(_SECONDS)
        fragile_node.control("set_disk_free_limit", "100000GB")
        _wait_until(lambda: bool(fragile_vhost.management.alarms()))
        (alarm,) = fragile_vhost.management.alarms()
        assert alarm["alarm"] == "disk_free_alarm"
        publisher.submit(_message(1))
        _wait_until(lambda: publisher.blocked)
        with pytest.raises(UnavailableError):
            publisher.submit(_message(2), timeout=0.1)
        assert not publisher.connected
        fragile_node.control("set_disk_free_limit", "50MB")
        assert publisher.wait_connected(_SECONDS)
        kinds = set()
        while publisher.in_flight:
            kinds |= {outcome.kind for outcome in publisher.outcomes(_SECONDS)}
        assert kinds == {OutcomeKind.CONFIRMED}
    assert [type(event) for event in events] == [BrokerConnected, BrokerLost, BrokerConnected]


def _wait_until(holds: Callable[[], bool]) -> None:
    """Ask again until it holds; the test's timeout bounds it."""
    pause = threading.Event()
    while not holds():
        pause.wait(0.1)


def test_a_message_over_the_broker_s_limit_is_refused(fragile_vhost: Sandbox) -> None:
    """The broker's own limit refuses the large message and spares the small ones."""
    fragile_vhost.connect(["G22", "H41"])
    with _publisher(fragile_vhost.settings("G22"), []) as publisher:
        publisher.submit(_message(1, b"x" * 65_537), _SECONDS)
        (outcome,) = publisher.outcomes(_SECONDS)
        assert (outcome.kind, outcome.error_code) == (OutcomeKind.REFUSED, "EDX-6021")
        publisher.submit(_message(2, b"x" * 65_536), _SECONDS)
        (outcome,) = publisher.outcomes(_SECONDS)
        assert outcome.kind is OutcomeKind.CONFIRMED


def test_a_consumer_survives_the_loss_of_the_connection(
    fragile_node: PrivateNode, fragile_vhost: Sandbox
) -> None:
    """Messages held over a restart come again; acks for the lost channel do no harm."""
    fragile_vhost.connect(["G22", "H41"], settle_seconds=2.0)
    with _publisher(fragile_vhost.settings("G22"), []) as publisher:
        for number in range(3):
            publisher.submit(_message(number), _SECONDS)
        publisher.stop(_SECONDS)
    consumer = Consumer(
        _impatient(fragile_vhost.settings("H41")), queues_of("H41"), 64, lambda _: None
    )
    consumer.start()
    try:
        before = [consumer.receive(_SECONDS) for _ in range(3)]
        fragile_node.kill()
        fragile_node.restart()
        assert consumer.wait_connected(_SECONDS)
        consumer.ack(message.tag for message in before if message)
        after = [consumer.receive(_SECONDS) for _ in range(3)]
        assert sorted(m.message_id or "" for m in after if m) == [
            "packet-0",
            "packet-1",
            "packet-2",
        ]
        consumer.ack(message.tag for message in after if message)
        assert consumer.backlog(_SECONDS) == 0
    finally:
        consumer.stop()


def test_the_node_belongs_to_the_process_that_started_it(fragile_node: PrivateNode) -> None:
    """The pid is that of the node itself, so that signals reach it and nothing else."""
    with open(f"/proc/{fragile_node.pid}/cmdline", "rb") as file:  # noqa: PTH123
        assert b"beam" in file.read()
    assert fragile_node.pid != os.getpid()
