"""What goes to the sinks together, and which statuses follow from what they did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connector.flow.receipts import Asked
from connector.model.envelope import BusinessType, StatusCode
from connector.model.inbound import Inbound, InboundTarget
from connector.sinks.base import BatchSink, Sink

__all__ = ["Done", "answers_to", "asked_of", "deliver_to"]


@dataclass(frozen=True, slots=True)
class Done:
    """What the sinks did with a packet."""

    on_desk: bool
    targets: tuple[InboundTarget, ...] = ()


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


def deliver_to(sink: Sink, items: Sequence[Inbound]) -> list[bool]:
    """Hand new documents to a sink, all at once if it can take them so."""
    if isinstance(sink, BatchSink):
        return sink.deliver_many(items)
    return [sink.deliver(item) for item in items]
