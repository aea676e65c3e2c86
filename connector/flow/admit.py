"""IN, second step: verify what arrived, and decide: accept, refuse with 02, or quarantine.

Only what passed signature, identity, schema, rules and addressee goes on (guarantee G4). If the
broker vouches for the sender, a refusal goes back signed; if not, it is a forgery: quarantine
and alarm, no word to anyone. A recall of which it is not clear what it means may neither be
refused nor guessed at: quarantine and alarm, a person asks the sender.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice

from connector import crash
from connector.clock import vietnam_date
from connector.edxml.parser import Limits
from connector.edxml.reader import read
from connector.errors import Finding, PermanentError, Severity, TrustError
from connector.flow import codes
from connector.flow.containment import Containment, Step, chunks, waiting
from connector.flow.ledger import Ledger
from connector.flow.ours import Ours
from connector.flow.outcomes import Outcome, Outcomes, TurnedAway, addressed
from connector.flow.receipts import Receipts, Sealing
from connector.flow.retry import RetryPolicy
from connector.flow.said import said_of
from connector.flow.statuses import StatusDesk
from connector.flow.verified import JustReceived, JustVerified, Known
from connector.flow.workers.checking import Body, Checked, Checking, Checks, checked
from connector.model.content import BytesContent, Content
from connector.model.envelope import BusinessType, Document, Envelope, StatusReport
from connector.model.identity import packet_id as identity_of
from connector.model.organ import covers
from connector.model.states import InboxState
from connector.store import inbox
from connector.store.inbox import InboxMessage
from connector.store.spool import Spool
from connector.store.store import Transaction
from connector.trust.revocation_facts import RevocationUnknown
from connector.trust.trust_source import TrustSource
from connector.trust.verify import signed_digest

__all__ = ["Admission"]

_BATCH = 32
_NOT_NAMED = "(not named)"
_FRESH = frozenset({InboxState.RECEIVED, InboxState.HELD})
_FINAL = frozenset({InboxState.QUARANTINED, InboxState.REFUSED})


@dataclass(slots=True)
class _Batch:
    """What is prepared for one transaction; nothing in it may speak of the same document."""

    tx: Transaction
    taken: set[tuple[str, ...]] = field(default_factory=set)
    decided: list[tuple[InboxMessage, Outcome]] = field(default_factory=list)

    def claims(self, *names: tuple[str, ...]) -> bool:
        """Claim names; False if one of them is taken, so that the message waits for its turn."""
        if not self.taken.isdisjoint(names):
            return False
        self.taken.update(names)
        return True


class Admission:
    """Verifies received messages of all agencies of this node."""

    def __init__(
        self,
        ledger: Ledger,
        spool: Spool,
        *,
        source: TrustSource,
        ours: Ours,
        receipts: Receipts,
        policy: RetryPolicy,
        limits: Limits,
        environment: str,
        just_verified: JustVerified | None = None,
        checks: Checks | None = None,
    ) -> None:
        self._ledger = ledger
        self._spool = spool
        self._source = source
        self._ours = ours
        self._environment = environment
        self._limits = limits
        # A file beyond our limit must not keep us from saying so to its sender.
        self._generous = replace(limits, max_attachment_bytes=limits.max_bytes)
        self._statuses = StatusDesk(ledger, ours)
        self._containment = Containment(ledger, policy)
        self._receipts = receipts
        self._outcomes = Outcomes(ours, receipts, policy)
        self._just_verified = just_verified or JustVerified()
        self._checks = checks
        self.arrived = JustReceived()

    def close(self) -> None:
        """End the processes that verify."""
        if self._checks is not None:
            self._checks.close()

    def pump(self, go_on: Callable[[], bool] = lambda: True) -> int:
        """Verify what is waiting, with one commit for all; return how many were looked at.

        `go_on` is asked before each message.
        """
        done = 0
        self._just_verified.wait_for_room()
        with self._ledger.store.read() as tx:
            batch = _Batch(tx)
            due = waiting(tx, self._ledger, _FRESH, _BATCH, held_verified=False)
            rows = next(chunks(due), [])
            for row, checking in zip(rows, self._begin(rows), strict=True):
                if not go_on():
                    break
                judge = partial(self._judge, batch=batch, checking=checking)
                outcome = self._containment.attempt(row, judge)
                if outcome is not None:
                    batch.decided.append((row, outcome))
                done += 1
        crash.point("admit.decided")
        ready = self._sealed(batch.decided)
        crash.point("admit.answered")
        self._containment.commit(ready, self._alone)
        return done

    def _begin(self, rows: Sequence[InboxMessage]) -> list[Checking]:
        """Begin to verify messages beside this process, as far as that can be."""
        if self._checks is None:
            return [_here] * len(rows)
        bodies = [
            Body(self._spool.at(row.body_sha256, row.body_size), row.received_at) for row in rows
        ]
        return self._checks.begin(bodies)

    def _sealed(
        self, decided: Sequence[tuple[InboxMessage, Outcome]]
    ) -> list[tuple[InboxMessage, Step]]:
        """Seal all statuses of a batch and return its steps."""
        sealing = iter(self._receipts.begin([each for _, one in decided for each in one.asked]))
        mine = [list(islice(sealing, len(outcome.asked))) for _, outcome in decided]
        ready: list[tuple[InboxMessage, Step]] = []
        for (row, outcome), statuses in zip(decided, mine, strict=True):
            step = self._containment.attempt(row, partial(_step, outcome, statuses))
            if step is not None:
                ready.append((row, step))
        return ready

    def _alone(self, row: InboxMessage) -> Step | None:
        with self._ledger.store.read() as tx:
            outcome = self._judge(row, _Batch(tx), _here)
        return None if outcome is None else outcome.step(self._receipts.begin(outcome.asked))

    def _judge(self, row: InboxMessage, batch: _Batch, checking: Checking) -> Outcome | None:
        """Verify a message and return what is to be done; None if it has to wait for its turn."""
        packet = self.arrived.take(row.message_key)
        body = self._spool.get(row.body_sha256) if packet is None else BytesContent(packet)
        found = checking()
        try:
            verified = found or self._verified(body, row)
            envelope = verified.envelope
            findings = (*self._objections(row, envelope), *_faults(verified))
        except RevocationUnknown as error:
            self._source.want(error.links)
            return self._outcomes.held(row, error)
        except (TrustError, PermanentError) as error:
            against = error.findings
        else:
            if findings:
                return self._turned_away(row, findings, envelope, verified.digest)
            return self._believed(row, packet, verified, batch)
        # Only here is the error gone, and with it the open files of what was read in vain.
        return self._turned_away(row, against, *self._best_guess(body, row))

    def _believed(
        self, row: InboxMessage, packet: bytes | None, verified: Checked, batch: _Batch
    ) -> Outcome | None:
        """Return what is to be done with an authentic packet that is as it has to be."""
        envelope = verified.envelope
        if isinstance(envelope, StatusReport):
            report = envelope
            return Outcome(lambda work, _: self._statuses.apply(work, row, report, verified))
        known = Known(envelope, packet, self._spool.last_put(row.body_sha256))
        return self._decide(row, known, verified, batch)

    def _turned_away(
        self,
        row: InboxMessage,
        findings: tuple[Finding, ...],
        envelope: Envelope | None,
        digest: str,
    ) -> Outcome:
        with self._ledger.store.read() as tx:
            in_effect = inbox.has_accepted(tx, digest)
        why = TurnedAway(findings, envelope, digest, in_effect)
        return self._outcomes.turned_away(row, why)

    def _verified(self, body: Content, row: InboxMessage) -> Checked:
        return checked(
            body,
            self._source.current(),
            at=row.received_at,
            today=vietnam_date(self._ledger.clock.now()),
            limits=self._limits,
            scratch=self._spool.scratch,
        )

    def _best_guess(self, body: Content, row: InboxMessage) -> tuple[Envelope | None, str]:
        """Read what an unverified packet claims: only to tell its sender that it was refused.

        The digest first, so that the files of one reading are open at a time.

        Raises:
            TransientError: disk or descriptors do not suffice; that is no verdict.
        """
        limits, scratch = self._generous, self._spool.scratch
        try:
            digest = signed_digest(body, limits=limits, scratch=scratch)
            envelope = read(body, limits=limits, scratch=scratch).envelope
        except (TrustError, PermanentError):
            return None, row.body_sha256
        return envelope, digest or row.body_sha256

    def _objections(self, row: InboxMessage, envelope: Envelope) -> tuple[Finding, ...]:
        """Check the message against the packet it carries."""
        kind = "document" if isinstance(envelope, Document) else "status"
        sender = self._ours.canonical(envelope.sender.organ_id)
        environment = str(row.headers.get("edoc-environment") or _NOT_NAMED)
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

    def _decide(
        self, row: InboxMessage, known: Known, verified: Checked, batch: _Batch
    ) -> Outcome | None:
        document = known.document
        packet_id = identity_of(document)
        receiver = addressed(row, self._ours)
        receivers = [self._ours.canonical(to.organ_id) for to in document.receivers]
        sender = self._ours.canonical(document.sender.organ_id)
        before = inbox.by_packet(batch.tx, packet_id)
        others = inbox.by_document(batch.tx, sender, document.document_id)
        findings: list[Finding] = []
        if receiver not in receivers:
            findings.append(codes.NOT_ADDRESSED.at(receiver=receiver or _NOT_NAMED))
        elif not self._ours.serves(receiver):
            findings.append(codes.UNIT_NOT_SERVED.at(receiver=receiver))
        elif _conflicts(document, packet_id, others):
            findings.append(codes.RECEIVED_CONFLICT.at(document_id=document.document_id))
        if findings:
            why = TurnedAway(tuple(findings), document, verified.digest)
            return self._outcomes.turned_away(row, why)
        if before is not None and before.message_key != row.message_key:
            same = before.digest == verified.digest
            given = () if same else said_of(batch.tx, self._spool, packet_id)
            return self._outcomes.repeated(row, document, verified.digest, before, given)
        if not batch.claims((packet_id,), (sender, document.document_id)):
            return None
        self._just_verified.keep(row.message_key, known)
        served = self._ours.served(receivers)
        return self._outcomes.accepted(row, document, verified, served, packet_id)


def _here() -> None:
    """Stand for what was not looked at elsewhere."""


def _faults(verified: Checked) -> tuple[Finding, ...]:
    """Return what forbids the verified content."""
    return tuple(dict.fromkeys(f for f in verified.findings if f.severity is Severity.ERROR))


def _step(outcome: Outcome, sealing: Sequence[Sealing], _row: InboxMessage) -> Step:
    return outcome.step(sealing)


def _conflicts(document: Document, packet_id: str, known: Sequence[InboxMessage]) -> bool:
    if document.business_type not in {BusinessType.NEW, BusinessType.REPLACE}:
        return False
    return any(
        row.business_type == int(document.business_type) and row.packet_id != packet_id
        for row in known
        if row.state not in _FINAL
    )
