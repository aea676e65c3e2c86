"""What goes to the sinks together, and which statuses follow from what they did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from connector.errors import Finding, UnavailableError
from connector.flow.ledger import Work
from connector.flow.receipts import Asked
from connector.flow.retry import RetryPolicy
from connector.model.envelope import BusinessType, StatusCode
from connector.model.inbound import Inbound, InboundTarget
from connector.sinks.base import BatchSink, Sink
from connector.store import inbox
from connector.store.inbox import InboxMessage

__all__ = [
    "Done",
    "Handed",
    "Round",
    "answers_to",
    "asked_of",
    "hand_over",
    "hand_over_all",
    "wait",
]


@dataclass(frozen=True, slots=True)
class Done:
    """What the sinks did with a packet."""

    on_desk: bool
    targets: tuple[InboundTarget, ...] = ()


Handed = tuple[InboxMessage, Inbound, Done]
"""A packet that the sinks have, which is not committed yet."""


class Round:
    """One look at what is due: its signs of life, and the sinks that did not answer in it."""

    def __init__(self, go_on: Callable[[], bool]) -> None:
        self._go_on = go_on
        self._away: dict[Sink, tuple[Finding, ...]] = {}
        self.over = False
        self.left: list[tuple[InboxMessage, tuple[Finding, ...]]] = []

    @property
    def troubled(self) -> bool:
        """Whether a sink did not answer."""
        return bool(self._away)

    def goes_on(self) -> bool:
        """Give a sign of life; False once the round should end, and from then on."""
        self.over = not self._go_on() or self.over
        return not self.over

    @contextmanager
    def asking(self, sink: Sink) -> Iterator[None]:
        """Give a sign of life and note whether a sink answers: it is not asked twice in vain.

        One that answers that it cannot take this packet now may well take the next.
        """
        self.goes_on()
        try:
            yield
        except UnavailableError as error:
            self._away[sink] = error.findings
            raise

    def misses(self, sinks: Sequence[Sink]) -> bool:
        """Tell whether one of these sinks did not answer."""
        return any(sink in self._away for sink in sinks)

    def misses_all(self, sinks: Sequence[Sink]) -> bool:
        """Tell whether none of these sinks answers."""
        return all(sink in self._away for sink in sinks)

    def leave(self, row: InboxMessage, sinks: Sequence[Sink]) -> None:
        """Let a packet wait for the one of its sinks that did not answer."""
        self.left.append((row, next(self._away[sink] for sink in sinks if sink in self._away)))


def wait(row: InboxMessage, why: tuple[Finding, ...], policy: RetryPolicy, work: Work) -> None:
    """Put a packet off because its sink did not answer to another one: that was no attempt."""
    until, said = policy.due(work.now, 1), [finding.as_dict() for finding in why]
    facts: dict[str, Any] = {"not_before": until, "findings": said}
    inbox.update(work.tx, row.message_key, state=row.state, now=work.now, **facts)


def answers_to(item: Inbound, done: Done) -> list[Asked]:
    """Return the statuses that follow from what the sinks did."""
    asked: list[Asked] = []
    if done.on_desk:
        asked += asked_of(item, StatusCode.ACCEPTED)
    if item.document.business_type in {BusinessType.RECALL, BusinessType.UPDATE}:
        asked += asked_of(item, StatusCode.CHANGE_AGREED)
    return asked


def asked_of(item: Inbound, status: StatusCode, reason: str | None = None) -> list[Asked]:
    """Return a status about a packet for each code that it was addressed to here."""
    return [
        Asked(
            document=item.document,
            digest=item.digest,
            answers=item.packet_id,
            addressed=code,
            status=status,
            reason=reason,
        )
        for code in item.served
    ]


def hand_over(
    item: Inbound, sinks: Sequence[Sink], targets: tuple[InboundTarget, ...], tour: Round
) -> Done:
    """Hand one packet to its sinks, or let them do what it says to its targets.

    A sink that did not answer in this round is passed by; the caller sees to what it misses.
    """
    act, on_desk = item.document.business_type, False
    for sink in sinks:
        if tour.misses([sink]):
            continue
        if act is BusinessType.NEW:
            with tour.asking(sink):
                on_desk = sink.deliver(item) or on_desk
        elif act is BusinessType.REPLACE:
            with tour.asking(sink):
                on_desk = sink.replace(item, targets) or on_desk
        else:
            change = sink.cancel if act is BusinessType.RECALL else sink.update
            for target in targets:
                with tour.asking(sink):
                    change(item, target)
    return Done(on_desk=on_desk, targets=targets)


def hand_over_all(
    items: Sequence[Inbound], sinks: Sequence[Sequence[Sink]], tour: Round
) -> list[Done]:
    """Hand new documents over, each to its sinks, for each sink at once."""
    on_desk = [False] * len(items)
    for sink in dict.fromkeys(sink for each in sinks for sink in each):
        tour.goes_on()
        mine = [index for index, each in enumerate(sinks) if sink in each]
        taken = _deliver_to(sink, [items[index] for index in mine])
        for index, desk in zip(mine, taken, strict=True):
            on_desk[index] = on_desk[index] or desk
    return [Done(on_desk=desk) for desk in on_desk]


def _deliver_to(sink: Sink, items: Sequence[Inbound]) -> list[bool]:
    """Hand new documents to a sink, all at once if it can take them so."""
    if isinstance(sink, BatchSink):
        return sink.deliver_many(items)
    return [sink.deliver(item) for item in items]
