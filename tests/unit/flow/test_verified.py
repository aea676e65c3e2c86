"""What is kept in memory between two steps of the way in: bounded, and given out once."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connector.edxml.stored import Stored
from connector.flow.verified import _BESIDE_BYTES, JustReceived, JustVerified, Known
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
from connector.model.states import InboxState
from connector.store import inbox
from connector.store.spool import Spool
from connector.trust.pki import DevPki
from tests.unit.flow.arrivals import AtHand, messages_of, packet, receiver_of
from tests.unit.flow.conftest import Office

OPEN = Path("/proc/self/fd")


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
    received.receive("a", b"abc")
    assert [received.take("a"), received.take("a")] == [b"abc", None]


def test_what_came_first_stays() -> None:
    """Without room nothing is kept, and what was there is not driven out; later there is room."""
    received = JustReceived(limit_bytes=5)
    for key in ("a", "b", "c"):
        received.receive(key, b"xx")
    assert [received.take(key) for key in ("c", "a", "b")] == [None, b"xx", b"xx"]
    received.receive("d", b"xxxxx")
    assert received.take("d") == b"xxxxx"


def test_the_same_message_is_counted_once() -> None:
    """Keeping a message again takes no room twice."""
    received = JustReceived(limit_bytes=4)
    received.receive("a", b"xx")
    received.receive("a", b"yy")
    received.receive("b", b"zz")
    assert [received.take("a"), received.take("b")] == [b"yy", b"zz"]


def test_large_messages_are_left_to_the_spool() -> None:
    """Memory holds small ones only."""
    received = JustReceived(limit_bytes=1 << 30)
    received.receive("a", bytes((1 << 20) + 1))
    assert received.take("a") is None


def test_nobody_waits_for_those_who_take_nothing() -> None:
    """A full memory holds reception up for a moment only."""
    received = JustReceived(limit_bytes=4)
    received.receive("a", b"xxxx")
    received.wait_for_room(0.001)
    assert received.take("a") == b"xxxx"


def test_reception_waits_while_others_keep_up() -> None:
    """As long as messages are taken, the next are received when there is room again."""
    received = JustReceived(limit_bytes=3)
    received.receive("a", b"x")
    received.receive("b", b"x")
    waited = threading.Thread(target=received.wait_for_room, args=(60.0,))
    waited.start()
    assert received.take("a") == b"x"
    waited.join(60)
    assert not waited.is_alive()


def test_what_was_verified_first_stays() -> None:
    """It is delivered next; what finds no room beside it is read from the spool again."""
    one = Known(document(5), b"x" * 5)
    kept = JustVerified(limit_bytes=2 * (one.held + _BESIDE_BYTES))
    for key in ("a", "b", "c"):
        kept.keep(key, one)
    assert kept.take("c") is None
    found = kept.take("a")
    assert found is not None
    assert (found.packet, kept.take("a")) == (b"x" * 5, None)
    kept.keep("c", one)
    assert [kept.take("b"), kept.take("c")] == [one, one]


def test_a_document_kept_anew_stands_in_one_place(on_disk: Callable[..., Document]) -> None:
    """Whether it lies in memory or in files: what was kept before is forgotten."""
    kept, small, large = JustVerified(), Known(document(5)), Known(on_disk())
    for first, second in ((small, large), (large, small)):
        kept.keep("a", first)
        kept.keep("a", second)
        assert [kept.take("a"), kept.take("a")] == [second, None]


def test_admission_waits_for_a_sink_that_keeps_up() -> None:
    """It goes on when there is room again, and does not wait for a sink that takes nothing."""
    one = Known(document(5))
    kept = JustVerified(limit_bytes=one.held + _BESIDE_BYTES)
    kept.keep("a", one)
    kept.wait_for_room()
    waited = threading.Thread(target=kept.wait_for_room)
    waited.start()
    assert kept.take("a") == one
    waited.join(60)
    assert not waited.is_alive()


@pytest.fixture
def on_disk(tmp_path: Path) -> Callable[..., Document]:
    """Make documents whose files lie in scratch places, each of them an open file."""
    spool = Spool(tmp_path / "spool")

    def made(size: int = 5, files: int = 1, attachments: int = 1) -> Document:
        found = []
        for _ in range(files):
            place = spool.scratch()
            place.write(b"x" * size * attachments)
            found += [Stored(place, at * size, size) for at in range(attachments)]
        bare = document(0)
        (one,) = bare.attachments
        return replace(bare, attachments=tuple(replace(one, content=each) for each in found))

    return made


def open_files() -> int:
    """Return how many files this process has open."""
    return len(list(OPEN.iterdir()))


def test_open_files_are_bounded(on_disk: Callable[..., Document]) -> None:
    """However many documents wait for a slow sink: those without room close their files."""
    kept, before = JustVerified(limit_files=6), open_files()
    for number in range(20):
        kept.keep(str(number), Known(on_disk(files=2, attachments=3)))
        assert open_files() <= before + 6
    assert [kept.take(key) is not None for key in ("0", "1", "2", "3")] == [*[True] * 3, False]
    assert open_files() == before


def test_a_document_of_too_many_files_drives_nobody_out(on_disk: Callable[..., Document]) -> None:
    """It is read again from the spool, and those that were there stay."""
    kept, before = JustVerified(limit_files=3), open_files()
    kept.keep("a", Known(on_disk(files=2)))
    kept.keep("b", Known(on_disk(files=4)))
    assert open_files() == before + 2
    assert [kept.take("b"), kept.take("a") is None] == [None, False]


def test_room_on_the_disk_is_bounded(on_disk: Callable[..., Document]) -> None:
    """The first stays however large it is, others beside it only while there is room."""
    kept = JustVerified(limit_disk=25)
    kept.keep("in memory", Known(document(5)))
    for key, size in (("a", 10), ("b", 10), ("c", 10)):
        kept.keep(key, Known(on_disk(size=size)))
    assert [kept.take(key) is not None for key in ("a", "b", "c")] == [True, True, False]
    kept.keep("large", Known(on_disk(size=100)))
    kept.keep("d", Known(on_disk(size=1)))
    found = [kept.take(key) is not None for key in ("d", "large", "in memory")]
    assert found == [False, True, True]


def test_a_large_document_that_is_not_delivered_gives_way(
    on_disk: Callable[..., Document],
) -> None:
    """One that was parked does not keep its room on the disk, and the others out, for good."""
    kept, before = JustVerified(limit_disk=25), open_files()
    kept.keep("parked", Known(on_disk(size=100)))
    found = []
    for number in range(100):
        kept.keep(str(number), Known(on_disk(size=10)))
        found.append(kept.take(str(number)) is not None)
    assert (found[0], found[-1]) == (False, True)
    assert open_files() == before


def test_what_was_taken_leaves_its_room(on_disk: Callable[..., Document]) -> None:
    """A document that is delivered, or kept anew, is no longer counted as it was."""
    kept = JustVerified(limit_files=2)
    for key in ("a", "b", "b", "a"):
        kept.keep(key, Known(on_disk()))
    assert kept.take("a") is not None
    kept.keep("c", Known(on_disk()))
    assert [kept.take(key) is not None for key in ("b", "c")] == [True, True]


def test_what_had_no_room_is_delivered_from_the_spool(office: Office, pki: DevPki) -> None:
    """Whether a large document is still here or read again: its file on the desk is the same."""
    node = office.node
    contents = [b"%PDF-1.4\n" + sign * 1_200_000 for sign in (b"1", b"2", b"3", b"4")]
    packets = [packet(pki, number, each) for number, each in enumerate(contents, 1)]
    kept: Any = node.desk
    kept._just_verified._on_disk._limit, kept._just_verified._file_bytes = 3_000_000, 1
    receiver_of(node, AtHand(messages_of(packets))).pump()
    while node.admission.pump():
        pass
    assert len(kept._just_verified._on_disk._kept) == 2
    node.desk.pump()
    with node.store.read() as tx:
        assert inbox.counts(tx) == {InboxState.DELIVERED: len(packets)}
    files = (office.directory / "sink").rglob("01-*")
    assert sorted(path.read_bytes() for path in files) == contents
