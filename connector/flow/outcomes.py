"""What becomes of a message that was looked at, each as a step of a transaction.

Statuses are sealed before the transaction, those of several messages together; the step makes
them durable together with the state that they report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from connector.edxml import rule_codes
from connector.errors import ConnectorError, Finding, TransientError
from connector.events import (
    AlarmRaised,
    DocumentDuplicated,
    DocumentHeld,
    DocumentRefused,
    DocumentVerified,
    MessageQuarantined,
)
from connector.flow.containment import Step, put_off
from connector.flow.ledger import Work
from connector.flow.ours import Ours
from connector.flow.receipts import Answer, Asked, Receipts, Sealing, reason_of
from connector.flow.receive import receiver_header
from connector.flow.retry import RetryPolicy
from connector.flow.said import Said
from connector.flow.together import move
from connector.flow.workers.checking import Checked
from connector.model.envelope import Document, Envelope, StatusCode, StatusReport
from connector.model.organ import covers
from connector.model.states import InboxState
from connector.store import inbox
from connector.store.inbox import InboxMessage
from connector.trust.revocation_facts import RevocationUnknown

__all__ = ["Answers", "Outcome", "Outcomes", "TurnedAway", "addressed"]

_FOR_A_PERSON = frozenset({rule_codes.RECALL_UNCLEAR.code, rule_codes.RECALL_BY_OTHER.code})


Answers = Sequence[Answer | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a message: a step, and the statuses that it enqueues once they are sealed."""

    act: Callable[[Work, Answers], None]
    asked: tuple[Asked, ...] = ()

    def step(self, sealing: Sequence[Sealing]) -> Step:
        """Return the step once its statuses are sealed; raises why one could not be."""
        answers = [sealed() for sealed in sealing]
        return lambda work: self.act(work, answers)


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """Why a message is not accepted, and what can be said about it to its sender.

    `in_effect` tells that a packet with this digest was accepted here: a 02 to a changed copy of
    it would let its sender take the document on the desk for refused.
    """

    findings: tuple[Finding, ...]
    envelope: Envelope | None
    digest: str
    in_effect: bool = False

    @property
    def answerable(self) -> bool:
        """Whether a program may answer; an authentic recall is not refused (QĐ 28/2018 Đ9(2))."""
        for_a_person = any(finding.code in _FOR_A_PERSON for finding in self.findings)
        return not self.in_effect and not for_a_person


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Prepares the steps in which admission ends."""

    ours: Ours
    receipts: Receipts
    policy: RetryPolicy

    def accepted(
        self,
        row: InboxMessage,
        document: Document,
        verified: Checked,
        served: Sequence[str],
        packet_id: str,
    ) -> Outcome:
        """Take a document over and say 01 for each served code."""
        digest, arrived = verified.digest, StatusCode.ARRIVED
        arrivals = tuple(
            Asked(
                document=document, digest=digest, answers=packet_id, addressed=code, status=arrived
            )
            for code in served
        )
        sender = self.ours.canonical(document.sender.organ_id)

        def step(work: Work, answers: Answers) -> None:
            move(
                work,
                row.message_key,
                InboxState.VERIFIED,
                packet_id=packet_id,
                digest=verified.digest,
                served=tuple(served),
                verification=verified.as_dict(),
                findings=[],
                **_columns(document, self.ours),
            )
            work.record(
                DocumentVerified(
                    packet_id=packet_id, document_id=document.document_id, sender=sender
                )
            )
            self.receipts.enqueue(work, answers)

        return Outcome(step, arrivals)

    def repeated(
        self,
        row: InboxMessage,
        document: Document,
        digest: str,
        before: InboxMessage,
        given: Sequence[Said],
    ) -> Outcome:
        """Set a copy aside and let the stored statuses, those `given` so far, go out again.

        A sender that was restored from a backup has sealed the same content once more and knows
        nothing of the digest that they name: he gets them with the digest of his copy, and so
        will he get all that follow.
        """
        same = digest == before.digest
        fresh = () if same else tuple(_anew(row, document, digest, before, given))
        sender = self.ours.canonical(document.sender.organ_id)
        names = {"sender": sender, "document_id": document.document_id}

        def step(work: Work, answers: Answers) -> None:
            inbox.update(
                work.tx,
                row.message_key,
                state=InboxState.DUPLICATE,
                now=work.now,
                packet_id=before.packet_id,
                kind="document",
                **names,
            )
            if fresh:
                _name(work, before, digest)
                self.receipts.enqueue(work, answers)
            else:
                self._say_again(work, row, before)
            work.record(DocumentDuplicated(packet_id=before.packet_id, **names))

        return Outcome(step, fresh)

    def _say_again(self, work: Work, row: InboxMessage, before: InboxMessage) -> None:
        """Let the stored statuses go out once more, if the copy was meant for the same receiver."""
        addressed = receiver_header(row.headers)
        if before.packet_id and addressed == receiver_header(before.headers):
            self.receipts.repeat(work, before.packet_id, addressed)

    def held(self, row: InboxMessage, error: RevocationUnknown) -> Outcome:
        """Let a packet wait for revocation data: never dropped, never answered 02."""
        finding = error.findings[0]

        def step(work: Work, _answers: Answers) -> None:
            due = self.policy.due(work.now, row.attempts + 1)
            put_off(work, row, error.findings, until=due, state=InboxState.HELD)
            if row.state is not InboxState.HELD:
                key, user = row.message_key, row.user_id
                code, why = finding.code, finding.en
                held = DocumentHeld(packet_id=key, sender=user, reason=why, error_code=code)
                work.record(held)
                work.record(AlarmRaised(packet_id=key, sender=user, reason=why, error_code=code))

        return Outcome(step)

    def turned_away(self, row: InboxMessage, why: TurnedAway) -> Outcome:
        """Refuse with 02 if the broker vouches for the sender, else quarantine; alarm."""
        document = why.envelope if isinstance(why.envelope, Document) else None
        refusal = self._refusal(row, document, why) if document and why.answerable else None
        state = InboxState.REFUSED if refusal else InboxState.QUARANTINED
        event = DocumentRefused if refusal else MessageQuarantined
        first = why.findings[0]
        document_id = document.document_id if document else None
        key, user, code, reason = row.message_key, row.user_id, first.code, first.en

        def step(work: Work, _answers: Answers) -> None:
            inbox.update(
                work.tx,
                row.message_key,
                state=state,
                now=work.now,
                findings=[finding.as_dict() for finding in why.findings],
                digest=why.digest,
                **_columns(why.envelope, self.ours),
            )
            work.record(
                event(
                    packet_id=key,
                    document_id=document_id,
                    sender=user,
                    reason=reason,
                    error_code=code,
                )
            )
            work.record(AlarmRaised(packet_id=key, error_code=code, reason=reason, sender=user))
            self.receipts.enqueue(work, [refusal])

        return Outcome(step)

    def _refusal(self, row: InboxMessage, document: Document, why: TurnedAway) -> Answer | None:
        """Seal a 02 if the broker vouches for the sender; a forgery gets no answer."""
        sender = self.ours.canonical(document.sender.organ_id)
        receiver = addressed(row, self.ours)
        if row.user_id is None or receiver is None or not covers(row.user_id, sender):
            return None
        try:
            return self.receipts.prepare(
                Asked(
                    document=document,
                    digest=why.digest,
                    answers=row.message_key,
                    correlation=row.message_id or None,
                    addressed=receiver,
                    status=StatusCode.REFUSED,
                    reason=reason_of(why.findings),
                )
            )
        except TransientError:  # the token or the disk is away: the message waits for its answer
            raise
        except ConnectorError:
            return None


def addressed(row: InboxMessage, ours: Ours) -> str | None:
    """Return the canonical code for which a message was routed here."""
    stated = receiver_header(row.headers)
    return None if stated is None else ours.canonical(stated)


def _anew(
    row: InboxMessage,
    document: Document,
    digest: str,
    before: InboxMessage,
    given: Sequence[Said],
) -> Iterator[Asked]:
    """Yield what was said of a packet, to be said of another copy."""
    for said in given:
        if before.packet_id is not None:
            yield Asked(
                document=document,
                digest=digest,
                answers=row.message_key,
                correlation=before.packet_id,
                addressed=said.addressed,
                status=said.status,
                reason=said.reason,
            )


def _name(work: Work, before: InboxMessage, digest: str) -> None:
    """Let what will be said of a packet name another copy of it."""
    now = inbox.message(work.tx, before.message_key)
    if now is not None:
        inbox.update(work.tx, now.message_key, state=now.state, now=work.now, digest=digest)


def _columns(envelope: Envelope | None, ours: Ours) -> dict[str, object]:
    if envelope is None:
        return {}
    sender = ours.canonical(envelope.sender.organ_id)
    if isinstance(envelope, StatusReport):
        return {
            "kind": "status",
            "sender": sender,
            "document_id": envelope.response_for.document_id,
            "status_code": envelope.status_code.value,
        }
    return {
        "kind": "document",
        "sender": sender,
        "document_id": envelope.document_id,
        "business_type": int(envelope.business_type),
        "subject": envelope.subject,
        "code": str(envelope.code),
    }
