"""Which messages of a channel wait for the broker's answer, in the order they were published."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile

from connector.broker.message import Outcome, OutcomeKind, Outgoing, Sent
from connector.broker.trouble import culprits
from connector.errors import Finding

__all__ = ["Answer", "InFlight"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One message with its outcome."""

    message: Sent
    outcome: Outcome


@dataclass(slots=True)
class _Waiting:
    message: Sent
    returned: str | None = None


class InFlight:
    """Book of one channel's unanswered messages; delivery tags count from 1 per channel."""

    def __init__(self) -> None:
        self._waiting: dict[int, _Waiting] = {}
        self._last = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def published(self, message: Outgoing) -> None:
        """Note that a message was written to the channel; its body is not kept."""
        self._last += 1
        self._waiting[self._last] = _Waiting(message.sent)

    def returned(self, message_id: str | None, exchange: str, routing_key: str, why: str) -> None:
        """Mark the oldest such message as unroutable; its ack follows (confirms.md)."""
        wanted = (message_id, exchange, routing_key)
        for waiting in self._waiting.values():
            message = waiting.message
            if waiting.returned is None and wanted == (
                message.message_id,
                message.exchange,
                message.routing_key,
            ):
                waiting.returned = why
                return

    def answered(self, tag: int, *, multiple: bool, acked: bool) -> list[Answer]:
        """Settle one message, or with `multiple` all up to it."""
        tags = self._up_to(tag) if multiple else [tag] if tag in self._waiting else []
        return [_answer(self._waiting.pop(number), acked=acked) for number in tags]

    def refused(self, finding: Finding) -> tuple[list[Answer], frozenset[tuple[str, str]]]:
        """Settle all after the broker closed the channel over one message.

        The message is refused if it can be no other, else unknown like all the rest. Returns the
        answers and the keys of those that have to be tried alone to find it.
        """
        may_be = culprits(finding)
        messages = [waiting.message for waiting in self._waiting.values()]
        suspects = [message for message in messages if may_be(message)] or messages
        answers = self.void(finding)
        if len(suspects) != 1:
            return answers, frozenset(message.key for message in suspects)
        culprit = suspects[0]
        certain = Answer(culprit, _outcome(culprit, OutcomeKind.REFUSED, finding))
        others = [answer for answer in answers if answer.message is not culprit]
        return [certain, *others], frozenset()

    def void(self, finding: Finding) -> list[Answer]:
        """Settle all as unknown because channel or connection is gone; tags start again."""
        answers = [
            Answer(waiting.message, _outcome(waiting.message, OutcomeKind.UNKNOWN, finding))
            for waiting in self._waiting.values()
        ]
        self._waiting = {}
        self._last = 0
        return answers

    def _up_to(self, tag: int) -> list[int]:
        return list(takewhile(lambda number: number <= tag, self._waiting))


def _answer(waiting: _Waiting, *, acked: bool) -> Answer:
    message = waiting.message
    if waiting.returned is not None:
        kind, reason = OutcomeKind.RETURNED, waiting.returned
    elif acked:
        kind, reason = OutcomeKind.CONFIRMED, ""
    else:
        kind = OutcomeKind.NACKED
        reason = "the broker refused it for now (basic.nack), usually because the queue is full"
    return Answer(message, Outcome(message.key, kind, reason, part=message.part))


def _outcome(message: Sent, kind: OutcomeKind, finding: Finding) -> Outcome:
    return Outcome(message.key, kind, finding.en, finding.code, part=message.part)
