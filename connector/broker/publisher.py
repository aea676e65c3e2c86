"""Publishing with a window of unanswered messages; every message ends with an outcome (G2).

`submit` and `outcomes` are called from any thread; the rest happens on the link's I/O thread.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

from pika import BasicProperties, DeliveryMode, exceptions
from pika.channel import Channel
from pika.spec import Basic

from connector.broker import codes
from connector.broker.in_flight import Answer, InFlight
from connector.broker.link import Link
from connector.broker.message import CONTENT_TYPE, Outcome, OutcomeKind, Outgoing
from connector.broker.settings import BrokerSettings
from connector.broker.trouble import refusal
from connector.broker.window import Window
from connector.broker.wire import Pieces
from connector.errors import Finding, UnavailableError
from connector.events import Event

__all__ = ["Publisher"]


class Publisher:
    """Hands persistent, mandatory messages to the broker and collects its answers.

    `on_event` gets BrokerConnected and BrokerLost once per change, on the I/O thread.
    """

    def __init__(self, settings: BrokerSettings, on_event: Callable[[Event], None]) -> None:
        self._settings: Final = settings
        self._changed: Final = threading.Condition()
        self._link: Final = Link(settings, _Session(self), on_event, name="publish")
        self._queue: Final[deque[Outgoing]] = deque()
        self._outcomes: Final[deque[Outcome]] = deque()
        self._in_flight: Final = InFlight()  # I/O thread only
        self._channel: Channel | None = None  # I/O thread only
        self._answers = 0  # I/O thread only
        self._suspects: set[tuple[str, str]] = set()
        self._alone = False
        self._pumping = False
        self._woken = False
        self._open_count = 0
        self._open_bytes = 0
        self._window: Final = Window(settings.window)

    @property
    def connected(self) -> bool:
        """Whether messages flow: connected, and the broker does not block publishers."""
        return self._link.connected

    @property
    def blocked(self) -> bool:
        """Whether the broker has raised its memory or disk alarm."""
        return self._link.blocked

    @property
    def trouble(self) -> Finding | None:
        """Why there is no connection; None if there is one."""
        return self._link.trouble

    @property
    def in_flight(self) -> int:
        """Submitted messages whose outcome was not yet handed out by `outcomes`."""
        with self._changed:
            return self._open_count + len(self._outcomes)

    def start(self) -> None:
        """Start connecting in the background."""
        self._link.start()

    def wait_connected(self, timeout: float) -> bool:
        """Wait until messages can flow; False if they cannot within `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._link.connected, timeout)

    def submit(self, message: Outgoing, timeout: float = 10.0) -> None:
        """Hand a message over; waits while the window is full.

        Raises UnavailableError, without having taken the message, if there is no connection
        within `timeout` seconds. What was taken gets exactly one outcome.
        """
        with self._changed:
            self._wait_for_room(message, timeout)
            self._open_count += 1
            self._open_bytes += message.size
            self._alone = message.key in self._suspects
            self._suspects.discard(message.key)
            self._queue.append(message)
            wake = not self._pumping
            self._pumping = True
        if wake and not self._link.call(self._pump):
            self._give_up_queue(self._why_not())

    def has_room(self, size: int) -> bool:
        """Tell whether a message of this size would be taken without a wait."""
        with self._changed:
            return self._link.connected and (not self._open_count or self._takes(size))

    def outcomes(self, timeout: float = 0.0, gather_seconds: float = 0.0) -> list[Outcome]:
        """Return the outcomes since the last call, waiting up to `timeout` seconds for one.

        Once there is one it waits up to `gather_seconds` more, until there are as many as are
        open: to settle several costs no more than to settle one. `wake` ends the first wait.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._outcomes or self._woken, timeout)
            self._woken = False
            if self._outcomes and gather_seconds:
                self._changed.wait_for(
                    lambda: len(self._outcomes) >= self._open_count, gather_seconds
                )
            found = list(self._outcomes)
            self._outcomes.clear()
        return found

    def wake(self) -> None:
        """Let the wait for outcomes end, or the next one: there is something to submit."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def stop(self, drain_seconds: float = 0.0) -> None:
        """Wait for open answers, then close; what is unanswered then becomes UNKNOWN.

        Outcomes can still be collected afterwards.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: not self._open_count or not self._link.connected, drain_seconds
            )
        self._link.stop()
        self._give_up_queue(codes.STOPPED.at())

    def _wait_for_room(self, message: Outgoing, timeout: float) -> None:
        while True:
            usable = self._changed.wait_for(
                lambda: self._link.connected or self._link.stopping, timeout
            )
            if not usable or self._link.stopping:
                raise UnavailableError(self._why_not())
            self._changed.wait_for(lambda: not self._link.connected or self._fits(message))
            if self._link.connected:
                return

    def _fits(self, message: Outgoing) -> bool:
        if not self._open_count:
            return True  # even one that is larger than the window
        return not self._alone and message.key not in self._suspects and self._takes(message.size)

    def _takes(self, size: int) -> bool:
        fits = self._open_bytes + size <= self._settings.window_bytes
        return fits and self._open_count < self._window.size

    def _why_not(self) -> Finding:
        if self._link.stopping:
            return codes.STOPPED.at()
        reason = self._link.trouble.en if self._link.trouble else "still connecting"
        return codes.NOT_CONNECTED.at(broker=self._link.broker, reason=reason)

    def _pump(self) -> None:
        """Publish what was handed over."""
        while True:
            with self._changed:
                if self._channel is None or not self._queue:
                    self._pumping = False
                    return
                message = self._queue.popleft()
            self._publish(self._channel, message)

    def _publish(self, channel: Channel, message: Outgoing) -> None:
        try:
            channel.basic_publish(
                message.exchange,
                message.routing_key,
                Pieces(message.body),
                _properties(message),
                mandatory=True,
            )
        except exceptions.AMQPError as error:  # raised before anything is written
            self._settle([Answer(message.sent, _not_written(message, error))])
        else:
            self._in_flight.published(message)
            with self._changed:
                self._window.published(time.monotonic())

    def _opened(self, channel: Channel) -> None:
        channel.add_on_return_callback(self._on_return)
        channel.confirm_delivery(self._on_answer, lambda _: self._confirming(channel))

    def _confirming(self, channel: Channel) -> None:
        self._channel = channel
        self._link.ready()
        self._watch(channel, self._answers)
        self._pump()

    def _watch(self, channel: Channel, answers_before: int) -> None:
        """Drop the connection if the broker lives but confirms nothing (no quorum)."""
        if self._channel is not channel:
            return
        seconds = self._settings.confirm_timeout_seconds
        if self._in_flight and self._answers == answers_before and not self._link.blocked:
            finding = codes.CONFIRM_OVERDUE.at(broker=self._link.broker, seconds=seconds)
            self._link.abort(exceptions.StreamLostError(finding.en))
            return
        # An idle channel starts counting anew with its next message.
        before = self._answers if self._in_flight else -1
        self._link.later(seconds, lambda: self._watch(channel, before))

    def _on_return(
        self, _channel: Channel, method: Basic.Return, properties: BasicProperties, _body: bytes
    ) -> None:
        why = f"{method.reply_code} {method.reply_text}: no queue for {method.routing_key}"
        self._in_flight.returned(properties.message_id, method.exchange, method.routing_key, why)

    def _on_answer(self, frame: Any) -> None:
        method = frame.method
        acked = isinstance(method, Basic.Ack)
        self._answers += 1
        tag, multiple = method.delivery_tag, method.multiple
        answers = self._in_flight.answered(tag, multiple=multiple, acked=acked)
        with self._changed:
            self._window.answered(len(answers), acked=acked, at=time.monotonic())
        self._settle(answers)

    def _closed(self, error: BaseException, finding: Finding) -> bool:
        self._channel = None
        with self._changed:
            self._window.reset()
        refused = refusal(error)
        if refused is None:
            self._settle(self._in_flight.void(finding))
            self._give_up_queue(finding)
            return False
        answers, suspects = self._in_flight.refused(refused)
        with self._changed:
            self._suspects |= suspects
        self._settle(answers)
        return True

    def _give_up_queue(self, finding: Finding) -> None:
        with self._changed:
            dropped = list(self._queue)
            self._queue.clear()
            self._pumping = False
        self._settle(
            Answer(
                m.sent, Outcome(m.key, OutcomeKind.UNKNOWN, finding.en, finding.code, part=m.part)
            )
            for m in dropped
        )

    def _settle(self, answers: Iterable[Answer]) -> None:
        with self._changed:
            for answer in answers:
                self._open_count -= 1
                self._open_bytes -= answer.message.size
                self._outcomes.append(answer.outcome)
            if not self._open_count:
                self._alone = False
            self._changed.notify_all()

    def _notify(self) -> None:
        with self._changed:
            if self._link.blocked:
                self._window.reset()
            self._changed.notify_all()


class _Session:
    """The publisher's side of the link, kept apart so that it is no public method."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher: Final = publisher

    def opened(self, channel: Channel) -> None:
        self._publisher._opened(channel)  # noqa: SLF001

    def closed(self, error: BaseException, finding: Finding) -> bool:
        return self._publisher._closed(error, finding)  # noqa: SLF001

    def changed(self) -> None:
        self._publisher._notify()  # noqa: SLF001


def _not_written(message: Outgoing, error: exceptions.AMQPError) -> Outcome:
    closed = exceptions.ChannelWrongStateError, exceptions.ConnectionWrongStateError
    kind = OutcomeKind.UNKNOWN if isinstance(error, closed) else OutcomeKind.REFUSED
    finding = codes.MESSAGE_REFUSED.at(reason=f"{type(error).__name__} {error}")
    return Outcome(message.key, kind, finding.en, finding.code, part=message.part)


def _properties(message: Outgoing) -> BasicProperties:
    return BasicProperties(  # type: ignore[no-untyped-call]
        content_type=CONTENT_TYPE,
        delivery_mode=DeliveryMode.Persistent.value,
        message_id=message.message_id,
        type=message.type,
        correlation_id=message.correlation_id,
        user_id=message.user_id,
        headers=dict(message.headers),
    )
