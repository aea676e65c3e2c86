"""What must not get through, and what must not stop the others (guarantees G3, G4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from connector.broker.message import OutcomeKind
from connector.flow.admit import Admission
from connector.flow.report import node_state, timeline
from connector.flow.verified import Known
from connector.model.envelope import Document, Evidence, ResponseFor, StatusCode, StatusReport
from connector.model.states import DeliveryState, InboxState
from connector.sinks.folder import FolderSink
from connector.store import journal, outbox

if TYPE_CHECKING:
    from tests.integration.flow.conftest import Lab, Member

pytestmark = pytest.mark.broker

DOC = "G22,2026/01/05,05/VPCP-KSTT"
Make = Callable[..., Document]


def tampered(member: Member, document: Document) -> bytes:
    """Return a sealed packet whose subject was changed after it was signed."""
    data = member.sealed(document).sealed.data
    changed = data.replace(document.subject.encode(), document.subject.encode() + b" sua", 1)
    assert changed != data
    return changed


def test_changed_content_under_one_id_is_a_conflict(lab: Lab, document: Make) -> None:
    """The same DocumentId with other content is refused with an alarm, never delivered (G3)."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    g22.enqueue(document())
    lab.settle()
    second = g22.enqueue(document(subject="V/v nội dung khác"))
    lab.settle()
    assert h41.in_sink() == [DOC]
    assert h41.inbox_states() == [InboxState.DELIVERED, InboxState.REFUSED]
    assert h41.alarms() == ["EDX-7017"]
    with g22.node.store.read() as tx:
        (delivery,) = outbox.deliveries(tx, second)
    assert delivery.state is DeliveryState.REFUSED


def test_forgery_is_quarantined_without_a_word(lab: Lab, document: Make) -> None:
    """A valid user with another agency's packet: quarantine and alarm, no 02 leaves."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    lab.throw("G09", g22.sealed(document()).sealed.data)
    lab.throw("G09", tampered(g22, document("06")))
    lab.settle()
    assert h41.inbox_states() == [InboxState.QUARANTINED, InboxState.QUARANTINED]
    assert (h41.statuses_sent(), h41.in_sink()) == ([], [])
    assert h41.alarms()[0] == "EDX-7014"
    assert len(h41.alarms()) == 2


def test_forgery_does_not_keep_the_genuine_packet_out(lab: Lab, document: Make) -> None:
    """Somebody who brings a stolen packet under its own id first pre-empts nothing."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    prepared = g22.sealed(document())
    lab.throw("G09", prepared.sealed.data, message_id=prepared.sealed.packet_id)
    lab.settle()
    g22.enqueue(document())
    lab.settle()
    assert h41.in_sink() == [DOC]
    assert g22.state(DOC, "H41") is DeliveryState.ACCEPTED
    assert len(h41.operator.reply(DOC, StatusCode.FINISHED, None)) == 1  # no word of the forgery
    with h41.node.store.read() as tx:
        events = journal.entries(tx, packet_id=prepared.sealed.packet_id, limit=99)
    assert "message_quarantined" not in {entry.event for entry in events}


def test_tampered_packet_of_its_own_sender_is_answered_02(lab: Lab, document: Make) -> None:
    """If the broker vouches for the sender, it gets a signed 02 that names the digest."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    lab.throw("G22", tampered(g22, document()))
    lab.settle()
    assert h41.inbox_states() == [InboxState.REFUSED]
    assert h41.in_sink() == []
    assert h41.statuses_sent() == [("02", DOC)]
    (found,) = timeline(h41.node.store, h41.received()[0].message_key)
    assert [event.event for event in found.events] == [
        "message_received",
        "document_refused",
        "alarm_raised",
        "status_queued",
        "delivery_sent",
    ]


def test_changed_copy_of_a_delivered_packet_gets_no_02(lab: Lab, document: Make) -> None:
    """It bears the digest of what is on the desk: its sender must not take that for refused."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    g22.enqueue(document())
    lab.settle()
    (delivered,) = h41.received("document")
    data = h41.node.spool.get(delivered.body_sha256).path.read_bytes()
    subject = document().subject.encode()
    lab.throw("G22", data.replace(subject, subject + b" sua", 1))
    lab.settle()
    assert h41.inbox_states() == [InboxState.DELIVERED, InboxState.QUARANTINED]
    assert g22.state(DOC, "H41") is DeliveryState.ACCEPTED
    assert len(h41.alarms()) == 1


@pytest.mark.parametrize(
    ("properties", "code", "answered"),
    [
        ({"headers": {"edoc-environment": "production"}}, "EDX-7011", True),
        ({"user_id": None}, "EDX-7010", False),
        ({"type": "status"}, "EDX-7012", True),
        ({"headers": {"edoc-receiver": "H41.02"}}, "EDX-7015", True),
        ({"headers": {"edoc-receiver": "G09"}}, "EDX-7015", False),
    ],
)
def test_message_that_contradicts_its_packet(
    lab: Lab, document: Make, properties: dict[str, Any], code: str, *, answered: bool
) -> None:
    """Environment, user, type and addressee of the message are checked against the packet."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    lab.throw("G22", g22.sealed(document()).sealed.data, **properties)
    lab.settle()
    (row,) = h41.received("document")
    assert row.findings[0]["code"] == code
    assert row.state is (InboxState.REFUSED if answered else InboxState.QUARANTINED)
    assert h41.alarms() == [code]
    assert h41.in_sink() == []
    assert [status for status, _ in h41.statuses_sent()] == (["02"] if answered else [])


def report_of(member: Member, status: StatusCode, digest: str) -> StatusReport:
    """Return a status about G22's document in a member's name."""
    organization = member.node.ours.organization(member.code)
    assert organization is not None
    return StatusReport(
        sender=organization,
        response_for=ResponseFor(
            organ_id="G22",
            code="05/VPCP-KSTT",
            promulgation_date=dt.date(2026, 1, 5),
            document_id=DOC,
        ),
        status_code=status,
        timestamp=member.node.clock.now(),
        evidence=Evidence(digest=digest),
    )


def throw_status(lab: Lab, member: Member, report: StatusReport, **properties: Any) -> None:
    """Publish a status in a member's name to G22."""
    data = member.sealed(report).sealed.data
    lab.throw(member.code, data, receiver="G22", type="status", **properties)


def test_status_with_a_foreign_digest_changes_nothing(lab: Lab, document: Make) -> None:
    """A status about what we did not send is set aside with an alarm (G4)."""
    g22, h41 = lab.member("G22"), lab.member("H41", connect=False)
    g22.enqueue(document())
    lab.settle()
    throw_status(lab, h41, report_of(h41, StatusCode.FINISHED, "ab" * 32))
    lab.settle()
    assert g22.state(DOC, "H41") is DeliveryState.SENT
    assert g22.alarms() == ["EDX-7020"]
    assert g22.inbox_states("status") == [InboxState.QUARANTINED]


def test_status_of_an_agency_that_got_nothing_changes_nothing(lab: Lab, document: Make) -> None:
    """An agency can speak of its own delivery only."""
    g22, g09 = lab.member("G22"), lab.member("G09")
    lab.member("H41", connect=False)
    packet_id = g22.enqueue(document())
    lab.settle()
    with g22.node.store.read() as tx:
        packet = outbox.packet(tx, packet_id)
    assert packet is not None
    throw_status(lab, g09, report_of(g09, StatusCode.FINISHED, packet.digest))
    lab.settle()
    assert g22.state(DOC, "H41") is DeliveryState.SENT
    assert g22.alarms() == ["EDX-7021"]


def test_status_under_a_documents_id_does_no_harm(lab: Lab, document: Make) -> None:
    """A status whose message bears the id of a delivered document is still only a status."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    packet_id = g22.enqueue(document())
    other = h41.enqueue(document("77", sender="H41", to=("G22",)))
    lab.settle()
    with g22.node.store.read() as tx:
        packet = outbox.packet(tx, packet_id)
    assert packet is not None
    report = report_of(h41, StatusCode.FINISHED, packet.digest)
    throw_status(lab, h41, report, message_id=other)
    lab.settle()
    assert g22.state(DOC, "H41") is DeliveryState.FINISHED
    assert g22.in_sink() == ["H41,2026/01/05,77/VPCP-KSTT"]


def test_status_sealed_twice_is_applied_once(lab: Lab, document: Make) -> None:
    """The same status in other bytes (a store set back, a later timestamp) is a duplicate."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    packet_id = g22.enqueue(document())
    lab.settle()
    with g22.node.store.read() as tx:
        packet = outbox.packet(tx, packet_id)
    assert packet is not None
    report = report_of(h41, StatusCode.PROCESSING, packet.digest)
    later = replace(report, timestamp=report.timestamp.replace(year=2027))
    for each in (report, later):
        throw_status(lab, h41, each)
    lab.settle()
    assert g22.state(DOC, "H41") is DeliveryState.PROCESSING
    states = g22.inbox_states("status")
    assert states.count(InboxState.DUPLICATE) == 1


def test_properties_that_are_no_text_stop_nothing(lab: Lab, document: Make) -> None:
    """Bytes that are no UTF-8 in a message's properties end neither daemon nor batch."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    odd = {"x-bytes": b"\xff\xfe", "x-list": [1, {"a": b"\xff"}]}
    outcomes = lab.throw("G22", b"no packet", message_id=b"\xff\xfe", type=b"\xff", headers=odd)
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.CONFIRMED]
    g22.enqueue(document())
    lab.settle()
    assert h41.in_sink() == [DOC]
    assert sorted(h41.inbox_states(None)) == [InboxState.DELIVERED, InboxState.QUARANTINED]


@pytest.mark.parametrize("body", [b"", b"\x00" * 10, b"<?xml version='1.0'?><a/>", b"<!DOCTYPE a>"])
def test_garbage_is_quarantined_and_counted(lab: Lab, body: bytes) -> None:
    """What is no packet is set aside with an alarm, and `status` shows it."""
    h41 = lab.member("H41")
    lab.throw("G22", body)
    lab.settle()
    assert h41.inbox_states(None) == [InboxState.QUARANTINED]
    assert len(h41.alarms()) == 1
    state = node_state(h41.node.store, h41.node.config, now=h41.node.clock.now())
    assert state.inbox_documents == {"quarantined": 1}
    assert any("1 quarantined among the documents" in each for each in state.concerns)


def test_failure_of_the_program_on_one_message_is_contained(
    lab: Lab, document: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug that one message brings out parks that message; the next one is delivered."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    decide = Admission._decide

    def fail_on_first(self: Admission, row: Any, known: Known, *others: Any) -> Any:
        if known.document.code.number == "01":
            raise KeyError("no such thing")
        return decide(self, row, known, *others)

    monkeypatch.setattr(Admission, "_decide", fail_on_first)
    for number in ("01", "05"):
        g22.enqueue(document(number))
    lab.settle()
    assert h41.in_sink() == [DOC]
    parked = h41.received()[0]
    assert (parked.state, parked.findings[0]["code"]) == (InboxState.PARKED, "EDX-7040")
    assert h41.alarms() == ["EDX-7040"]
    monkeypatch.undo()
    h41.operator.process_again(parked.message_key)
    lab.settle()
    assert h41.in_sink() == ["G22,2026/01/05,01/VPCP-KSTT", DOC]
    assert g22.state(DOC, "H41") is DeliveryState.ACCEPTED


def test_failure_of_a_sink_that_nobody_foresaw_is_contained(
    lab: Lab, document: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception out of a sink parks that document with an alarm and stops no other."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    deliver = FolderSink.deliver_many

    def fail_on_first(self: FolderSink, items: Any) -> list[bool]:
        if any(item.document.code.number == "01" for item in items):
            raise ZeroDivisionError
        return deliver(self, items)

    monkeypatch.setattr(FolderSink, "deliver_many", fail_on_first)
    for number in ("01", "05"):
        g22.enqueue(document(number))
    lab.settle()
    assert h41.in_sink() == [DOC]
    assert h41.inbox_states() == [InboxState.PARKED, InboxState.DELIVERED]
    monkeypatch.undo()
    h41.operator.process_again("G22,2026/01/05,01/VPCP-KSTT")
    lab.settle()
    assert len(h41.in_sink()) == 2


def test_body_that_was_changed_on_disk_is_not_delivered(
    lab: Lab, document: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what was verified is handed over: a spool file that changed since is parked."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    monkeypatch.setattr(type(h41.node.desk), "pump", lambda *_: 0)
    g22.enqueue(document())
    lab.settle()
    (row,) = h41.received("document")
    path = h41.node.spool.get(row.body_sha256).path
    path.write_bytes(path.read_bytes().replace(b"VPCP", b"VPCX"))
    monkeypatch.undo()
    lab.settle()
    assert h41.inbox_states() == [InboxState.PARKED]
    assert h41.in_sink() == []
