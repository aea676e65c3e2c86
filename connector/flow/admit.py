"""IN, second step: verify what arrived, and decide: accept, refuse with 02, or quarantine.

Only what passed signature, identity, schema, rules and addressee goes on (guarantee G4). If the
broker vouches for the sender, a refusal goes back signed; if not, it is a forgery: quarantine
and alarm, no word to anyone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from connector.clock import vietnam_date
from connector.edxml.pack import check
from connector.edxml.parser import Limits
from connector.edxml.reader import read
from connector.errors import (
    ConnectorError,
    Finding,
    PermanentError,
    Severity,
    StorageError,
    TrustError,
)
from connector.events import (
    AlarmRaised,
    DocumentDuplicated,
    DocumentHeld,
    DocumentRefused,
    DocumentVerified,
    MessageQuarantined,
)
from connector.flow import codes
from connector.flow.containment import Containment, waiting
from connector.flow.ledger import Ledger, Work
from connector.flow.ours import Ours
from connector.flow.receipts import Answer, Receipts, reason_of
from connector.flow.receive import receiver_header
from connector.flow.retry import RetryPolicy
from connector.flow.statuses import StatusDesk
from connector.model.envelope import BusinessType, Document, Envelope, StatusCode, StatusReport
from connector.model.identity import packet_id as identity_of
from connector.model.organ import covers
from connector.model.states import InboxState
from connector.store import inbox
from connector.store.inbox import InboxMessage
from connector.store.spool import Spool
from connector.trust.revocation_facts import RevocationUnknown
from connector.trust.trust_source import TrustSource
from connector.trust.verify import Verified, signed_digest, verify

__all__ = ["Admission"]

_BATCH = 32
_FRESH = frozenset({InboxState.RECEIVED, InboxState.HELD})
_FINAL = frozenset({InboxState.QUARANTINED, InboxState.REFUSED})


@dataclass(frozen=True, slots=True)
class _TurnedAway:
    """Why a message is not accepted, and what can be said about it to its sender."""

    findings: tuple[Finding, ...]
    envelope: Envelope | None
    digest: str


class Admission:
    """Verifies received messages of all agencies of this node."""

    def __init__(
        self,
        ledger: Ledger,
        spool: Spool,
        source: TrustSource,
        ours: Ours,
        receipts: Receipts,
        policy: RetryPolicy,
        limits: Limits,
        environment: str,
    ) -> None:
        self._ledger = ledger
        self._spool = spool
        self._source = source
        self._policy = policy
        self._ours = ours
        self._receipts = receipts
        self._environment = environment
        self._limits = limits
        # A file beyond our limit must not keep us from saying so to its sender.
        self._generous = replace(limits, max_attachment_bytes=limits.max_bytes)
        self._statuses = StatusDesk(ledger, ours)
        self._containment = Containment(ledger, policy)

    def pump(self, go_on: Callable[[], bool] = lambda: True) -> int:
        """Verify what is waiting; return how many messages were looked at.

        `go_on` is asked before each message.
        """
        with self._ledger.store.read() as tx:
            fresh = waiting(tx, self._ledger, _FRESH, _BATCH, held_verified=False)
        done = 0
        for row in fresh:
            if not go_on():
                break
            self._containment.run(row, self._admit)
            done += 1
        return done

    def _admit(self, row: InboxMessage) -> None:
        with self._spool.get(row.body_sha256).open() as stream:
            data = stream.read()
        try:
            verified = verify(data, self._source.current(), at=row.received_at, limits=self._limits)
            envelope = verified.reading.envelope
            findings = (*self._objections(row, envelope), *self._faults(verified))
        except RevocationUnknown as error:
            self._hold(row, error)
            return
        except (TrustError, PermanentError) as error:
            self._turn_away(row, _TurnedAway(error.findings, *self._best_guess(data, row)))
            return
        if findings:
            self._turn_away(row, _TurnedAway(findings, envelope, verified.digest))
        elif isinstance(envelope, StatusReport):
            self._statuses.take(row, envelope, verified)
        else:
            self._decide(row, envelope, verified)

    def _hold(self, row: InboxMessage, error: RevocationUnknown) -> None:
        """Let a packet wait for revocation data: never dropped, never answered 02."""
        self._source.want(error.links)
        finding = error.findings[0]
        with self._ledger.work() as work:
            inbox.update(
                work.tx,
                row.message_key,
                state=InboxState.HELD,
                now=work.now,
                attempts=row.attempts + 1,
                not_before=self._policy.due(work.now, row.attempts + 1),
                findings=[each.as_dict() for each in error.findings],
            )
            if row.state is not InboxState.HELD:
                key, user = row.message_key, row.user_id
                code, why = finding.code, finding.en
                held = DocumentHeld(packet_id=key, sender=user, reason=why, error_code=code)
                work.record(held)
                work.record(AlarmRaised(packet_id=key, sender=user, reason=why, error_code=code))

    def _best_guess(self, data: bytes, row: InboxMessage) -> tuple[Envelope | None, str]:
        """Read what an unverified packet claims: only to tell its sender that it was refused."""
        try:
            envelope = read(data, limits=self._generous).envelope
            digest = signed_digest(data, limits=self._generous)
        except ConnectorError:
            return None, row.body_sha256
        return envelope, digest or row.body_sha256

    def _objections(self, row: InboxMessage, envelope: Envelope) -> tuple[Finding, ...]:
        """Check the message against the packet it carries."""
        kind = "document" if isinstance(envelope, Document) else "status"
        sender = self._ours.canonical(envelope.sender.organ_id)
        environment = str(row.headers.get("edoc-environment"))
        findings = []
        if row.user_id is None:
            findings.append(codes.MESSAGE_WITHOUT_USER.at())
        elif not covers(row.user_id, sender):
            findings.append(codes.SENDER_NOT_VOUCHED.at(user=row.user_id, sender=sender))
        if environment != self._environment:
            findings.append(
                codes.MESSAGE_ENVIRONMENT.at(theirs=environment, ours=self._environment)
            )
        if row.type != kind:
            findings.append(codes.MESSAGE_KIND.at(stated=row.type, found=kind))
        return tuple(findings)

    def _faults(self, verified: Verified) -> tuple[Finding, ...]:
        """Check schema and rules of the verified content."""
        today = vietnam_date(self._ledger.clock.now())
        findings = (*verified.findings, *check(verified.reading.envelope, today=today))
        return tuple(dict.fromkeys(f for f in findings if f.severity is Severity.ERROR))

    def _decide(self, row: InboxMessage, document: Document, verified: Verified) -> None:
        packet_id = identity_of(document)
        addressed = self._addressed(row)
        receivers = [self._ours.canonical(to.organ_id) for to in document.receivers]
        with self._ledger.store.read() as tx:
            before = inbox.by_packet(tx, packet_id)
            sender = self._ours.canonical(document.sender.organ_id)
            known = inbox.by_document(tx, sender, document.document_id)
        findings: list[Finding] = []
        if addressed not in receivers:
            findings.append(codes.NOT_ADDRESSED.at(receiver=addressed))
        elif not self._ours.serves(addressed):
            findings.append(codes.UNIT_NOT_SERVED.at(receiver=addressed))
        elif _conflicts(document, packet_id, known):
            findings.append(codes.RECEIVED_CONFLICT.at(document_id=document.document_id))
        if findings:
            self._turn_away(row, _TurnedAway(tuple(findings), document, verified.digest))
        elif before is not None and before.message_key != row.message_key:
            self._repeat(row, document, before)
        else:
            self._accept(row, document, verified, served=self._ours.served(receivers))

    def _accept(
        self,
        row: InboxMessage,
        document: Document,
        verified: Verified,
        *,
        served: Sequence[str],
    ) -> None:
        packet_id = identity_of(document)
        arrivals = [
            self._receipts.prepare(
                document,
                digest=verified.digest,
                answers=packet_id,
                addressed=code,
                status=StatusCode.ARRIVED,
            )
            for code in served
        ]
        sender = self._ours.canonical(document.sender.organ_id)
        with self._ledger.work() as work:
            inbox.update(
                work.tx,
                row.message_key,
                state=InboxState.VERIFIED,
                now=work.now,
                packet_id=packet_id,
                digest=verified.digest,
                served=tuple(served),
                verification=verified.as_dict(),
                findings=[],
                **_columns(document, self._ours),
            )
            work.record(
                DocumentVerified(
                    packet_id=packet_id, document_id=document.document_id, sender=sender
                )
            )
            self._send(work, arrivals)

    def _repeat(self, row: InboxMessage, document: Document, before: InboxMessage) -> None:
        sender = self._ours.canonical(document.sender.organ_id)
        with self._ledger.work() as work:
            inbox.update(
                work.tx,
                row.message_key,
                state=InboxState.DUPLICATE,
                now=work.now,
                packet_id=before.packet_id,
                sender=sender,
                document_id=document.document_id,
                kind="document",
            )
            if before.packet_id and receiver_header(row.headers) == receiver_header(before.headers):
                self._receipts.repeat(work, before.packet_id, receiver_header(row.headers))
            work.record(
                DocumentDuplicated(
                    packet_id=before.packet_id, document_id=document.document_id, sender=sender
                )
            )

    def _turn_away(self, row: InboxMessage, why: _TurnedAway) -> None:
        document = why.envelope if isinstance(why.envelope, Document) else None
        refusal = self._refusal(row, document, why) if document else None
        state = InboxState.REFUSED if refusal else InboxState.QUARANTINED
        first = why.findings[0]
        with self._ledger.work() as work:
            inbox.update(
                work.tx,
                row.message_key,
                state=state,
                now=work.now,
                findings=[finding.as_dict() for finding in why.findings],
                digest=why.digest,
                **_columns(why.envelope, self._ours),
            )
            event = DocumentRefused if refusal else MessageQuarantined
            work.record(
                event(
                    packet_id=row.message_key,
                    document_id=document.document_id if document else None,
                    sender=row.user_id,
                    reason=first.en,
                    error_code=first.code,
                )
            )
            work.record(
                AlarmRaised(
                    packet_id=row.message_key,
                    error_code=first.code,
                    reason=first.en,
                    sender=row.user_id,
                )
            )
            self._send(work, [refusal])

    def _refusal(self, row: InboxMessage, document: Document, why: _TurnedAway) -> Answer | None:
        """Seal a 02 if the broker vouches for the sender; a forgery gets no answer."""
        sender = self._ours.canonical(document.sender.organ_id)
        addressed = self._addressed(row)
        if row.user_id is None or addressed is None or not covers(row.user_id, sender):
            return None
        try:
            return self._receipts.prepare(
                document,
                digest=why.digest,
                answers=row.message_key,
                correlation=row.message_id or None,
                addressed=addressed,
                status=StatusCode.REFUSED,
                reason=reason_of(why.findings),
            )
        except StorageError:
            raise
        except ConnectorError:
            return None

    def _addressed(self, row: InboxMessage) -> str | None:
        stated = receiver_header(row.headers)
        return None if stated is None else self._ours.canonical(stated)

    def _send(self, work: Work, answers: Sequence[Answer | None]) -> None:
        for answer in answers:
            if answer is not None:
                self._receipts.enqueue(work, answer)


def _conflicts(document: Document, packet_id: str, known: Sequence[InboxMessage]) -> bool:
    if document.business_type not in {BusinessType.NEW, BusinessType.REPLACE}:
        return False
    return any(
        row.business_type == int(document.business_type) and row.packet_id != packet_id
        for row in known
        if row.state not in _FINAL
    )


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
