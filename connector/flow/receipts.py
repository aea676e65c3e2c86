"""Statuses that we send: signed answers that name the digest of what they answer.

Each status is sealed before the transaction that makes it durable together with the state it
reports. Its id covers no timestamp, so a repeated step makes the same packet and sends nothing
twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from connector import crash
from connector.clock import VIETNAM
from connector.errors import Finding, Language
from connector.flow.ledger import Ledger, Work
from connector.flow.ours import Ours
from connector.flow.outbound import Outbound, Prepared
from connector.model.envelope import (
    Document,
    Evidence,
    Organization,
    ResponseFor,
    StatusCode,
    StatusReport,
)
from connector.model.packet import Sealed, WriteOptions
from connector.model.states import DeliveryState
from connector.store import inbox, journal, outbox
from connector.store.inbox import Receipt

__all__ = ["Answer", "Asked", "Receipts", "Sealing", "named", "reason_of"]

_REASON_LENGTH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A sealed status, ready to be enqueued."""

    prepared: Prepared
    status: StatusCode
    addressed: str
    receiver: str
    answers: str
    correlation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A status of an addressed code to be sealed.

    `answers` is the id under which the receipt is kept; `correlation` the id by which the sender
    knows its packet, if that is another one.
    """

    document: Document
    digest: str
    answers: str
    addressed: str
    status: StatusCode
    reason: str | None = None
    correlation: str | None = None


Sealing = Callable[[], Answer | None]
"""Gives a status that is being sealed, None if this node cannot speak for its sender."""


class Receipts:
    """Makes, stores and repeats the statuses of received packets."""

    def __init__(self, ledger: Ledger, outbound: Outbound, ours: Ours) -> None:
        self._ledger = ledger
        self._outbound = outbound
        self._ours = ours

    def prepare(self, asked: Asked) -> Answer | None:
        """Seal one status; None if this node cannot speak for its sender."""
        return self.begin([asked])[0]()

    def begin(self, asked: Sequence[Asked]) -> list[Sealing]:
        """Begin to seal statuses, beside this process if they are many; in the same order."""
        with self._ledger.store.read() as tx:
            head = journal.head(tx)
        moment = _vietnam_now(self._ledger)
        taken: list[Sealing] = [_nobody] * len(asked)
        by_agency: dict[str, list[tuple[int, StatusReport]]] = {}
        for index, each in enumerate(asked):
            signer = self._signer(each.addressed)
            if signer is not None:
                report = _report(each, signer[0], moment, head)
                by_agency.setdefault(signer[1], []).append((index, report))
        for agency, mine in by_agency.items():
            reports = [report for _, report in mine]
            begun = self._outbound.begin(reports, agency=agency, options=WriteOptions())
            for (index, _), sealed in zip(mine, begun, strict=True):
                taken[index] = partial(self._answer, asked[index], sealed)
        return taken

    def _answer(self, asked: Asked, sealed: Callable[[], Sealed]) -> Answer:
        prepared = self._outbound.keep([sealed()])[0]
        crash.point("receipt.sealed")
        return Answer(
            prepared=prepared,
            status=asked.status,
            addressed=asked.addressed,
            receiver=self._ours.canonical(asked.document.sender.organ_id),
            answers=asked.answers,
            correlation=asked.correlation or asked.answers,
        )

    def _signer(self, addressed: str) -> tuple[Organization, str] | None:
        """Return as whom, and with whose key, a code is spoken for; None if that cannot be."""
        organization = self._ours.organization(addressed)
        agency = self._ours.agency_for(addressed)
        if organization is None or agency is None or not self._outbound.can_sign(agency.code):
            return None
        return organization, agency.code

    def enqueue(self, work: Work, answers: Iterable[Answer | None]) -> None:
        """Put prepared statuses into the outbox, with all others of the transaction."""
        for answer in answers:
            if answer is not None:
                work.defer(self.enqueue_now, answer)

    def enqueue_now(self, work: Work, answers: Sequence[Answer]) -> list[bool]:
        """Put prepared statuses into the outbox; False for one that was sent before."""
        fresh = self._outbound.enqueue_statuses(
            work, [(each.prepared, each.receiver, each.correlation) for each in answers]
        )
        given = [
            Receipt(
                answers_packet_id=each.answers,
                addressed_code=each.addressed,
                status_code=each.status.value,
                receipt_packet_id=each.prepared.sealed.packet_id,
                at=work.now,
            )
            for each in answers
        ]
        inbox.add_receipts(work.tx, given)
        crash.point("receipt.queued")
        return fresh

    def repeat(self, work: Work, answers: str, addressed: str | None) -> int:
        """Queue the stored statuses of a packet again, for one addressed code or for all."""
        again = 0
        for receipt in inbox.receipts(work.tx, answers):
            if addressed is not None and receipt.addressed_code != addressed:
                continue
            for delivery in outbox.deliveries(work.tx, receipt.receipt_packet_id):
                if delivery.state is DeliveryState.SENT:
                    outbox.set_state(
                        work.tx,
                        delivery.packet_id,
                        delivery.receiver,
                        DeliveryState.QUEUED,
                        now=work.now,
                        not_before=work.now,
                    )
                    crash.point("receipt.repeated")
                    again += 1
        return again


def _nobody() -> None:
    return None


def _report(
    asked: Asked, organization: Organization, moment: dt.datetime, head: str | None
) -> StatusReport:
    return StatusReport(
        sender=organization,
        response_for=named(asked.document),
        status_code=asked.status,
        timestamp=moment,
        description=asked.reason[:_REASON_LENGTH] if asked.reason else None,
        evidence=Evidence(digest=asked.digest, journal_head=head),
    )


def named(document: Document) -> ResponseFor:
    """Return how a packet names the document that it answers or acts on."""
    return ResponseFor(
        organ_id=document.sender.organ_id,
        code=str(document.code),
        promulgation_date=document.promulgation.date,
        document_id=document.document_id,
    )


def reason_of(findings: tuple[Finding, ...]) -> str:
    """Return the reasons of a refusal as an officer reads them: code, place, sentence."""
    sentences = (
        f"{finding.code} {finding.place}: {finding.sentence(Language.VIETNAMESE)}"
        if finding.place
        else f"{finding.code} {finding.sentence(Language.VIETNAMESE)}"
        for finding in findings
    )
    return "; ".join(sentences)[:_REASON_LENGTH]


def _vietnam_now(ledger: Ledger) -> dt.datetime:
    return ledger.clock.now().astimezone(VIETNAM).replace(microsecond=0)
