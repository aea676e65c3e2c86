"""What is kept in memory between two steps of the way in: bounded, and given out once."""

from __future__ import annotations

import datetime as dt
import threading

from connector.flow.verified import JustReceived, JustVerified, Known
from connector.model.content import BytesContent
from connector.model.envelope import (
    Attachment,
    Document,
    DocumentCode,
    DocumentType,
    Organization,
    Promulgation,
    Signer,
)


def document(size: int) -> Document:
    """Return a document with one file in memory."""
    file = Attachment(
        content_id="a",
        name="a.pdf",
        content_type="application/pdf",
        content=BytesContent(b"x" * size),
    )
    return Document(
        sender=Organization(organ_id="H41", organ_name="Nghệ An"),
        receivers=(Organization(organ_id="G22", organ_name="Văn phòng Chính phủ"),),
        code=DocumentCode("1", "UBND"),
        promulgation=Promulgation("Vinh", dt.date(2026, 1, 5)),
        document_type=DocumentType(type=2, type_name="Công văn"),
        subject="V/v thử",
        signer=Signer(full_name="Trần Văn Mẫu"),
        document_id="H41,2026/01/05,1/UBND",
        attachments=(file,),
    )


def test_bytes_are_given_out_once() -> None:
    """A message is looked at once; whoever asks again reads the spool."""
    received = JustReceived()
    received.keep("a", b"abc")
    assert [received.take("a"), received.take("a")] == [b"abc", None]


def test_what_came_first_stays() -> None:
    """Without room nothing is kept, and what was there is not driven out; later there is room."""
    received = JustReceived(limit_bytes=5)
    for key in ("a", "b", "c"):
        received.keep(key, b"xx")
    assert [received.take(key) for key in ("c", "a", "b")] == [None, b"xx", b"xx"]
    received.keep("d", b"xxxxx")
    assert received.take("d") == b"xxxxx"


def test_the_same_message_is_counted_once() -> None:
    """Keeping a message again takes no room twice."""
    received = JustReceived(limit_bytes=4)
    received.keep("a", b"xx")
    received.keep("a", b"yy")
    received.keep("b", b"zz")
    assert [received.take("a"), received.take("b")] == [b"yy", b"zz"]


def test_large_messages_are_left_to_the_spool() -> None:
    """Memory holds small ones only."""
    received = JustReceived(limit_bytes=1 << 30)
    received.keep("a", bytes((1 << 20) + 1))
    assert received.take("a") is None


def test_nobody_waits_for_those_who_take_nothing() -> None:
    """A full memory holds reception up for a moment only."""
    received = JustReceived(limit_bytes=4)
    received.keep("a", b"xxxx")
    received.wait_for_room(0.001)
    assert received.take("a") == b"xxxx"


def test_reception_waits_while_others_keep_up() -> None:
    """As long as messages are taken, the next are received when there is room again."""
    received = JustReceived(limit_bytes=3)
    received.keep("a", b"x")
    received.keep("b", b"x")
    waited = threading.Thread(target=received.wait_for_room, args=(60.0,))
    waited.start()
    assert received.take("a") == b"x"
    waited.join(60)
    assert not waited.is_alive()


def test_the_oldest_documents_give_way() -> None:
    """File and packet count; what no longer fits is read from the spool again."""
    kept = JustVerified(limit_bytes=25)
    for key in ("a", "b", "c"):
        kept.keep(key, Known(document(5), b"x" * 5))
    assert kept.take("a") is None
    found = kept.take("c")
    assert found is not None
    assert (found.packet, kept.take("c")) == (b"x" * 5, None)
