"""What each status does to each delivery, and which ones change nothing (G3, G4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import pytest

from connector.clock import VIETNAM
from connector.flow.statuses import StatusDesk
from connector.model.envelope import (
    Evidence,
    Organization,
    ResponseFor,
    StatusCode,
    StatusReport,
)
from connector.model.states import DeliveryState, InboxState
from connector.store import inbox, journal, outbox
from connector.store.inbox import InboxMessage, NewMessage
from connector.store.outbox import OutboxPacket
from connector.trust.verify import Verified

if TYPE_CHECKING:
    from tests.unit.flow.conftest import Office

DOC = "G22,2026/01/05,05/VPCP"
S, D = StatusCode, DeliveryState


class _Verified:
    digest = "cd" * 32

    def as_dict(self) -> dict[str, Any]:
        return {"verdict": "valid"}


class Desk:
    """A status desk over an outbox with one document and its recall."""

    def __init__(self, office: Office) -> None:
        self._node = office.node
        self._desk = StatusDesk(office.node.ledger, office.node.ours)
        self._count = 0

    def sent(self, packet_id: str, business_type: int = 0) -> None:
        """Put a sent packet to H41 into the outbox."""
        with self._node.ledger.work() as work:
            packet = OutboxPacket(
                packet_id=packet_id,
                kind="document",
                sender="G22",
                document_id=DOC,
                business_type=business_type,
                content_digest=packet_id,
                digest=f"digest of {packet_id}",
                body_size=1,
                sealed_at=work.now,
            )
            outbox.enqueue(work.tx, packet, ["H41"], b"[]")
            outbox.set_state(work.tx, packet_id, "H41", D.SENT, now=work.now)

    def set(self, packet_id: str, state: DeliveryState) -> None:
        """Put its delivery into a state, as if it had never been sent before."""
        with self._node.ledger.work() as work:
            statement = "UPDATE delivery SET state = ?, sent_at = NULL WHERE packet_id = ?"
            work.tx.exec_driver_sql(statement, (state.value, packet_id))

    def move(self, packet_id: str, state: DeliveryState) -> None:
        """Move its delivery, as the relay does."""
        with self._node.ledger.work() as work:
            outbox.set_state(work.tx, packet_id, "H41", state, now=work.now)

    def again(self) -> None:
        """Let the document be sent again: `connector resend`."""
        self._node.operator("lan").requeue(DOC)

    def state(self, packet_id: str) -> DeliveryState:
        """Return the state of its delivery."""
        with self._node.store.read() as tx:
            found = outbox.delivery(tx, packet_id, "H41")
        assert found is not None
        return found.state

    def take(
        self,
        status: StatusCode,
        digest: str | None = "digest of doc",
        *,
        sender: str = "H41",
        message_id: str | None = None,
    ) -> InboxMessage:
        """Apply a verified status and return its row in the inbox."""
        self._count += 1
        report = _report(status, digest, sender, f"lần {self._count}")
        message = NewMessage(
            user_id=sender,
            message_id=message_id or f"message-{self._count}",
            type="status",
            queue="edoc.G22.inbox",
            body_sha256=f"{self._count:064x}",
            body_size=1,
            headers={},
            received_at=self._node.clock.now(),
        )
        with self._node.ledger.work() as work:
            inbox.receive(work.tx, message)
        with self._node.store.read() as tx:
            row = inbox.message(tx, message.message_key)
        assert row is not None
        self._desk.take(row, report, cast("Verified", _Verified()))
        with self._node.store.read() as tx:
            after = inbox.message(tx, message.message_key)
        assert after is not None
        return after

    def alarms(self) -> list[str]:
        """Return the codes of all alarms."""
        with self._node.store.read() as tx:
            entries = journal.entries(tx, limit=1000)
        return [e.facts["error_code"] for e in entries if e.event == "alarm_raised"]


def _report(status: StatusCode, digest: str | None, sender: str, why: str) -> StatusReport:
    return StatusReport(
        sender=Organization(organ_id=sender, organ_name=sender),
        response_for=ResponseFor(
            organ_id="G22",
            code="05/VPCP",
            promulgation_date=dt.date(2026, 1, 5),
            document_id=DOC,
        ),
        status_code=status,
        timestamp=dt.datetime(2026, 1, 5, 8, 0, tzinfo=VIETNAM),
        description=why,
        evidence=Evidence(digest=digest) if digest else None,
    )


@pytest.fixture
def desk(office: Office) -> Desk:
    """A desk with one sent document."""
    made = Desk(office)
    made.sent("doc")
    return made


MakeDesk = Callable[[], Desk]


@pytest.mark.parametrize(
    ("before", "status", "after"),
    [
        (D.SENT, S.ARRIVED, D.ARRIVED),
        (D.QUEUED, S.ARRIVED, D.ARRIVED),
        (D.UNCONFIRMED, S.ACCEPTED, D.ACCEPTED),
        (D.BLOCKED, S.ARRIVED, D.ARRIVED),
        (D.RETURNED, S.ARRIVED, D.ARRIVED),
        (D.PARKED, S.ACCEPTED, D.ACCEPTED),
        (D.ARRIVED, S.FINISHED, D.FINISHED),
        (D.ACCEPTED, S.REFUSED, D.REFUSED),
        (D.RECALL_REQUESTED, S.REFUSED, D.REFUSED),
        (D.RECALL_REQUESTED, S.CHANGE_AGREED, D.RECALLED),
        (D.ACCEPTED, S.ARRIVED, None),
        (D.ACCEPTED, S.ACCEPTED, None),
        (D.FINISHED, S.PROCESSING, None),
        (D.REFUSED, S.ACCEPTED, None),
        (D.RECALLED, S.ACCEPTED, None),
        (D.RECALL_REQUESTED, S.ARRIVED, None),
        (D.ACCEPTED, S.CHANGE_AGREED, None),
        (D.ACCEPTED, S.CHANGE_REFUSED, None),
        (D.RECALL_REQUESTED, S.CHANGE_REFUSED, None),
    ],
)
def test_moves(
    desk: Desk, before: DeliveryState, status: StatusCode, after: DeliveryState | None
) -> None:
    """Forward skips are legal; backward and repeated statuses are recorded and ignored."""
    desk.set("doc", before)
    row = desk.take(status)
    assert desk.state("doc") is (after or before)
    assert row.state is InboxState.DELIVERED
    assert [finding["code"] for finding in row.findings] == ([] if after else ["EDX-7022"])
    assert desk.alarms() == []


@pytest.mark.parametrize("answered", [(), (S.ARRIVED,), (S.ARRIVED, S.REFUSED)])
def test_what_is_sent_again_leaves_whatever_is_answered_before(
    desk: Desk, answered: tuple[StatusCode, ...]
) -> None:
    """Answers to an earlier sending are recorded; once it is on its way again they count."""
    if answered:
        desk.set("doc", D.UNCONFIRMED)  # answered before its confirm
    for status in answered:
        desk.take(status)
    desk.again()
    for status in (S.ARRIVED, S.ACCEPTED, S.REFUSED):
        row = desk.take(status)
        assert row.state is InboxState.DELIVERED
        assert [finding["code"] for finding in row.findings] == ["EDX-7023"]
        assert desk.state("doc") is D.QUEUED
    desk.move("doc", D.UNCONFIRMED)
    desk.move("doc", D.BLOCKED)
    desk.take(S.ACCEPTED)
    assert desk.state("doc") is D.BLOCKED
    desk.move("doc", D.UNCONFIRMED)
    desk.take(S.ACCEPTED)
    assert desk.state("doc") is D.ACCEPTED
    assert desk.alarms() == []


def test_foreign_digest_is_an_alarm(desk: Desk) -> None:
    """A status about what we did not send changes nothing, whatever DocumentId it names."""
    row = desk.take(S.REFUSED, "ab" * 32)
    assert (desk.state("doc"), row.state) == (D.SENT, InboxState.QUARANTINED)
    assert desk.alarms() == ["EDX-7020"]


def test_status_of_somebody_else_is_an_alarm(desk: Desk) -> None:
    """An agency to which the packet was not sent has nothing to say about it."""
    desk.take(S.REFUSED, sender="G09")
    assert desk.state("doc") is D.SENT
    assert desk.alarms() == ["EDX-7021"]


def test_status_without_evidence_means_the_document(desk: Desk) -> None:
    """Other systems name no digest; the DocumentId then means the document, not its recall."""
    desk.sent("recall", business_type=1)
    desk.take(S.ARRIVED, None)
    assert (desk.state("doc"), desk.state("recall")) == (D.ARRIVED, D.SENT)


def test_request_to_take_back_is_for_a_person(desk: Desk) -> None:
    """13 from another system is set aside with an alarm; a person answers 15 or 16."""
    row = desk.take(S.TAKE_BACK)
    assert row.state is InboxState.QUARANTINED
    assert desk.alarms() == ["EDX-7019"]


def test_agreed_recall_takes_the_document_back(desk: Desk) -> None:
    """15 to the recall finishes it and recalls the delivery that it asked back."""
    desk.sent("recall", business_type=1)
    desk.set("doc", D.RECALL_REQUESTED)
    desk.take(S.CHANGE_AGREED, "digest of recall")
    assert (desk.state("doc"), desk.state("recall")) == (D.RECALLED, D.FINISHED)


def test_refused_recall_is_an_alarm(desk: Desk) -> None:
    """02 to a recall leaves the document asked back, and a person must see it."""
    desk.sent("recall", business_type=1)
    desk.set("doc", D.RECALL_REQUESTED)
    desk.take(S.REFUSED, "digest of recall")
    assert (desk.state("doc"), desk.state("recall")) == (D.RECALL_REQUESTED, D.REFUSED)
    assert desk.alarms() == ["EDX-7041"]


def test_statuses_that_share_a_stated_message_id_are_kept_apart(desk: Desk) -> None:
    """A message id is what its sender states; two different statuses under one are two."""
    first = desk.take(S.ARRIVED, message_id="same")
    second = desk.take(S.ACCEPTED, message_id="same")
    assert first.state is second.state is InboxState.DELIVERED
    assert first.packet_id != second.packet_id
