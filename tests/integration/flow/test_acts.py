"""Recall, update and replacement between nodes (QĐ 28/2018 Đ8, Đ9)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from connector.clock import VIETNAM
from connector.edxml.writer import write
from connector.errors import PermanentError
from connector.flow.receipts import named
from connector.model.envelope import (
    Business,
    BusinessType,
    Document,
    InformationChange,
    ReceiverChange,
    Replacement,
    StatusCode,
    StatusReport,
)
from connector.model.states import DeliveryState, InboxState
from connector.trust.pki import DevPki
from tests.corpus.signing import sign
from tests.corpus.world import Identity

if TYPE_CHECKING:
    from tests.integration.flow.conftest import Lab, Member

pytestmark = pytest.mark.broker

DOC = "G22,2026/01/05,05/VPCP-KSTT"
Make = Callable[..., Document]


def test_recall_before_sending_sends_nothing(lab: Lab, document: Make) -> None:
    """What never left needs no recall: the delivery simply ends."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    packet_id = g22.enqueue(document())
    recalled = g22.operator.recall(packet_id, "gửi nhầm")
    lab.settle()
    assert (recalled.packet_id, recalled.never_sent) == (None, ("H41",))
    assert g22.state(DOC, "H41") is DeliveryState.RECALLED
    assert h41.received() == []


def test_recall_of_a_delivered_document(lab: Lab, document: Make) -> None:
    """The sink's document moves to the cancelled ones, 15 goes back, the delivery is recalled."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    g22.enqueue(document())
    lab.settle()
    recalled = g22.operator.recall(DOC, "gửi nhầm")
    assert recalled.receivers == ("H41",)
    assert g22.state(DOC, "H41") is DeliveryState.RECALL_REQUESTED
    lab.settle()
    assert g22.state(DOC, "H41") is DeliveryState.RECALLED
    assert g22.state(DOC, "H41", business_type=1) is DeliveryState.FINISHED
    assert (h41.in_sink(), h41.cancelled()) == ([], [DOC])
    assert ("15", DOC) in h41.statuses_sent()
    assert h41.inbox_states() == [InboxState.CANCELLED, InboxState.DELIVERED]


def test_recalled_document_is_recalled_only_once(lab: Lab, document: Make) -> None:
    """A second recall finds nothing to take back; the document is still meant by its own id."""
    g22 = lab.member("G22")
    lab.member("H41")
    g22.enqueue(document())
    lab.settle()
    g22.operator.recall(DOC, None)
    lab.settle()
    with pytest.raises(PermanentError, match="EDX-7032"):
        g22.operator.recall(DOC, None)


def test_recall_cannot_be_refused(lab: Lab, document: Make) -> None:
    """16 to a recall is against the law (QĐ 28/2018 Đ9(2)); to the document it is a reply."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    g22.enqueue(document())
    lab.settle()
    recall_id = g22.operator.recall(DOC, None).packet_id
    lab.settle()
    assert recall_id is not None
    with pytest.raises(PermanentError, match="EDX-7033"):
        h41.operator.reply(recall_id, StatusCode.CHANGE_REFUSED, "không")


def test_change_refused_leaves_the_delivery(lab: Lab, document: Make) -> None:
    """16 by hand is told to the sender and moves nothing."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    g22.enqueue(document())
    lab.settle()
    _ask_back(g22)
    lab.settle()
    h41.operator.reply(DOC, StatusCode.CHANGE_REFUSED, "đã xử lý")
    lab.settle()
    assert g22.state(DOC, "H41") is DeliveryState.ACCEPTED
    assert "status_ignored" in g22.events()


def identity(pki: DevPki) -> Identity:
    """Return the key of G22, to sign with past all checks."""
    private = load_pem_private_key(pki.key_file("G22").read_bytes(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    own, *issuers = x509.load_pem_x509_certificates(pki.certificate_file("G22").read_bytes())
    return Identity(private, own, tuple(issuers))


@pytest.mark.parametrize("doubt", ["several documents", "somebody else's document"])
def test_recall_in_doubt_goes_to_a_person(
    lab: Lab, lab_pki: DevPki, document: Make, doubt: str
) -> None:
    """What an authentic recall means is not guessed, and it is not refused: alarm, no 02."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    g22.enqueue(document())
    lab.settle()
    (row,) = h41.received("document")
    recall = g22.operator._recall_of(document(), ["H41"], None)
    if doubt == "several documents":
        business = replace(recall.business or Business(), document_id="G22,2026/01/05,99/VPCP-KSTT")
        recall, code = replace(recall, business=business), "EDX-2210"
    else:
        answered = replace(recall.response_for[0], organ_id="G09")
        recall, code = replace(recall, response_for=(answered,)), "EDX-2211"
    lab.throw("G22", sign(write(recall), identity(lab_pki)))  # our own sealing refuses it
    lab.settle()
    assert h41.inbox_states() == [InboxState.DELIVERED, InboxState.QUARANTINED]
    assert (h41.in_sink(), h41.cancelled()) == ([DOC], [])
    assert h41.alarms() == [code]
    assert "02" not in [status for status, _ in h41.statuses_sent()]
    assert h41.received("document")[0].message_key == row.message_key


def test_recall_that_arrives_first_waits(lab: Lab, document: Make) -> None:
    """A recall is held until its document is there, which is then never delivered."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    original = document()
    g22.enqueue(g22.operator._recall_of(original, ["H41"], None))
    lab.settle()
    assert h41.inbox_states() == [InboxState.HELD]
    g22.enqueue(original)
    lab.until(lambda: h41.inbox_states() == [InboxState.DELIVERED, InboxState.CANCELLED])
    lab.settle()
    assert h41.in_sink() == []
    assert ("15", DOC) in h41.statuses_sent()


def test_held_act_wakes_up_with_its_document(lab: Lab, document: Make) -> None:
    """A held replacement does not sleep through the arrival of what it replaces."""
    g22, h41 = lab.member("G22"), lab.member("H41", first=600, hold=3600)
    business = Business(
        type=BusinessType.REPLACE,
        reason="Văn bản thay thế",
        replacements=(Replacement(DOC, ("H41",)),),
    )
    g22.enqueue(document("06", business=business))
    lab.settle()
    assert h41.inbox_states() == [InboxState.HELD]
    g22.enqueue(document())
    lab.settle()
    assert h41.inbox_states() == [InboxState.DELIVERED, InboxState.DELIVERED]
    assert len(list((h41.directory / "sink").glob("*/*/replaced.json"))) == 1


def test_recall_of_an_unknown_document_is_refused_in_the_end(lab: Lab, document: Make) -> None:
    """An act that waited too long is answered 02, and its sender is alarmed (G5)."""
    g22, h41 = lab.member("G22"), lab.member("H41", hold=0.3)
    g22.enqueue(g22.operator._recall_of(document(), ["H41"], None))
    lab.until(lambda: g22.state(DOC, "H41", 1) is DeliveryState.REFUSED)
    lab.settle()
    assert h41.inbox_states() == [InboxState.REFUSED]
    assert g22.alarms() == ["EDX-7041"]


def test_recall_stops_a_document_that_the_sink_could_not_take(lab: Lab, document: Make) -> None:
    """A parked document is cancelled by its recall and never delivered afterwards."""
    g22, h41 = lab.member("G22"), lab.member("H41", park=1)
    in_the_way = h41.directory / "sink"
    in_the_way.write_text("a file where the folder should be")
    g22.enqueue(document())
    lab.until(lambda: h41.inbox_states() == [InboxState.PARKED])
    row = h41.received("document")[0]
    in_the_way.unlink()
    lab.settle()
    g22.operator.recall(DOC, None)
    lab.settle()
    assert g22.state(DOC, "H41") is DeliveryState.RECALLED
    with pytest.raises(PermanentError, match="EDX-7032"):
        h41.operator.process_again(row.message_key)


def test_update_is_recorded_and_agreed(lab: Lab, document: Make) -> None:
    """Changed receivers (type 2) are kept beside the document, which stays; 15 goes back."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    original = document()
    g22.enqueue(original)
    lab.settle()
    change = InformationChange(
        document_info=False, document_receiver=True, receivers=(ReceiverChange("G09", added=True),)
    )
    business = Business(
        type=BusinessType.UPDATE,
        reason="Cập nhật văn bản điện tử",
        document_id=DOC,
        changes=(change,),
    )
    g22.enqueue(g22.act_of(original, business))
    lab.settle()
    assert h41.in_sink() == [DOC]
    assert len(list((h41.directory / "sink").glob("*/*/updates/*.json"))) == 1
    assert g22.state(DOC, "H41", business_type=2) is DeliveryState.FINISHED
    assert g22.state(DOC, "H41") is DeliveryState.ACCEPTED


def test_replacement_marks_the_old_document(lab: Lab, document: Make) -> None:
    """A replacing document (type 3) is delivered and the old one marked."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    g22.enqueue(document())
    lab.settle()
    business = Business(
        type=BusinessType.REPLACE,
        reason="Văn bản thay thế",
        replacements=(Replacement(DOC, ("H41",)),),
    )
    new = document("06", business=business)
    g22.enqueue(new)
    lab.settle()
    assert h41.in_sink() == [DOC, new.document_id]
    assert len(list((h41.directory / "sink").glob("*/*/replaced.json"))) == 1
    assert g22.state(new.document_id, "H41", 3) is DeliveryState.ACCEPTED


def test_reply_15_cancels_in_the_sink(lab: Lab, document: Make) -> None:
    """An operator who agrees to a request of another system (13) cancels the document.

    Nobody cancels what its issuer has not asked back.
    """
    g22, h41 = lab.member("G22"), lab.member("H41")
    g22.enqueue(document())
    lab.settle()
    with pytest.raises(PermanentError, match="EDX-7032"):
        h41.operator.reply(DOC, StatusCode.CHANGE_AGREED, None)
    _ask_back(g22)
    lab.settle()
    h41.operator.reply(DOC, StatusCode.CHANGE_AGREED, None)
    assert (h41.in_sink(), h41.cancelled()) == ([], [DOC])
    assert h41.inbox_states() == [InboxState.CANCELLED]


def _ask_back(issuer: Member) -> None:
    """Send the status 13 with which other systems ask for a document."""
    packet = issuer.operator.sent_packet(DOC)
    document = issuer.operator._document(packet)
    asked = StatusReport(
        sender=document.sender,
        response_for=named(document),
        status_code=StatusCode.TAKE_BACK,
        timestamp=dt.datetime(2026, 1, 5, 9, tzinfo=VIETNAM),
        description="đề nghị thu hồi",
    )
    with issuer.node.ledger.work() as work:
        issuer.node.outbound.enqueue_status(
            work, issuer.sealed(asked), receiver="H41", answers=packet.packet_id
        )


def test_recall_of_a_returned_document_needs_no_consent(lab: Lab, document: Make) -> None:
    """A document that comes back without a way after it was recalled is recalled."""
    g22 = lab.member("G22")
    g22.enqueue(document(to=("G09",)))
    assert g22.link.relay._publish(g22.link.relay._claim()) == 1
    g22.operator.recall(DOC, None)
    lab.settle()
    assert g22.state(DOC, "G09") is DeliveryState.RECALLED
