"""Packets larger than one message: they leave in parts, and whatever happens, arrive once (G2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from connector.broker.layout import QueueLimits
from connector.model.content import BytesContent
from connector.model.envelope import Attachment, Document, Priority
from connector.model.recipe import files
from connector.model.states import DeliveryState

if TYPE_CHECKING:
    from tests.integration.flow.conftest import Lab, Member

pytestmark = pytest.mark.broker

PART = 65_536
LARGE = BytesContent(b"%PDF-1.4\n" + bytes(range(256)) * 4_000)
DOC = "G22,2026/01/05,01/VPCP-KSTT"
Make = Callable[..., Document]


def _small_parts(member: Member) -> Member:
    for link in member.links:
        link.relay._part_bytes = PART
    return member


def _large(document: Make) -> Document:
    file = Attachment(
        content_id="id-1", name="lớn.pdf", content_type="application/pdf", content=LARGE
    )
    return document("01", attachments=(file,))


def _confirmed(member: Member) -> int:
    found = member.link.relay._consignments.values()
    return max((len(each.confirmed) for each in found), default=0)


def test_a_large_packet_arrives_whole_and_once(lab: Lab, document: Make) -> None:
    """Some twenty messages make one document, one receipt of each kind and one sent delivery."""
    g22, h41 = _small_parts(lab.member("G22")), lab.member("H41")
    g22.enqueue(_large(document))
    lab.settle()
    assert g22.state(DOC, "H41") is DeliveryState.ACCEPTED
    assert h41.in_sink() == [DOC]
    (stored,) = (h41.directory / "sink").glob("[0-9]*/*/*.pdf")
    assert stored.read_bytes() == LARGE.data
    assert g22.events().count("delivery_sent") == 1


def test_small_and_urgent_documents_overtake(lab: Lab, document: Make) -> None:
    """What comes while a large packet is under way does not wait for its last part."""
    g22, h41 = _small_parts(lab.member("G22")), lab.member("H41")
    g22.enqueue(_large(document))
    relay = g22.link.relay
    lab.until(lambda: relay.pump(0.0) >= 0 and bool(relay._consignments))
    small = g22.enqueue(document("02", priority=Priority.URGENT))
    lab.settle()
    sent = [entry.packet_id for entry in g22.journal() if entry.event == "delivery_sent"]
    assert sent[0] == small
    assert len(sent) == 2
    assert sorted(h41.in_sink()) == [DOC, "G22,2026/01/05,02/VPCP-KSTT"]


def test_a_process_that_ends_between_parts_sends_the_packet_again(lab: Lab, document: Make) -> None:
    """After a restart all parts go out once more; the receiver knows those that it has."""
    g22, h41 = _small_parts(lab.member("G22")), lab.member("H41")
    g22.enqueue(_large(document))
    while not _confirmed(g22):
        g22.link.relay.pump(0.05)
    for link in g22.links:
        link.publisher.stop()
    g22.links[0].consumer.stop()
    g22.links = []
    g22.node.close()
    g22.open()
    _small_parts(g22)
    lab.settle()
    assert g22.state(DOC, "H41") is DeliveryState.ACCEPTED
    assert h41.in_sink() == [DOC]


def test_a_full_inbox_takes_the_rest_later(lab: Lab, document: Make) -> None:
    """A part that is nacked holds the delivery back; what was confirmed is not sent again."""
    g22 = _small_parts(lab.member("G22"))
    lab.settings("H41")
    lab.sandbox.connect(["G22", "H41"], QueueLimits(max_bytes=8 * PART))
    g22.enqueue(_large(document))
    lab.until(lambda: g22.state(DOC, "H41") is DeliveryState.BLOCKED)
    assert g22.sent(DOC, "H41").error_code == "EDX-7002"
    (confirmed,) = g22.link.relay._confirmed.values()
    assert len(confirmed) >= 4
    h41 = lab.member("H41")
    lab.until(lambda: g22.state(DOC, "H41") is DeliveryState.ACCEPTED)
    assert h41.in_sink() == [DOC]


def test_a_damaged_file_parks_the_packet_before_its_first_part(lab: Lab, document: Make) -> None:
    """All of a large packet is looked at before any of it leaves."""
    g22, h41 = _small_parts(lab.member("G22")), lab.member("H41")
    packet_id = g22.enqueue(_large(document))
    (digest,) = files(g22.recipe(packet_id))
    path = g22.node.spool.get(digest).path
    path.write_bytes(b"x" + path.read_bytes()[1:])
    g22.enqueue(document("02"))
    lab.settle()
    lost = g22.sent(DOC, "H41")
    assert (lost.state, lost.error_code) == (DeliveryState.PARKED, "EDX-5021")
    assert h41.in_sink() == ["G22,2026/01/05,02/VPCP-KSTT"]
