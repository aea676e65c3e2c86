from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from connector.broker.message import OutcomeKind
from connector.broker.publisher import Publisher
from connector.broker.sandbox import Sandbox
from connector.broker.topology import queues_of
from connector.errors import UnavailableError
from connector.events import AlarmRaised, BrokerConnected, BrokerLost, Event
from tests.integration.broker.traffic import (
    SECONDS,
    a_message,
    code_of,
    consuming,
    publish_all,
    publishing,
)


def test_a_missing_queue_is_an_alarm_and_then_found(vhost: Sandbox) -> None:
    """A node that is started before the topology says so once and goes on when it is there."""
    vhost.connect(["G22", "H41"])
    vhost.management.delete_queue("edoc.H41.inbox")
    events: list[Event] = []
    lost = threading.Event()

    def note(event: Event) -> None:
        events.append(event)
        if isinstance(event, AlarmRaised):
            lost.set()

    settings = replace(vhost.settings("H41"), first_wait_seconds=0.05, max_wait_seconds=0.1)
    with consuming(settings, queues_of("H41"), note) as consumer:
        assert lost.wait(SECONDS)
        assert not consumer.connected
        assert code_of(consumer) == "EDX-6010"
        vhost.connect(())
        assert consumer.wait_connected(SECONDS)
        assert code_of(consumer) is None
    assert [type(event) for event in events] == [BrokerLost, AlarmRaised, BrokerConnected]


def test_a_queue_that_is_deleted_under_the_consumer_is_noticed(vhost: Sandbox) -> None:
    """The broker cancels the consumer; it starts again once the queue is back."""
    vhost.connect(["G22", "H41"])
    events: list[Event] = []
    lost = threading.Event()

    def note(event: Event) -> None:
        events.append(event)
        if isinstance(event, BrokerLost):
            lost.set()

    settings = replace(vhost.settings("H41"), first_wait_seconds=0.05, max_wait_seconds=0.1)
    with (
        consuming(settings, queues_of("H41"), note) as consumer,
        publishing(vhost.settings("G22")) as publisher,
    ):
        assert consumer.wait_connected(SECONDS)
        vhost.management.delete_queue("edoc.H41.inbox")
        assert lost.wait(SECONDS)
        vhost.connect(())
        publish_all(publisher, a_message(1))
        assert consumer.receive(SECONDS) is not None
    assert [type(event) for event in events[:2]] == [BrokerConnected, BrokerLost]
    assert isinstance(events[-1], BrokerConnected)


def test_a_wrong_password_is_an_alarm_not_an_endless_silence(vhost: Sandbox) -> None:
    """Login failures are told once with the way out; submitting raises, taking nothing."""
    vhost.connect(["G22", "H41"])
    events: list[Event] = []
    wrong = vhost.settings("G22").login("G22", "wrong", vhost.vhost)
    with publishing(replace(wrong, first_wait_seconds=0.1), events.append) as publisher:
        with pytest.raises(UnavailableError) as caught:
            publisher.submit(a_message(1), timeout=1.5)
        assert publisher.in_flight == 0
        assert code_of(publisher) == "EDX-6002"
    assert caught.value.code == "EDX-6033"
    assert [type(event) for event in events] == [BrokerLost, AlarmRaised]


def test_a_foreign_virtual_host_is_told_apart(vhost: Sandbox) -> None:
    """A user without permission in the virtual host is told exactly that."""
    vhost.connect(["G22"])
    settings = replace(vhost.settings("G22"), first_wait_seconds=0.1)
    elsewhere = settings.login("G22", settings.endpoints()[0].password, "/")
    with publishing(elsewhere) as publisher:
        with pytest.raises(UnavailableError):
            publisher.submit(a_message(1), timeout=1.0)
        assert code_of(publisher) == "EDX-6003"


def test_an_absent_broker_is_tried_again_and_the_next_host_taken(vhost: Sandbox) -> None:
    """Of several hosts the first that answers is used."""
    vhost.connect(["G22", "H41"])
    settings = replace(vhost.settings("G22"), first_wait_seconds=0.05)
    two = replace(settings, url=settings.url.replace("@", "@127.0.0.1:9,"))
    events: list[Event] = []
    with publishing(two, events.append) as publisher:
        assert publish_all(publisher, a_message(1)) == {("packet-1", "H41"): OutcomeKind.CONFIRMED}
    assert [type(event) for event in events] == [BrokerLost, BrokerConnected]


def test_stopping_drains_first(vhost: Sandbox) -> None:
    """What was submitted before the stop is confirmed within the time for draining."""
    vhost.connect(["G22", "H41"])
    with publishing(vhost.settings("G22")) as publisher:
        for number in range(50):
            publisher.submit(a_message(number))
        publisher.stop(SECONDS)
        said = publisher.outcomes()
        with pytest.raises(UnavailableError):
            publisher.submit(a_message(99))
    assert [outcome.kind for outcome in said] == [OutcomeKind.CONFIRMED] * 50


def test_a_failing_listener_does_not_cost_the_connection(
    vhost: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug in whoever listens to events is logged, and messages flow on."""
    vhost.connect(["G22", "H41"])
    events: list[Event] = []

    def fail(event: Event) -> None:
        events.append(event)
        raise LookupError(event.name())

    with publishing(vhost.settings("G22"), fail) as publisher:
        assert publish_all(publisher, a_message(1)) == {("packet-1", "H41"): OutcomeKind.CONFIRMED}
    assert [type(event) for event in events] == [BrokerConnected]
    assert "the listener failed on broker_connected" in caplog.text


def test_a_stop_before_the_connection_is_there_returns(vhost: Sandbox) -> None:
    """Stopping right after starting neither hangs nor leaves a socket behind."""
    vhost.connect(["G22"])
    for _ in range(5):
        with publishing(vhost.settings("G22")) as publisher:
            pass
        assert not publisher.connected
    never_started = Publisher(vhost.settings("G22"), lambda _: None)
    never_started.stop()
    assert not never_started.connected
    assert not [each.name for each in threading.enumerate() if each.name == "broker-publish"]
