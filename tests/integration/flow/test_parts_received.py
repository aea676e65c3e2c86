"""Packets that a sender publishes in parts, through a real broker to the clerk."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from connector.model.content import BytesContent
from connector.model.envelope import Attachment, Document
from connector.model.states import InboxState

if TYPE_CHECKING:
    from connector.model.packet import Sealed
    from tests.integration.flow.conftest import Lab

Make = Callable[..., Document]
PART = 100_000


def with_file(make: Make, size: int, number: str = "05") -> Document:
    """Return a document with a file of some size."""
    content = BytesContent(b"%PDF-1.7\n" + random.Random(size).randbytes(size - 9))  # noqa: S311
    attachment = Attachment(
        content_id="1b4e28ba-2fa1-11d2-883f-0016d3cca427",
        name="van-ban.pdf",
        content_type="application/pdf",
        content=content,
    )
    return make(number, attachments=(attachment,))


def publish(lab: Lab, sealed: Sealed, order: Sequence[int] = ()) -> list[int]:
    """Publish a sealed packet as parts, in some order (indices); return all indices."""
    data = sealed.data
    pieces = [data[at : at + PART] for at in range(0, len(data), PART)]
    numbers = list(range(len(pieces)))
    for index in order or numbers:
        headers = {
            "edoc-sha256": sealed.digest,
            "edoc-part": index + 1,
            "edoc-parts": len(pieces),
            "edoc-size": len(data),
        }
        lab.throw("G22", pieces[index], message_id=sealed.packet_id, headers=headers)
    return numbers


def test_parts_are_one_document(lab: Lab, document: Make) -> None:
    """A packet in parts is verified as a whole and delivered once, whatever comes twice."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    large = with_file(document, 700_000)
    sealed = g22.sealed(large).sealed
    publish(lab, sealed, [3, 0, 3, 1, 2, 9, 8, 7])
    lab.settle()
    assert h41.received() == []
    publish(lab, sealed, [4, 5, 6, 5])
    lab.settle()
    assert h41.in_sink() == [large.document_id]
    (file,) = (h41.directory / "sink").glob("[0-9]*/*/01-*.pdf")
    assert file.read_bytes() == large.attachments[0].content.open().read()
    assert h41.inbox_states() == [InboxState.DELIVERED]
    assert h41.statuses_sent() == [("01", large.document_id), ("03", large.document_id)]


def test_a_restart_between_parts(lab: Lab, document: Make) -> None:
    """Parts that were acknowledged before a restart are not asked for again."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    large = with_file(document, 500_000)
    sealed = g22.sealed(large).sealed
    numbers = publish(lab, sealed, [0, 1, 2])
    lab.settle()
    h41.close()
    h41.open()
    publish(lab, sealed, numbers[3:])
    lab.settle()
    assert h41.in_sink() == [large.document_id]


def test_other_documents_overtake(lab: Lab, document: Make) -> None:
    """While parts are missing, other documents of the sender are delivered."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    large, small = with_file(document, 500_000), document("06")
    sealed = g22.sealed(large).sealed
    numbers = publish(lab, sealed, [0, 1])
    g22.enqueue(small)
    lab.settle()
    assert h41.in_sink() == [small.document_id]
    publish(lab, sealed, numbers[2:])
    lab.settle()
    assert sorted(h41.in_sink()) == sorted([large.document_id, small.document_id])


def test_a_damaged_part(lab: Lab, document: Make) -> None:
    """A packet of which one part was changed fails as a whole: set aside, never delivered."""
    g22, h41 = lab.member("G22"), lab.member("H41")
    large = with_file(document, 500_000)
    sealed = g22.sealed(large).sealed
    data = bytearray(sealed.data)
    data[300_000] = ord("A") if data[300_000] != ord("A") else ord("B")
    half = len(data) // 2
    for number, piece in enumerate((bytes(data[:half]), bytes(data[half:])), 1):
        headers = {
            "edoc-sha256": sealed.digest,
            "edoc-part": number,
            "edoc-parts": 2,
            "edoc-size": len(data),
        }
        lab.throw("G22", piece, message_id=sealed.packet_id, headers=headers)
    lab.settle()
    assert h41.in_sink() == []
    assert h41.inbox_states(None) == [InboxState.QUARANTINED]
