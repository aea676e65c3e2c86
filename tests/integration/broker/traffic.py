"""Publishers, consumers and messages: what the tests of the broker share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pika

from connector.broker.consumer import Consumer
from connector.broker.message import Incoming, Outcome, OutcomeKind, Outgoing
from connector.broker.publisher import Publisher
from connector.broker.sandbox import Sandbox
from connector.broker.settings import BrokerSettings
from connector.broker.topology import queues_of
from connector.events import Event

__all__ = [
    "SECONDS",
    "a_message",
    "code_of",
    "consuming",
    "drained",
    "open_channel",
    "outcomes_of",
    "publish_all",
    "publishing",
    "waiting_in_inbox",
]

SECONDS = 20.0


def a_message(
    number: int,
    receiver: str = "H41",
    *,
    exchange: str = "edoc",
    user_id: str = "G22",
    body: bytes = b"<edXML/>",
) -> Outgoing:
    """Return a small persistent message; its number is in its id and body."""
    return Outgoing(
        key=(f"packet-{number}", receiver),
        exchange=exchange,
        routing_key=receiver,
        body=body,
        message_id=f"packet-{number}",
        type="document",
        correlation_id="answered",
        user_id=user_id,
        headers={"edoc-sender": "G22", "edoc-part": 1},
    )


@contextmanager
def publishing(
    settings: BrokerSettings, on_event: Callable[[Event], None] = lambda _: None
) -> Iterator[Publisher]:
    """Run a publisher until the end of the block."""
    publisher = Publisher(settings, on_event)
    publisher.start()
    try:
        yield publisher
    finally:
        publisher.stop()


@contextmanager
def consuming(
    settings: BrokerSettings,
    queues: Sequence[str],
    on_event: Callable[[Event], None] = lambda _: None,
    prefetch: int = 64,
) -> Iterator[Consumer]:
    """Run a consumer until the end of the block."""
    consumer = Consumer(settings, queues, prefetch, on_event)
    consumer.start()
    try:
        yield consumer
    finally:
        consumer.stop()


def outcomes_of(publisher: Publisher) -> list[Outcome]:
    """Return what became of all that is in flight."""
    found: list[Outcome] = []
    while publisher.in_flight:
        found += publisher.outcomes(SECONDS)
    return found


def publish_all(publisher: Publisher, *messages: Outgoing) -> dict[tuple[str, str], OutcomeKind]:
    """Publish messages; return what became of each, by id and receiver."""
    for message in messages:
        publisher.submit(message, SECONDS)
    return {outcome.key: outcome.kind for outcome in outcomes_of(publisher)}


def drained(settings: BrokerSettings, *queues: str) -> list[Incoming]:
    """Take everything out of some queues."""
    found: list[Incoming] = []
    with consuming(settings, queues) as consumer:
        assert consumer.wait_connected(SECONDS)
        while consumer.backlog() or consumer.unacked:
            batch = consumer.receive_many(100, 0.2)
            consumer.ack(message.tag for message in batch)
            found += batch
    return found


def open_channel(settings: BrokerSettings) -> pika.BlockingConnection:
    """Return a plain connection, for what the connector itself never does."""
    return pika.BlockingConnection(pika.URLParameters(settings.url))


def code_of(link: Publisher | Consumer) -> str | None:
    """Return the code of what keeps a connection from working."""
    return link.trouble.code if link.trouble else None


def waiting_in_inbox(vhost: Sandbox, code: str) -> list[str | None]:
    """Return the ids of what waits in an agency's inbox, which is empty then."""
    return [message.message_id for message in drained(vhost.settings(code), *queues_of(code))]
