"""Documents from one node to others over a real RabbitMQ, and what comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from connector.errors import PermanentError
from connector.flow import operate
from connector.flow.report import timeline
from connector.model.envelope import Document, Priority, StatusCode
from connector.model.states import DeliveryState, InboxState

if TYPE_CHECKING:
    from tests.integration.flow.conftest import Lab

pytestmark = pytest.mark.broker

DOC = "G22,2026/01/05,05/VPCP-KSTT"
Make = Callable[..., Document]


def test_receipts_move_the_delivery(lab: Lab) -> None:
    """A record becomes a delivered document; 01 and 03 come back and are the sender's state."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    g22.record("05/VPCP-KSTT", "H41")
    assert g22.collect() == 1
    lab.settle()
    assert h41.in_sink() == [DOC]
    assert h41.statuses_sent() == [("01", DOC), ("03", DOC)]
    assert g22.state(DOC, "H41") is DeliveryState.ACCEPTED
    assert h41.inbox_states() == [InboxState.DELIVERED]


def test_every_step_is_journalled_on_both_sides(lab: Lab) -> None:
    """Sender and receiver each can tell the whole way of a document (G6)."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    g22.record("05/VPCP-KSTT", "H41")
    g22.collect()
    lab.settle()
    (row,) = h41.received("document")
    (sent,) = timeline(g22.node.store, row.packet_id or "")
    assert {event.event for event in sent.events} == {
        "document_sealed",
        "delivery_sent",
        "status_applied",
    }
    assert [e.detail.split(" ")[0] for e in sent.events if e.event == "status_applied"] == [
        "01",
        "03",
    ]
    (received,) = timeline(h41.node.store, sent.packet_id)
    assert [event.event for event in received.events] == [
        "message_received",
        "document_verified",
        "status_queued",
        "document_delivered",
        "status_queued",
        "delivery_sent",
        "delivery_sent",
    ]


def test_two_receivers_get_one_packet(lab: Lab) -> None:
    """One signed packet goes to each receiver; each answers for itself."""
    g22, h41, g09 = lab.member("G22"), lab.member("H41", sinks="sql"), lab.member("G09")
    g22.record("05/VPCP-KSTT", "H41,G09")
    g22.collect()
    lab.settle()
    assert (h41.in_sink(), g09.in_sink()) == ([DOC], [DOC])
    assert g22.state(DOC, "H41") is g22.state(DOC, "G09") is DeliveryState.ACCEPTED
    assert h41.received()[0].packet_id == g09.received()[0].packet_id


def test_urgent_document_overtakes(lab: Lab, document: Make) -> None:
    """An urgent document leaves, arrives and is delivered before older ones that are not."""
    g22 = lab.member("G22")
    h41 = lab.member("H41", connect=False)
    for number in ("01", "02"):
        g22.enqueue(document(number))
    g22.enqueue(document("09", priority=Priority.IMMEDIATE))
    lab.settle()
    sent = [e.packet_id for e in g22.journal() if e.event == "delivery_sent"]
    h41.connect()
    lab.settle()
    delivered = [e.facts["document_id"] for e in h41.journal() if e.event == "document_delivered"]
    assert delivered[0] == "G22,2026/01/05,09/VPCP-KSTT"
    assert h41.received("document")[0].packet_id == sent[0]


def test_no_route_is_returned(lab: Lab, document: Make) -> None:
    """A code without a queue comes straight back; connected later, a resend delivers (G2)."""
    g22 = lab.member("G22")
    g22.enqueue(document(to=("G09",)))
    lab.settle()
    delivery = g22.sent(DOC, "G09")
    assert (delivery.state, delivery.error_code) == (DeliveryState.RETURNED, "EDX-7001")
    g09 = lab.member("G09")
    g22.operator.requeue(DOC)
    lab.settle()
    assert g09.in_sink() == [DOC]
    assert g22.state(DOC, "G09") is DeliveryState.ACCEPTED


def test_unit_not_served_is_refused_and_its_sibling_delivered(lab: Lab, document: Make) -> None:
    """Mail for a unit without node falls to its parent, which answers 02 for it (R31)."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    g22.enqueue(document(to=("H41.02", "H41")))
    lab.settle()
    refused = g22.sent(DOC, "H41.02")
    assert refused.state is DeliveryState.REFUSED
    assert "EDX-7016" in (refused.reason or "")
    assert g22.state(DOC, "H41") is DeliveryState.ACCEPTED
    assert h41.in_sink() == [DOC]


def test_served_unit_and_parent_share_one_document(lab: Lab, document: Make) -> None:
    """Two of our codes in To: one document in the sink, one receipt per code."""
    g22, h41 = lab.member("G22"), lab.member("H41", serves="H41, H41.02")
    g22.enqueue(document(to=("H41.02", "H41")))
    lab.settle()
    assert h41.in_sink() == [DOC]
    assert g22.state(DOC, "H41") is g22.state(DOC, "H41.02") is DeliveryState.ACCEPTED
    assert sorted(h41.inbox_states()) == [InboxState.DELIVERED, InboxState.DUPLICATE]


def test_duplicate_gets_the_stored_receipts(lab: Lab, document: Make) -> None:
    """The same message once more is delivered no second time, but answered again (G3)."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    packet_id = g22.enqueue(document())
    lab.settle()
    g22.operator.requeue(packet_id)
    lab.settle()
    assert h41.in_sink() == [DOC]
    assert [row.copies for row in h41.received("document")] == [2]
    assert [row.copies for row in g22.received("status")] == [2, 2]
    assert h41.events().count("document_duplicated") == 1
    assert g22.state(DOC, "H41") is DeliveryState.ACCEPTED


def test_a_resend_leaves_though_receipts_come_before_it(lab: Lab, document: Make) -> None:
    """Receipts of the first sending do not take out of the queue what somebody sends again."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    packet_id = g22.enqueue(document())
    lab.until(lambda: g22.state(DOC, "H41") is DeliveryState.SENT, g22.link.relay.pump)
    g22.operator.requeue(packet_id)
    receiving = (h41.pump, g22.link.receiver.pump, g22.node.admission.pump)
    lab.until(lambda: g22.events().count("status_ignored") == 2, *receiving)
    assert g22.state(DOC, "H41") is DeliveryState.QUEUED
    lab.settle()
    assert [row.copies for row in h41.received("document")] == [2]
    assert h41.in_sink() == [DOC]
    assert g22.state(DOC, "H41") is DeliveryState.ACCEPTED
    assert g22.alarms() == []


def test_packet_sealed_anew_is_a_duplicate(lab: Lab, document: Make) -> None:
    """The same content in other bytes (a later trace) is the same packet."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    packet_id = g22.enqueue(document())
    lab.settle()
    later = g22.sealed(document()).sealed
    assert later.packet_id == packet_id
    lab.throw("G22", later.data + b"\n", message_id=packet_id)
    lab.settle()
    assert h41.in_sink() == [DOC]
    assert h41.inbox_states() == [InboxState.DELIVERED, InboxState.DUPLICATE]


def test_refused_document_is_refused_again_when_resent(lab: Lab, document: Make) -> None:
    """After a resend of a refused packet the stored 02 comes again; nothing stays `sent`."""
    g22 = lab.member("G22")
    lab.member("H41")
    packet_id = g22.enqueue(document(to=("H41.02",)))
    lab.settle()
    g22.operator.requeue(packet_id)
    lab.settle()
    assert g22.state(DOC, "H41.02") is DeliveryState.REFUSED


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (StatusCode.ASSIGNED, DeliveryState.ASSIGNED),
        (StatusCode.PROCESSING, DeliveryState.PROCESSING),
        (StatusCode.FINISHED, DeliveryState.FINISHED),
        (StatusCode.REFUSED, DeliveryState.REFUSED),
    ],
)
def test_reply_reaches_the_sender(
    lab: Lab, document: Make, status: StatusCode, state: DeliveryState
) -> None:
    """A processing status by hand moves the sender's delivery."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    g22.enqueue(document())
    lab.settle()
    assert len(h41.operator.reply(DOC, status, "lý do")) == 1
    lab.settle()
    assert g22.state(DOC, "H41") is state
    assert h41.operator.reply(DOC, status, "lý do") == []


def test_backward_status_changes_nothing(
    lab: Lab, document: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """04 after 06 is not sent; another system's is recorded and ignored."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    g22.enqueue(document())
    lab.settle()
    h41.operator.reply(DOC, StatusCode.FINISHED, None)
    with pytest.raises(PermanentError, match="EDX-7032"):
        h41.operator.reply(DOC, StatusCode.ASSIGNED, None)
    monkeypatch.setattr(operate, "overtaken_by", lambda *_: None)
    h41.operator.reply(DOC, StatusCode.ASSIGNED, None)
    lab.settle()
    assert g22.state(DOC, "H41") is DeliveryState.FINISHED
    assert g22.events().count("status_ignored") == 1
    assert g22.alarms() == []


def test_reply_needs_a_document(lab: Lab, document: Make) -> None:
    """A status cannot be answered, and 13 or 01 are no replies."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    g22.enqueue(document())
    lab.settle()
    arrived = g22.received("status")[0]
    with pytest.raises(PermanentError, match="EDX-7032"):
        g22.operator.reply(arrived.message_key, StatusCode.FINISHED, None)
    with pytest.raises(PermanentError, match="EDX-7032"):
        h41.operator.reply(DOC, StatusCode.TAKE_BACK, None)
