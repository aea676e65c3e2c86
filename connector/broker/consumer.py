"""Receiving: urgent queue first, nothing is forgotten that was not acked.

What was received is held by the broker until `ack`; a lost connection gives it out again, so
tags of an earlier channel are void and are ignored.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final

from pika import BasicProperties
from pika.channel import Channel
from pika.spec import Basic

from connector import crash
from connector.broker import codes
from connector.broker.brake import Brake
from connector.broker.link import Link
from connector.broker.message import DeliveryTag, Incoming
from connector.broker.settings import BrokerSettings
from connector.broker.unacked import Unacked
from connector.broker.wire import plain_headers, plain_text
from connector.errors import Finding
from connector.events import Event

__all__ = ["Consumer"]

_MOST_BYTES: Final = 8 << 20


class Consumer:
    """Consumes several queues over one connection; queues named first are handed out first.

    The broker sends at most `prefetch` unacked messages per queue. While more than `most_bytes`
    wait to be handed out, nothing more is read from the socket, in waits so short that the
    heartbeat goes on. A queue that is missing or may not be read raises an alarm once and is
    tried again until it is there.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        queues: Sequence[str],
        prefetch: int,
        on_event: Callable[[Event], None],
        *,
        most_bytes: int = _MOST_BYTES,
    ) -> None:
        self._queues: Final = tuple(queues)
        self._prefetch: Final = prefetch
        self._changed: Final = threading.Condition()
        self._lanes: Final[dict[str, deque[Incoming]]] = {name: deque() for name in queues}
        self._unacked: Final = Unacked()
        self._brake: Final = Brake(most_bytes, settings.heartbeat_seconds)
        self._generation = 0
        self._channel: Channel | None = None  # I/O thread only
        self._link: Final = Link(settings, _Session(self), on_event, name="consume")

    @property
    def connected(self) -> bool:
        """Whether all queues are being consumed."""
        return self._link.connected

    @property
    def trouble(self) -> Finding | None:
        """Why nothing is being consumed; None if it is."""
        return self._link.trouble

    @property
    def buffered(self) -> int:
        """Messages that have arrived and were not yet handed out."""
        with self._changed:
            return sum(map(len, self._lanes.values()))

    @property
    def unacked(self) -> int:
        """Messages of the present channel that were neither acked nor requeued."""
        with self._changed:
            return len(self._unacked)

    @property
    def idle(self) -> bool:
        """Whether all that has arrived was handed out and settled; see `backlog` for the rest."""
        return self.connected and not self.unacked

    def start(self) -> None:
        """Start connecting in the background."""
        self._link.start()

    def wait_connected(self, timeout: float) -> bool:
        """Wait until all queues are consumed; False if they are not within `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._link.connected, timeout)

    def receive(self, timeout: float) -> Incoming | None:
        """Return the next message, None if there is none within `timeout` seconds."""
        found = self.receive_many(1, timeout)
        return found[0] if found else None

    def receive_many(
        self, limit: int, timeout: float, *, most_bytes: int = _MOST_BYTES
    ) -> list[Incoming]:
        """Return up to `limit` messages as soon as there is one, else none after `timeout`.

        They have `most_bytes` together at most; a larger one comes alone.
        """
        with self._changed:
            self._changed.wait_for(lambda: any(self._lanes.values()), timeout)
            found: list[Incoming] = []
            size = 0
            for lane in self._lanes.values():
                while lane and len(found) < limit:
                    size += len(lane[0].body)
                    if found and size > most_bytes:
                        break
                    found.append(lane.popleft())
            self._brake.release(sum(len(message.body) for message in found))
            self._changed.notify_all()
        if found:
            crash.point("consumer.handed_out")
        return found

    def ack(self, tags: Iterable[DeliveryTag]) -> None:
        """Tell the broker to forget messages that are durable here."""
        with self._changed:
            generation = self._generation
            up_to, single = self._unacked.settle(_numbers(tags, generation))
        if up_to is not None:
            self._do(generation, partial(_ack, up_to, multiple=True))
        for number in single:
            self._do(generation, partial(_ack, number))
        crash.point("consumer.acked")

    def requeue(self, tags: Iterable[DeliveryTag]) -> None:
        """Give messages back to the broker, which delivers them again, soon."""
        with self._changed:
            generation = self._generation
            numbers = self._unacked.remove(_numbers(tags, generation))
        for number in numbers:
            # basic.nack: unlike basic.reject it does not count against newer delivery limits.
            self._do(generation, partial(_give_back, number))

    def backlog(self, timeout: float = 5.0) -> int | None:
        """Return how many messages still wait at the broker, None if it does not say in time."""
        counts: list[int] = []
        generation = self._generation
        for queue in self._queues:
            self._do(generation, partial(self._ask_count, queue, counts))
        with self._changed:
            done = self._changed.wait_for(
                lambda: len(counts) == len(self._queues) or self._generation != generation, timeout
            )
            return sum(counts) if done and len(counts) == len(self._queues) else None

    def stop(self) -> None:
        """Close the connection; whatever was not acked goes back to its queue."""
        with self._changed:
            self._brake.let_go()
            self._changed.notify_all()
        self._link.stop()

    def _do(self, generation: int, action: Callable[[Channel], object]) -> None:
        """Run something on the channel unless it has been replaced or closed by then."""

        def run() -> None:
            channel = self._channel
            if channel is not None and channel.is_open and self._generation == generation:
                action(channel)

        self._link.call(run)

    def _ask_count(self, queue: str, counts: list[int], channel: Channel) -> None:
        def answer(frame: Any) -> None:
            with self._changed:
                counts.append(frame.method.message_count)
                self._changed.notify_all()

        channel.queue_declare(queue, passive=True, callback=answer)

    def _opened(self, channel: Channel) -> None:
        self._channel = channel
        channel.add_on_cancel_callback(partial(self._on_cancel, channel))
        channel.basic_qos(
            prefetch_count=self._prefetch, callback=lambda _: self._consume_next(channel, 0)
        )

    def _consume_next(self, channel: Channel, index: int) -> None:
        if index == len(self._queues):
            self._link.ready()
            return
        queue = self._queues[index]
        channel.basic_consume(
            queue,
            partial(self._on_message, queue),
            consumer_tag=queue,
            callback=lambda _: self._consume_next(channel, index + 1),
        )

    def _on_message(
        self,
        queue: str,
        _channel: Channel,
        method: Basic.Deliver,
        properties: BasicProperties,
        body: bytes,
    ) -> None:
        number: int = method.delivery_tag
        with self._changed:
            incoming = Incoming(
                body=body,
                user_id=plain_text(properties.user_id),
                message_id=plain_text(properties.message_id),
                type=plain_text(properties.type),
                correlation_id=plain_text(properties.correlation_id),
                headers=plain_headers(properties.headers),
                queue=queue,
                redelivered=bool(method.redelivered),
                tag=DeliveryTag(self._generation, number),
                content_type=plain_text(properties.content_type),
            )
            self._unacked.add(number)
            self._lanes[queue].append(incoming)
            self._brake.add(len(body))
            self._changed.notify_all()
        crash.point("consumer.arrived")
        with self._changed:
            self._brake.hold(self._changed)

    def _on_cancel(self, channel: Channel, frame: Any) -> None:
        """Give the whole channel back: without one of its queues it serves nobody."""
        self._link.lost(codes.CONSUMER_CANCELLED.at(queue=frame.method.consumer_tag))
        if channel.is_open:
            channel.close()

    def _closed(self, _error: BaseException, finding: Finding) -> bool:
        with self._changed:
            self._channel = None
            self._generation += 1
            self._unacked.clear()
            for lane in self._lanes.values():
                lane.clear()
            self._brake.clear()
        if not self._link.stopping:
            self._link.lost(finding)
        return False

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()


class _Session:
    """The consumer's side of the link, kept apart so that it is no public method."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer: Final = consumer

    def opened(self, channel: Channel) -> None:
        self._consumer._opened(channel)  # noqa: SLF001

    def closed(self, error: BaseException, finding: Finding) -> bool:
        return self._consumer._closed(error, finding)  # noqa: SLF001

    def changed(self) -> None:
        self._consumer._notify()  # noqa: SLF001


def _numbers(tags: Iterable[DeliveryTag], generation: int) -> set[int]:
    return {tag.number for tag in tags if tag.generation == generation}


def _ack(number: int, channel: Channel, *, multiple: bool = False) -> None:
    channel.basic_ack(number, multiple=multiple)


def _give_back(number: int, channel: Channel) -> None:
    channel.basic_nack(number, requeue=True)
